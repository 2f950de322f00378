import pytest

from byheart.base.errors import UsageError
from byheart.models.shapes import flat, image, positive


def test_flat_counts_the_numbers_of_an_input():
    assert flat("mlp", (3, 4, 5)) == 60


def test_image_returns_channels_height_width():
    assert image("cnn", (3, 4, 5), least=4) == (3, 4, 5)


@pytest.mark.parametrize("size", [0, -1, 2.5, True])
def test_positive_refuses_what_is_no_size(size):
    with pytest.raises(UsageError, match="width"):
        positive("net", width=size)
