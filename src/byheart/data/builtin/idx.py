"""Image data sets in the IDX format of MNIST: four gzip files, official train and test."""

import math
from dataclasses import dataclass

import numpy as np

from byheart.base.errors import DataError
from byheart.data.builtin.fetch import choose, contents, gunzip
from byheart.data.examples import Examples
from byheart.data.task import Task

UNSIGNED_BYTE = 8
MOST_AXES = 32  # the official files have one and three; NumPy takes no more than 64


@dataclass(frozen=True)
class IdxSet:
    """Where the four files are, and the sha256 of what each holds once unpacked."""

    name: str
    address: str
    sha256: dict[str, str]
    class_names: tuple[str, ...]

    def task(self, train: int | None, test: int | None) -> Task:
        """The Task; None takes all examples of a part."""
        return Task(self.part("train", train), self.part("t10k", test), name=self.name, class_names=self.class_names)

    def part(self, part: str, wanted: int | None) -> Examples:
        """Images (n, 1, 28, 28) uint8; the id of an example is its position in the official file."""
        images, labels = self.array(f"{part}-images-idx3-ubyte.gz"), self.array(f"{part}-labels-idx1-ubyte.gz")
        rows = choose(f"{self.name} {part}", len(images), wanted)
        return Examples(images[rows, None], labels[rows].astype(np.int64), rows)

    def array(self, file: str) -> np.ndarray:
        """The array that one file holds."""
        return read_idx(contents(self.name, file, self.address + file, self.sha256[file], gunzip))


def read_idx(content: bytes) -> np.ndarray:
    """An IDX array of unsigned bytes (LeCun: two zero bytes, the type, the rank, the big-endian sizes, the values)."""
    rank = content[3] if len(content) > 3 else 0
    if content[:3] != bytes((0, 0, UNSIGNED_BYTE)) or not 1 <= rank <= MOST_AXES or len(content) < 4 + 4 * rank:
        raise DataError("This is no IDX file of unsigned bytes.", do="get the original file")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", rank, offset=4))
    countable = math.prod(max(size, 1) for size in shape) <= np.iinfo(np.intp).max  # NumPy wants that of empty ones too
    if not countable or len(content) != 4 + 4 * rank + math.prod(shape):  # whole numbers of any size: int64 would wrap
        raise DataError(f"This IDX file is damaged: {len(content)} bytes for shape {shape}.", do="get it again")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)
