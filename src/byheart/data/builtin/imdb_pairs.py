"""IMDb pairs: film reviews, and each of them rewritten by a person so that it says the opposite (Kaushik, Hovy and
Lipton 2020; Apache-2.0).
"""

import csv
import io
from typing import Any

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.data.builtin.fetch import contents
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task

FOLDER = "imdb_cad"
ADDRESS = "https://raw.githubusercontent.com/acmi-lab/counterfactually-augmented-data/{}/sentiment/combined/paired/{}"
FILES = {  # file: commit, sha256
    "train_paired.tsv": (
        "52c80c5b0513c476e44d05fed25999da60c28271",
        "7ac50ca3d70890f80e11ee59955cdbfc43f26b5078d0603717817ab224d2af18",
    ),
    "dev_paired.tsv": (
        "46944252baaaf6f8c622db7f020c801191c46976",
        "4c2d8a70cbce23eba27fb1f0bb5043cf044811912435cf8d10c3ea6fc7a51363",
    ),
    "test_paired.tsv": (
        "5d2e9d3b456bae87e58d05c660383c08894fc7a2",
        "9534b20850205c59015b313983cae7afb31c54c04ffcbd19cea7f1bce5011275",
    ),
}
CLASS_NAMES = ("negative", "positive")
VERSIONS = ("original", "revised")  # in this order within each pair of rows


@register("task", "imdb_pairs")
def imdb_pairs(words: int = 5_000) -> Task:
    """Film reviews as bags of words: trained on 1,707 original ones, held out on others and on their rewritten twins,
    so that words which only go along with a judgement mislead.

    Inputs (n, words) uint8: whether the review has the word; the words are those in most of the original training
    reviews, in alphabetical order. The official dev pairs are for validation. Groups "original,negative" ... in every
    part; ids such as "122-revised" keep a pair together. The files are looked for in $BYHEART_DATA/imdb_cad. Errors:
    UsageError for more words than there are.
    """
    train, validation, test = (reviews(file) for file in FILES)
    train = [review for review in train if review[1] == VERSIONS[0]]
    known = most_common([text for *_, text in train], words)
    return Task(
        bags(train, known),
        bags(test, known),
        validation=bags(validation, known),
        recipe=Recipe(epochs=20, optimizer="adamw", lr=1e-3),
        name="imdb_pairs",
        class_names=CLASS_NAMES,
        feature_names=known,
        scaling="none",
    )


def reviews(file: str) -> list[tuple[str, str, int, str]]:
    """(pair, version, label, text) of every review of a file."""
    commit, sha256 = FILES[file]
    text = contents(FOLDER, file, ADDRESS.format(commit, file), sha256, bytes).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t"))
    return [
        (row["batch_id"], VERSIONS[k % 2], CLASS_NAMES.index(row["Sentiment"].lower()), row["Text"])
        for k, row in enumerate(rows)
    ]


def most_common(texts: list[str], words: int) -> tuple[str, ...]:
    """The words that most texts have, in alphabetical order; of equally common ones the alphabetically first."""
    from sklearn.feature_extraction.text import CountVectorizer

    count = CountVectorizer(binary=True, preprocessor=plain)
    bag: Any = count.fit_transform(texts)
    found = np.asarray(bag.sum(0)).ravel()  # in how many texts
    names = count.get_feature_names_out()
    if not 1 <= words <= len(names):
        raise UsageError(
            f"{words} words cannot be chosen from {len(names):,} different ones.", do=f"ask for 1 to {len(names)}"
        )
    return tuple(names[np.sort(np.argsort(-found, kind="stable")[:words])].tolist())


def bags(found: list[tuple[str, str, int, str]], known: tuple[str, ...]) -> Examples:
    """The reviews as Examples with inputs (n, words) of 0 and 1."""
    from sklearn.feature_extraction.text import CountVectorizer

    count = CountVectorizer(binary=True, preprocessor=plain, vocabulary=list(known))
    bag: Any = count.transform([text for *_, text in found])
    return Examples(
        bag.toarray().astype(np.uint8),
        np.array([label for _, _, label, _ in found]),
        np.array([f"{pair}-{version}" for pair, version, *_ in found]),
        np.array([f"{version},{CLASS_NAMES[label]}" for _, version, label, _ in found]),
    )


def plain(text: str) -> str:
    """A review in lower case without the marks of its web page."""
    return text.replace("<br />", " ").lower()
