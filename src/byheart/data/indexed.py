"""Indexed: a dataset whose items carry their id, so that it survives shuffling and collating."""

from __future__ import annotations

from typing import Any

import numpy as np

from byheart.base.errors import DataError
from byheart.data.examples import as_array, clean_ids


class Indexed:
    """A map-style dataset whose items end with their id: (input, target) becomes (input, target, id), a dict gains
    "id".

    Any loader, sampler and default collate function passes the id on, and `Recorder` takes it as it comes. Ids are
    positions unless given.
    """

    def __init__(self, dataset: Any, ids: Any = None) -> None:
        self.dataset = dataset
        self.ids = clean_ids(np.arange(len(dataset)) if ids is None else as_array(ids))
        if len(self.ids) != len(dataset):
            raise DataError(f"{len(self.ids)} ids for {len(dataset)} items.", do="give one id per item")

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> Any:
        item, own = self.dataset[row], self.ids[row].item()
        if isinstance(item, dict):
            if "id" in item:
                raise DataError('The items have an "id" already.', do="use it: recorder(batch['id'], logits)")
            return {**item, "id": own}
        return (*item, own) if isinstance(item, tuple | list) else (item, own)
