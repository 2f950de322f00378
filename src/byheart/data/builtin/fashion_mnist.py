"""Fashion-MNIST: 28 x 28 pictures of clothes (Xiao, Rasul, Vollgraf 2017; MIT licence)."""

from byheart.base.registry import register
from byheart.data.builtin.idx import IdxSet
from byheart.data.task import Task

FILES = IdxSet(
    name="fashion_mnist",
    address="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    sha256={
        "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    class_names=(
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
)  # fmt: skip


@register("task", "fashion_mnist")
def fashion_mnist(train: int | None = 10_000, test: int | None = 2_000) -> Task:
    """Fashion-MNIST, a fixed random part of the official files, which are looked for in $BYHEART_DATA/fashion_mnist;
    None takes all.
    """
    return FILES.task(train, test)
