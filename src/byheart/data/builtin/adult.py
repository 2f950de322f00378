"""Adult: who earned over 50,000 dollars, from the US census of 1994 (Becker and Kohavi 1996; UCI, CC BY 4.0)."""

import numpy as np

from byheart.base.registry import register
from byheart.data.builtin.fetch import choose, contents
from byheart.data.examples import Examples
from byheart.data.task import Task

ADDRESS = "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/"
SHA256 = {  # of the rows as `rows_alone` writes them: the same for every packing of the files
    "adult.data": "b43511ac80486a00e4f35d1c3d76a3cec2c89246510a76a4e455d7e45d4fb4b9",
    "adult.test": "b4fb33eebc4e7132a442ff3696ca87564aa4b27c96b63cd346860e4c190f495f",
}
NUMBERS = ("age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week")
COLUMNS = (
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship",
    "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income",
)  # fmt: skip
CLASS_NAMES = ("<=50K", ">50K")


@register("task", "adult")
def adult(train: int | None = 10_000, test: int | None = 5_000) -> Task:
    """Income above 50,000 dollars from a table: numbers as they are, categories one-hot ("?" for missing is one),
    groups by sex.

    A fixed random part of the official files, which are looked for in $BYHEART_DATA/adult; None takes all. Ids are
    positions in the official file.
    """
    tables = {file: columns_of(file) for file in SHA256}
    values = {name: sorted({*tables["adult.data"][name], *tables["adult.test"][name]}) for name in COLUMNS[:-1]}
    parts, names = [], []
    for name in COLUMNS[:-1]:
        names += [name] if name in NUMBERS else [f"{name}={value}" for value in values[name]]
    for (file, table), wanted in zip(tables.items(), (train, test), strict=True):
        rows = choose(file, len(table["age"]), wanted)
        blocks = [
            table[name][rows, None].astype(np.float32)
            if name in NUMBERS
            else (table[name][rows, None] == np.array(values[name])).astype(np.float32)
            for name in COLUMNS[:-1]
        ]
        targets = (table["income"][rows] == CLASS_NAMES[1]).astype(np.int64)
        parts.append(Examples(np.concatenate(blocks, 1), targets, rows, table["sex"][rows]))
    return Task(*parts, name="adult", class_names=CLASS_NAMES, feature_names=tuple(names))


def columns_of(file: str) -> dict[str, np.ndarray]:
    """Each column of one file as text."""
    content = contents("adult", file, ADDRESS + file, SHA256[file], rows_alone).decode()
    table = np.array([line.split(",") for line in content.split("\n")])
    return dict(zip(COLUMNS, table.T, strict=True))


def rows_alone(content: bytes) -> bytes:
    """The rows without what differs between copies: header, comment and blank lines, blanks, the dot after test
    labels.
    """
    rows = []
    for line in content.decode("ascii").splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == len(COLUMNS) and fields[0] != COLUMNS[0]:
            rows.append(",".join(fields).rstrip("."))
    return "\n".join(rows).encode()
