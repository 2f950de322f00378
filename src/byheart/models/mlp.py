"""A multi-layer perceptron for inputs of any shape."""

from torch import nn

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.models.activations import activation as named
from byheart.models.shapes import flat, positive

NORMS = {"none": None, "batch": nn.BatchNorm1d, "layer": nn.LayerNorm}


@register("network", "mlp")
def mlp(
    input_shape: tuple[int, ...],
    outputs: int,
    hidden: tuple[int, ...] = (128, 128),
    activation: str = "relu",
    norm: str = "none",
    dropout: float | int = 0.0,
) -> nn.Module:
    """(b, *input_shape) -> (b, outputs): flatten, then Linear, norm, activation, dropout per hidden layer, then Linear.

    `norm` is none, batch or layer. Errors: UsageError for sizes below 1 and for unknown names.
    """
    width = flat("mlp", input_shape)
    positive("mlp", outputs=outputs)
    if norm not in NORMS:
        raise UsageError(f"mlp has no norm called {norm!r}.", do=f"choose one of: {', '.join(NORMS)}")
    if not 0 <= dropout < 1:
        raise UsageError(f"mlp cannot drop a share of {dropout}.", do="give dropout from 0 to below 1")
    act, normalize = named(activation), NORMS[norm]
    layers: list[nn.Module] = [nn.Flatten()]
    for size in hidden:
        positive("mlp", hidden=size)
        layers.append(nn.Linear(width, size))
        if normalize is not None:
            layers.append(normalize(size))
        layers.append(act())
        if dropout:
            layers.append(nn.Dropout(dropout))
        width = size
    return nn.Sequential(*layers, nn.Linear(width, outputs))
