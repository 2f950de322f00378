"""The table of all examples as it travels in the page: one CSV, deflated."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from byheart.diagnosis.audit import Audit
    from byheart.runs.subsets import SubsetRuns

# the order in which columns are shown, and kept when a page would grow too large
FIRST = (
    "memorization", "cumulative_loss_early", "confidence", "variability", "forgetting", "cumulative_loss",
    "head_influence", "self_influence", "early_margin", "held_out_label_probability", "gradient_norm", "aum",
    "learning_time", "consistency", "confident_learning",
    "first_learned", "correctness", "el2n", "final_loss", "second_split_forgetting", "memorization_shrunk",
    "memorization_raw",
)  # fmt: skip
BYTES = {"small": 900_000, "large": 5_000_000}
SMALL = 20_000


def score_order(names: list[str]) -> list[str]:
    """Score names in the order of the page: the known ones as listed above, the others after them."""
    place = {name: k for k, name in enumerate(FIRST)}
    return sorted(names, key=lambda name: (place.get(name, len(place)), name))


def others_say(many: SubsetRuns | None, n: int, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the models that left an example out say most: class (n,) or -1, votes (n,), models asked (n,)."""
    if many is None or not classes:
        return np.full(n, -1), np.zeros(n, int), np.zeros(n, int)
    total = many.votes.sum(1, dtype=np.int64)
    return np.where(total > 0, many.votes.argmax(1), -1), many.votes.max(1, initial=0).astype(np.int32), total


def others_expect(
    many: SubsetRuns | None, n: int, scale: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Regression: the mean prediction (n,) of the models that left an example out, zeros (n,), models asked (n,)."""
    if many is None:
        return np.full(n, np.nan), np.zeros(n, int), np.zeros(n, int)
    outside = ~np.asarray(many["member"], bool)
    said = np.where(outside, np.asarray(many["logits"], np.float64)[:, :n, 0], 0.0)
    total = outside.sum(0)
    mean = np.divide(said.sum(0), total, out=np.full(n, np.nan), where=total > 0)
    return mean * scale[1] + scale[0], np.zeros(n, int), total


def codes_of(audit: Audit) -> np.ndarray:
    """The finding codes (n,) of each training example, separated by spaces, "" for none."""
    ids = np.asarray(audit.scores.ids)
    place = {value: k for k, value in enumerate(ids.tolist())}
    codes: list[list[str]] = [[] for _ in ids]
    for finding in audit.findings:
        for one in np.asarray(finding.ids).tolist():
            if one in place and finding.code not in codes[place[one]]:
                codes[place[one]].append(finding.code)
    return np.array([" ".join(c) for c in codes], dtype=str)


def one_line(ids: np.ndarray) -> np.ndarray:
    """Ids without line breaks, which would end a row of the CSV."""
    return np.array([" ".join(i.splitlines()) if len(i.splitlines()) > 1 else i for i in ids.tolist()], dtype=object)


def frame(audit: Audit) -> pd.DataFrame:
    """One row per training example: id, given, others, votes, asked, codes, se, then every score."""
    import pandas as pd

    task, scores = audit.task, audit.scores
    n = len(scores.ids)
    if task.is_classification:
        said, votes, asked = others_say(scores.many, n, task.outputs)
    else:
        said, votes, asked = others_expect(scores.many, n, task.target_scale)
    columns: dict[str, np.ndarray] = {
        "id": one_line(np.asarray(scores.ids).astype(str)),
        "given": np.asarray(task.train.targets),
        "others": said,
        "votes": votes,
        "asked": asked,
        "codes": codes_of(audit),
        "se": np.asarray(scores.errors.get("memorization", np.full(n, np.nan)), np.float64),
    }
    return pd.DataFrame(
        columns | {name: np.asarray(scores.columns[name]) for name in score_order(list(scores.columns))}
    )


def csv(table: pd.DataFrame) -> str:
    """The frame as CSV: three significant digits, nothing for NaN."""
    whole = table.copy()
    for name in whole.columns:
        if whole[name].dtype.kind == "f":
            whole[name] = compact(whole[name].to_numpy(np.float64))
    return whole.to_csv(index=False, lineterminator="\n")


def compact(values: np.ndarray) -> np.ndarray:
    """Numbers as short text: 0.12345 -> "0.123", 3.0 -> "3", NaN -> ""."""
    different, back = np.unique(values, return_inverse=True)
    text = np.array(["" if np.isnan(v) else f"{v:.3g}" for v in different], dtype=object)
    return text[back.reshape(-1)]


def packed(table: pd.DataFrame) -> tuple[str, list[str]]:
    """The CSV deflated, in base64, and the names of the scores that had to stay out to keep the page small."""
    limit = BYTES["small"] if len(table) <= SMALL else BYTES["large"]
    left_out: list[str] = []
    while True:
        text = base64.b64encode(zlib.compress(csv(table).encode(), 9)).decode()
        if len(text) <= limit or table.shape[1] <= 10:
            return text, left_out
        left_out.append(str(table.columns[-1]))
        table = table.iloc[:, :-1]
