"""The command `byheart`: which commands there are, and what an error looks like to a person."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from byheart import __version__
from byheart.base.errors import ByheartError
from byheart.cli import say
from byheart.cli.audit import audit
from byheart.cli.control import control
from byheart.cli.doctor import doctor
from byheart.cli.kfold import kfold
from byheart.cli.ls import ls
from byheart.cli.record import record
from byheart.cli.report import report
from byheart.cli.reproduce import reproduce
from byheart.cli.score import score
from byheart.cli.sweep import sweep

INTERRUPTED, BROKEN = 130, 70  # 128 + SIGINT; sysexits' EX_SOFTWARE: a mistake of byheart's own

app = App(
    name="byheart",
    help="Shows what a neural network has learned by heart, and says whether that memory is good, bad or ugly.",
    help_epilogue="Begin with: byheart audit digits --plant label-noise=0.1",
    help_format="plaintext",
    version=__version__,
    suppress_keyboard_interrupt=False,
)
for command in (audit, control, sweep, kfold, reproduce, record, score, report, ls, doctor):
    app.command(command)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; the exit code says what came of it.

    0 done · 1 findings at or above --fail-on · 2 usage · 3 unreadable data or run · 4 a package is missing ·
    5 training failed or disk full · 70 a mistake in byheart · 130 interrupted, everything finished is saved.
    """
    words = list(sys.argv[1:] if words is None else words)
    try:
        code = app(words, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except CycloptsError as error:
        say.error(say.usage(error, words))
        return 2
    except ByheartError as error:
        say.error(error)
        if {"-v", "--verbose"} & set(words):
            say.trace(error)
        return error.exit_code
    except KeyboardInterrupt:
        say.error(say.interrupted(words))
        return INTERRUPTED
    except (BrokenPipeError, SystemExit) as left:  # rich turns the first into the second
        if isinstance(left, SystemExit) and not isinstance(left.__context__, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0  # the reader of a pipe has seen enough (`| head`)
    except OSError as error:
        if error.errno not in say.STORAGE:
            say.trace(error)
            say.error(say.unexpected(error))
            return BROKEN
        say.error(problem := say.storage(error))
        return problem.exit_code
    except Exception as error:
        say.trace(error)
        say.error(say.unexpected(error))
        return BROKEN
