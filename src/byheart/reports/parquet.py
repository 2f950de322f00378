"""Every example with every score, in full precision: scores.parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.base.registry import register
from byheart.base.store import write_table

if TYPE_CHECKING:
    import pandas as pd

    from byheart.diagnosis.audit import Audit


@register("writer", "parquet")
def parquet(audit: Audit, path: str | Path) -> Path:
    """Write one row per training example: id, given, others_say, votes, asked, findings, then the scores with their
    errors.
    """
    return write_table(path, table(audit))


def table(audit: Audit) -> pd.DataFrame:
    """The frame: labels as class names where there are some; others_say, votes and asked of the models that left the
    example out.
    """
    from byheart.reports.page import class_names
    from byheart.reports.rows import frame

    about: Any = frame(audit)[["given", "others", "votes", "asked", "codes"]]
    about = about.rename(columns={"others": "others_say", "codes": "findings"})
    names = np.array(class_names(audit), dtype=object)
    if len(names):
        for column in ("given", "others_say"):
            numbers = about[column].to_numpy(int)
            about[column] = [names[k] if k >= 0 else None for k in numbers]
    scores = audit.scores.to_pandas()
    for place, column in enumerate(about.columns, start=1):
        scores.insert(place, column, about[column].to_numpy())
    return scores
