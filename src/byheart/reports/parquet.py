"""Tables in full precision: every example with every score (scores.parquet), and the pairs of high influence."""

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


@register("writer", "influence_parquet")
def influence_parquet(audit: Audit, path: str | Path) -> Path:
    """Write one row per pair: id, held_out_id, label, held_out_label, influence, its error and interval; no row where
    influence could not be told.
    """
    from byheart.reports.page import class_names

    pairs, names = audit.influence_pairs.table.copy(), np.array(class_names(audit), dtype=object)
    for column in ("label", "held_out_label"):
        pairs[column] = [str(names[k]) for k in pairs[column]]
    return write_table(path, pairs)


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
