"""The papers whose claims are studied, by key."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from byheart.base.errors import UsageError


@dataclass(frozen=True)
class Paper:
    """A paper: who, when, what, and where it can be read."""

    authors: str
    year: int
    title: str
    where: str

    def __str__(self) -> str:
        return f"{self.authors} ({self.year}). {self.title}. {self.where}."


PAPERS = {
    "arpit2017": Paper("Arpit et al.", 2017, "A closer look at memorization in deep networks", "arXiv:1706.05394"),
    "bartlett2020": Paper("Bartlett et al.", 2020, "Benign overfitting in linear regression", "arXiv:1906.11300"),
    "bayat2024": Paper(
        "Bayat et al.", 2024, "The pitfalls of memorization: when memorization hurts generalization", "arXiv:2412.07684"
    ),
    "carlini2022": Paper(
        "Carlini et al.", 2022, "Membership inference attacks from first principles", "arXiv:2112.03570"
    ),
    "creager2021": Paper(
        "Creager, Jacobsen and Zemel", 2021, "Environment inference for invariant learning", "arXiv:2010.07249"
    ),
    "dagaev2021": Paper(
        "Dagaev et al.", 2021, "A too-good-to-be-true prior to reduce shortcut reliance", "arXiv:2102.06406"
    ),
    "dherin2022": Paper(
        "Dherin et al.", 2022,
        "Why neural networks find simple solutions: the many regularizers of geometric complexity", "arXiv:2209.13083",
    ),
    "feldman2020": Paper(
        "Feldman and Zhang", 2020,
        "What neural networks memorize and why: discovering the long tail via influence estimation", "arXiv:2008.03703",
    ),
    "geirhos2020": Paper("Geirhos et al.", 2020, "Shortcut learning in deep neural networks", "arXiv:2004.07780"),
    "jiang2021": Paper(
        "Jiang et al.", 2021,
        "Characterizing structural regularities of labeled data in overparameterized models", "arXiv:2002.03206",
    ),
    "kim2019": Paper(
        "Kim et al.", 2019, "Learning not to learn: training deep neural networks with biased data", "arXiv:1812.10352"
    ),
    "kirichenko2022": Paper(
        "Kirichenko, Izmailov and Wilson", 2022,
        "Last layer re-training is sufficient for robustness to spurious correlations", "arXiv:2204.02937",
    ),
    "krogh1992": Paper("Krogh and Hertz", 1992, "A simple weight decay can improve generalization", "NIPS 4"),
    "li2019": Paper(
        "Li and Vasconcelos", 2019, "REPAIR: removing representation bias by dataset resampling", "arXiv:1904.07911"
    ),
    "liu2021": Paper(
        "Liu et al.", 2021, "Just train twice: improving group robustness without training group information",
        "arXiv:2107.09044",
    ),
    "liu2023": Paper("Liu et al.", 2023, "Avoiding spurious correlations via logit correction", "arXiv:2212.01433"),
    "maini2023": Paper("Maini et al.", 2023, "Can neural network memorization be localized?", "arXiv:2307.09542"),
    "nam2020": Paper(
        "Nam et al.", 2020, "Learning from failure: training debiased classifier from biased classifier",
        "arXiv:2007.02561",
    ),
    "nanda2023": Paper(
        "Nanda et al.", 2023, "Progress measures for grokking via mechanistic interpretability", "arXiv:2301.05217"
    ),
    "pezeshki2023": Paper("Pezeshki et al.", 2023, "Discovering environments with XRM", "arXiv:2309.16748"),
    "pleiss2020": Paper(
        "Pleiss et al.", 2020, "Identifying mislabeled data using the area under the margin ranking", "arXiv:2001.10528"
    ),
    "power2022": Paper(
        "Power et al.", 2022, "Grokking: generalization beyond overfitting on small algorithmic datasets",
        "arXiv:2201.02177",
    ),
    "roberts2021": Paper(
        "Roberts et al.", 2021,
        "Common pitfalls and recommendations for using machine learning to detect and prognosticate for COVID-19 "
        "using chest radiographs and CT scans", "Nature Machine Intelligence 3",
    ),
    "sagawa2020": Paper(
        "Sagawa et al.", 2020, "Distributionally robust neural networks for group shifts", "arXiv:1911.08731"
    ),
    "shah2020": Paper("Shah et al.", 2020, "The pitfalls of simplicity bias in neural networks", "arXiv:2006.07710"),
    "steinke2023": Paper(
        "Steinke, Nasr and Jagielski", 2023, "Privacy auditing with one (1) training run", "arXiv:2305.08846"
    ),
    "toneva2019": Paper(
        "Toneva et al.", 2019, "An empirical study of example forgetting during deep neural network learning",
        "arXiv:1812.05159",
    ),
    "ye2024": Paper("Ye et al.", 2024, "Spurious correlations in machine learning: a survey", "arXiv:2402.12715"),
    "zarifzadeh2024": Paper(
        "Zarifzadeh, Liu and Shokri", 2024, "Low-cost high-power membership inference attacks", "arXiv:2312.03262"
    ),
    "zhang2016": Paper(
        "Zhang et al.", 2016, "Understanding deep learning requires rethinking generalization", "arXiv:1611.03530"
    ),
}  # fmt: skip


def paper(key: str) -> Paper:
    """The paper of a key; UsageError with the nearest key when there is none."""
    if key in PAPERS:
        return PAPERS[key]
    near = difflib.get_close_matches(key, PAPERS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose one of: {', '.join(PAPERS)}"
    raise UsageError(f"There is no paper called {key!r}.", do=hint)
