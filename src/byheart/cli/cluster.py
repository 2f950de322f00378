"""Where models are trained: here, or on a Ray cluster."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext


def training(ray: str | None) -> AbstractContextManager[None]:
    """Trainings inside run on that Ray cluster; without one, here."""
    if ray is None:
        return nullcontext()
    from byheart.runs.ray_tasks import on_ray

    return on_ray(ray)
