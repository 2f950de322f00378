"""MNIST: 28 x 28 pictures of handwritten digits (LeCun, Cortes, Burges 1998; CC BY-SA 3.0)."""

from byheart.base.registry import register
from byheart.data.builtin.idx import IdxSet
from byheart.data.task import Task

FILES = IdxSet(
    name="mnist",
    address="https://ossci-datasets.s3.amazonaws.com/mnist/",
    sha256={
        "train-images-idx3-ubyte.gz": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte.gz": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte.gz": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte.gz": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    class_names=tuple("0123456789"),
)


@register("task", "mnist")
def mnist(train: int | None = 10_000, test: int | None = 2_000) -> Task:
    """MNIST, a fixed random part of the official files, which are looked for in $BYHEART_DATA/mnist; None takes all."""
    return FILES.task(train, test)
