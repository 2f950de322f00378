"""Many trainings at once, by joblib: one process, all cores, or whatever `joblib.parallel_config` says."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import joblib
from joblib.parallel import get_active_backend

from byheart.base.errors import UsageError


def each(work: Callable[..., Any], calls: Iterable[tuple[Any, ...]], jobs: int | None = None) -> Iterator[Any]:
    """Results of `work(*call)` as they come, in any order; `work` writes what must not be lost before it returns.

    `jobs=None` takes all cores, unless joblib is configured otherwise.
    """
    waiting = list(calls)
    jobs = workers(jobs)
    if jobs == 1 or len(waiting) == 1:
        yield from (work(*call) for call in waiting)
        return
    many = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs", batch_size=1)  # type: ignore[arg-type]
    yield from many(joblib.delayed(_settled)(work, call) for call in waiting)


def workers(jobs: int | None = None) -> int:
    """How many trainings run at once: as many as asked for, else as joblib is configured, else one a core.

    Negative numbers count from all cores, as in joblib. Where joblib would use threads there is one at a time: they
    share torch's random numbers. Errors: UsageError for 0.
    """
    backend: Any
    backend, configured = get_active_backend()  # None: nobody said how many, which is not 1
    wanted = configured if jobs is None else jobs
    if wanted == 0:
        raise UsageError("0 jobs train nothing.", do="give 1 or more, or -1 for all cores")
    if getattr(backend, "uses_threads", False):
        return 1
    return int(backend.effective_n_jobs(-1 if wanted is None else wanted))


def _settled(work: Callable[..., Any], call: tuple[Any, ...]) -> Any:
    """One call in a worker, in which what was imported is out of the garbage collector's sight.

    Without psutil, loky collects garbage every second; with torch in sight that takes a tenth of a second.
    """
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
    return work(*call)
