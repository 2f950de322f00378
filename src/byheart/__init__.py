"""Task -> Run -> Scores -> Audit: what a neural network has learned by heart, and whether that is good.

Every name below is imported when it is first used, so that `import byheart` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# public name -> the module that defines it
_HOME = {
    "Task": "byheart.data.task",
    "Recipe": "byheart.data.recipe",
    "Examples": "byheart.data.examples",
    "Indexed": "byheart.data.indexed",
    "Run": "byheart.runs.run",
    "SubsetRuns": "byheart.runs.subsets",
    "Recorder": "byheart.runs.recorder",
    "Scores": "byheart.scores.table",
    "Audit": "byheart.diagnosis.audit",
    "Finding": "byheart.diagnosis.finding",
    "record": "byheart.runs.single",
    "record_subsets": "byheart.runs.subsets",
    "score": "byheart.scores.table",
    "diagnose": "byheart.diagnosis.audit",
    "audit": "byheart.reports.audit",
    "utility": "byheart.runs.utility",
    "plant": "byheart.data.plant",
    "explain": "byheart.diagnosis.explain",
    "load": "byheart.data.source",
    "locate": "byheart.diagnosis.location",
    "second_split": "byheart.runs.second_split",
    "sweep": "byheart.controls.sweep",
    "Sweep": "byheart.controls.swept",
    "control": "byheart.controls.verbs",
    "effect": "byheart.controls.effect",
    "advise": "byheart.controls.advise",
    "Plan": "byheart.controls.plan",
    "kfold": "byheart.runs.kfold",
}

if TYPE_CHECKING:
    from byheart.controls.advise import advise as advise
    from byheart.controls.effect import effect as effect
    from byheart.controls.plan import Plan as Plan
    from byheart.controls.sweep import sweep as sweep
    from byheart.controls.swept import Sweep as Sweep
    from byheart.controls.verbs import control as control
    from byheart.data.examples import Examples as Examples
    from byheart.data.indexed import Indexed as Indexed
    from byheart.data.plant import plant as plant
    from byheart.data.recipe import Recipe as Recipe
    from byheart.data.source import load as load
    from byheart.data.task import Task as Task
    from byheart.diagnosis.audit import Audit as Audit
    from byheart.diagnosis.audit import diagnose as diagnose
    from byheart.diagnosis.explain import explain as explain
    from byheart.diagnosis.finding import Finding as Finding
    from byheart.diagnosis.location import locate as locate
    from byheart.reports.audit import audit as audit
    from byheart.runs.kfold import kfold as kfold
    from byheart.runs.recorder import Recorder as Recorder
    from byheart.runs.run import Run as Run
    from byheart.runs.second_split import second_split as second_split
    from byheart.runs.single import record as record
    from byheart.runs.subsets import SubsetRuns as SubsetRuns
    from byheart.runs.subsets import record_subsets as record_subsets
    from byheart.runs.utility import utility as utility
    from byheart.scores.table import Scores as Scores
    from byheart.scores.table import score as score

__all__ = [
    "Audit",
    "Examples",
    "Finding",
    "Indexed",
    "Plan",
    "Recipe",
    "Recorder",
    "Run",
    "Scores",
    "SubsetRuns",
    "Sweep",
    "Task",
    "advise",
    "audit",
    "control",
    "diagnose",
    "effect",
    "explain",
    "kfold",
    "load",
    "locate",
    "plant",
    "record",
    "record_subsets",
    "score",
    "second_split",
    "sweep",
    "utility",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'byheart' has no attribute {name!r}")
    import importlib

    thing = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = thing
    return thing


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
