"""What went wrong, why, and what to do: every error a person can meet."""


class ByheartError(Exception):
    """An error that a person can act on: what happened, why, what to do."""

    exit_code = 1

    def __init__(self, what: str, why: str = "", do: str = "") -> None:
        self.what, self.why, self.do = what, why, do
        super().__init__(" ".join(part for part in (what, why, f"Do this: {do}" if do else "") if part))

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.what, self.why, self.do)  # it crosses process borders whole


class UsageError(ByheartError):
    """The call itself is wrong: an unknown name, an argument out of range."""

    exit_code = 2


class DataError(ByheartError):
    """The data cannot be learned from as they are."""

    exit_code = 3


class RunError(ByheartError):
    """A run folder is missing, damaged, or belongs to something else."""

    exit_code = 3


class MissingExtra(ByheartError):
    """A package that only some commands need is not installed."""

    exit_code = 4


class TrainingFailed(ByheartError):
    """Training cannot go on: a loss that is no number, a network that does not run."""

    exit_code = 5


class StorageError(ByheartError):
    """A file cannot be written: the disk is full, the folder is read-only."""

    exit_code = 5


def where(error: BaseException) -> str:
    """What an error of somebody else's code says, in one line, and the line of code that raised it."""
    last, frame = None, error.__traceback__
    while frame is not None:
        last, frame = frame, frame.tb_next
    said = " ".join(str(error).split())[:200]
    place = f", {last.tb_frame.f_code.co_filename}, line {last.tb_lineno}" if last is not None else ""
    return f"{type(error).__name__}: {said}{place}"


class NotApplicable(Exception):
    """A score or check does not apply to this evidence; the message says why."""
