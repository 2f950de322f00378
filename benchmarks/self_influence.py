"""Self-influence and pairwise influence: exactness beside kronfluence, cost beside the peers.

Claim:    gradient-norm self-influence costs at most .7 (MLP) and 1.15 (CNN) of one plain forward and backward pass, EK-FAC with its
          fit at most 5.5 and 9.5, the top 10 of 5,000 x 1,000 pairs at most 3.2 and 4; EK-FAC equals kronfluence's to 1e-5; on
          the MLP each is at least 20 times cheaper than the best peer's exact form: of pairs, dot products of all 5,000 x 1,000.
Command:  BYHEART_DATA=... python benchmarks/self_influence.py [--rows 256]
Hardware: one thread; CPU time, minimum of 3 (peers: 1) over that of the plain pass (batch 256, minimum of 3) on the same rows in the same run.
n:        5,000 Fashion-MNIST examples with 10% wrong labels, networks trained for 5 epochs; peers on the first --rows of them, the
          plain pass scaled to as many. Rows of a missing peer are left out.
Needs:    pip install --no-deps captum==0.9.0 kronfluence==1.0.1 dattri==0.3.0 traker==0.3.2 pydvl==0.10.0 pydeprecate==0.3.2, and what they import
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

import byheart as bh
from byheart.base.provenance import versions
from byheart.base.registry import find
from byheart.runs.loop import begin, fit, one_thread
from byheart.scores.gradients import ekfac, pairwise
from byheart.scores.gradients.norms import gradient_norms

N, TESTED, TOP, DAMPING = 5000, 1000, 10, 1e-3
BATCH = {"mlp": (512, 512, 512), "cnn": (64, 64, 64)}  # of the norms, EK-FAC and pairs


def perceptron(input_shape: tuple[int, ...], outputs: int) -> nn.Module:
    """784-512-256-10."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, outputs)
    )


def convolutional(input_shape: tuple[int, ...], outputs: int) -> nn.Module:
    """94,354 parameters, two convolutions."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 49, 24), nn.ReLU(), nn.Linear(24, outputs))  # fmt: skip


def entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of each example."""
    return F.cross_entropy(outputs, targets, reduction="none")


def spent(work: Callable[[], object], times: int) -> tuple[float, object]:
    """Least CPU time of several, and what came of it."""
    found, took = None, []
    for _ in range(times):
        begun = time.process_time()
        found = work()
        took.append(time.process_time() - begun)
    return min(took), found


def plain(network: nn.Module, x: Tensor, y: Tensor) -> None:
    """One forward and backward pass with weight gradients."""
    for a, b in zip(x.split(256), y.split(256), strict=True):
        network.zero_grad()
        entropy(network(a), b).sum().backward()


@contextmanager
def tracin(network: nn.Module, x: Tensor, y: Tensor) -> Iterator[Any]:
    """Captum's TracInCP over one checkpoint, its fast path."""
    from captum.influence import TracInCP

    with tempfile.NamedTemporaryFile(suffix=".pt") as file:
        torch.save(network.state_dict(), file.name)

        def load(model: nn.Module, path: str) -> float:
            model.load_state_dict(torch.load(path, weights_only=True))
            return 1.0

        peer = TracInCP(network, TensorDataset(x, y), [file.name], load, loss_fn=nn.CrossEntropyLoss(reduction="sum"), batch_size=256,
                        sample_wise_grads_per_batch=True)  # fmt: skip
        yield peer


def captum_norms(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """TracInCP's self-influence."""
    with tracin(network, x, y) as peer:
        return torch.as_tensor(peer.self_influence())


def classify() -> object:
    """Kronfluence's idea of the task: cross-entropy, as the loss and as what is asked."""
    from kronfluence.task import Task

    class Classify(Task):
        def compute_train_loss(self, batch, model, sample=False):
            return F.cross_entropy(model(batch[0]), batch[1], reduction="sum")

        def compute_measurement(self, batch, model):
            return self.compute_train_loss(batch, model)

    return Classify()


def kronfluence_scores(network: nn.Module, x: Tensor, y: Tensor, strategy: str) -> Tensor:
    """Kronfluence's self scores: identity (the gradient norm) or ekfac with its fit."""
    import copy

    from kronfluence.analyzer import Analyzer, prepare_model
    from kronfluence.arguments import FactorArguments, ScoreArguments

    model, data = prepare_model(copy.deepcopy(network), classify()), TensorDataset(x, y)
    with tempfile.TemporaryDirectory() as place:
        peer = Analyzer(
            "peer", model, classify(), cpu=True, output_dir=place, disable_tqdm=True, disable_model_save=True
        )
        kinds = dict.fromkeys(
            ("activation_covariance_dtype", "gradient_covariance_dtype", "per_sample_gradient_dtype", "lambda_dtype"),
            x.dtype,
        )
        peer.fit_all_factors(
            "f", data, 256, factor_args=FactorArguments(strategy=strategy, use_empirical_fisher=True, **kinds)
        )
        kinds = dict.fromkeys(("per_sample_gradient_dtype", "precondition_dtype", "score_dtype"), x.dtype)
        peer.compute_self_scores("s", "f", data, 256, score_args=ScoreArguments(damping_factor=DAMPING, **kinds))
        return peer.load_self_scores("s")["all_modules"]


def dattri_norms(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Dattri's TracIn without its projection."""
    from dattri.algorithm.tracin import TracInAttributor
    from dattri.task import AttributionTask

    def loss(parameters, data):
        image, label = data
        return F.cross_entropy(torch.func.functional_call(network, parameters, (image[None],)), label[None])

    task = AttributionTask(loss_func=loss, model=network, checkpoints=network.state_dict())
    peer = TracInAttributor(task, weight_list=torch.ones(1), normalized_grad=False)
    peer.projector_kwargs = None
    return peer.self_attribute(DataLoader(TensorDataset(x, y), batch_size=64)).flatten()


def kronfluence_pairs(network: nn.Module, x: Tensor, y: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Kronfluence's pairwise scores with the identity, and the largest of each test example."""
    import copy

    from kronfluence.analyzer import Analyzer, prepare_model
    from kronfluence.arguments import FactorArguments, ScoreArguments

    with tempfile.TemporaryDirectory() as place:
        model = prepare_model(copy.deepcopy(network), classify())
        peer = Analyzer(
            "peer", model, classify(), cpu=True, output_dir=place, disable_tqdm=True, disable_model_save=True
        )
        train, test = TensorDataset(x, y), TensorDataset(u, v)
        peer.fit_all_factors("f", train, 256, factor_args=FactorArguments(strategy="identity"))
        peer.compute_pairwise_scores(
            "s", "f", test, train, per_device_query_batch_size=250, per_device_train_batch_size=256,
            score_args=ScoreArguments(damping_factor=0.0),
        )  # fmt: skip
        return peer.load_pairwise_scores("s")["all_modules"].topk(TOP, 1).indices


def captum_pairs(network: nn.Module, x: Tensor, y: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """TracInCP's proponents of every test example: k given, it keeps the largest."""
    with tracin(network, x, y) as peer:
        parts = [peer.influence((a, b), k=TOP).indices for a, b in zip(u.split(250), v.split(250), strict=True)]
        return torch.cat(parts)


def pydvl_scores(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The diagonal of pyDVL's EK-FAC influence, to the true Fisher matrix; it reads linear layers."""
    from pydvl.influence.torch import EkfacInfluence

    rows = DataLoader(TensorDataset(x, y), batch_size=64)
    peer = EkfacInfluence(network, hessian_regularization=DAMPING, progress=False).fit(rows)
    return torch.cat([peer.influences(a, b).diagonal() for a, b in rows]).detach()


def trak_norms(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """traker: gradients projected to 512 numbers; the norm is that of what it stores."""
    from trak import TRAKer
    from trak.projectors import BasicProjector, ProjectionType

    with tempfile.TemporaryDirectory() as place:
        size = sum(p.numel() for p in network.parameters())
        projector = BasicProjector(size, 512, 0, ProjectionType.normal, "cpu", dtype=torch.float32)
        peer = TRAKer(network, "image_classification", len(x), save_dir=place, device="cpu", projector=projector, proj_dim=512,
                      use_half_precision=False, logging_level=50)  # fmt: skip
        peer.load_checkpoint(network.state_dict(), model_id=0)
        for a, b in zip(x.split(64), y.split(64), strict=True):
            peer.featurize((a, b), num_samples=len(a))
        peer.finalize_features()
        grads, factor = (np.asarray(peer.saver.current_store[k]) for k in ("grads", "out_to_loss"))
        return torch.from_numpy(np.square(grads * factor.reshape(-1, 1)).sum(1))  # it stores gradients of the margin


PEERS: dict[str, Callable[[nn.Module, Tensor, Tensor], Tensor]] = {
    "captum 0.9.0, TracInCP (exact)": captum_norms,
    "kronfluence 1.0.1, identity (exact)": lambda n, x, y: kronfluence_scores(n, x, y, "identity"),
    "dattri 0.3.0, TracIn (exact)": dattri_norms,
    "traker 0.3.2, projected to 512": trak_norms,
    "pyDVL 0.10.0, EK-FAC with fit": pydvl_scores,
    "kronfluence 1.0.1, EK-FAC with fit": lambda n, x, y: kronfluence_scores(n, x, y, "ekfac"),
}


PAIRED: dict[str, Callable[..., Tensor]] = {
    "kronfluence 1.0.1, identity (exact)": kronfluence_pairs,
    "captum 0.9.0, TracInCP (exact)": captum_pairs,
}


def main() -> None:
    """Train, measure, print and write the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=256)
    few = options.parse_args().rows
    warnings.filterwarnings("ignore")
    task = find("task", "fashion_mnist")(train=N)
    task = bh.plant(
        dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, epochs=5, lr=0.03)), "label-noise=0.1"
    )
    x, y = task.tensors(task.train, np.arange(N))
    u, v = task.tensors(task.test, np.arange(TESTED))
    lines = ["# Self-influence", "", f"Written by `python benchmarks/self_influence.py`. {N:,} Fashion-MNIST examples, one thread, torch {versions()['torch']}; CPU time over that "
             f"of one plain forward and backward pass. Peers' self-influence on {few} examples: their fixed costs are not spread over more; their pairs are whole.", "",
             "| network | estimator | n | x plain pass | wanted | Spearman with the exact norm | AUROC for wrong labels |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    exact = []
    with one_thread():
        for name, make, wanted in (("mlp", perceptron, (0.7, 5.5, 3.2)), ("cnn", convolutional, (1.15, 9.5, 4.0))):
            network = fit(begin(dataclasses.replace(task, network=make), np.arange(N), 0)).network.eval()
            floor = spent(lambda net=network: plain(net, x, y), 3)[0]
            network.zero_grad()
            ours = {
                "byheart, gradient norm (exact)": lambda net=network, b=BATCH[name][0]: gradient_norms(net, x, y, entropy, b).squared,
                "byheart, EK-FAC with fit": lambda net=network, b=BATCH[name][1]: ekfac.fit_self_influence(net, x, y, entropy, damping=DAMPING, batch=b)[0],
                f"byheart, top {TOP} of {N:,} x {TESTED:,}": lambda net=network, b=BATCH[name][2]: pairwise.top_influence(net, (x, y), (u, v), entropy, TOP, b),
            }  # fmt: skip
            norm, best = None, torch.zeros(0)
            for (label, work), most in zip(ours.items(), wanted, strict=True):
                took, found = spent(work, 3)
                best = found if isinstance(found, Tensor) else found.helpful
                norm = found if norm is None else norm
                cells = ["-", "-"]
                if isinstance(found, Tensor):
                    cells = [
                        f"{spearmanr(found, norm).statistic:.4f}",
                        f"{roc_auc_score(task.truth['wrong'], found):.3f}",
                    ]
                lines.append(f"| {name} | {label} | {N:,} | {took / floor:.2f} | <= {most} | {' | '.join(cells)} |")
                print(lines[-1], flush=True)
            for label, peer in PAIRED.items() if name == "mlp" else ():
                try:
                    took, found = spent(lambda net=network, p=peer: p(net, x, y, u, v), 1)
                except ModuleNotFoundError as error:
                    print(f"{label}: left out ({error})")
                    continue
                same = np.mean([len(np.intersect1d(a, b)) for a, b in zip(found, best, strict=True)]) / TOP
                lines.append(
                    f"| {name} | {label}, top {TOP} of {N:,} x {TESTED:,}; {same:.1%} of them ours | {N:,} | {took / floor:.0f} | - | - | - |"
                )
                print(lines[-1], flush=True)
                network.zero_grad()
            for label, peer in PEERS.items():
                if name == "cnn" and peer is pydvl_scores:
                    lines.append(f"| {name} | {label} | - | refuses convolutions | - | - | - |")
                    continue
                try:
                    took, found = spent(lambda net=network, p=peer: p(net, x[:few], y[:few]), 1)
                except ModuleNotFoundError as error:
                    print(f"{label}: left out ({error})")
                    continue
                rank = spearmanr(found, norm[:few]).statistic
                lines.append(f"| {name} | {label} | {few} | {took / floor * N / few:.0f} | - | {rank:.4f} | - |")
                print(lines[-1], flush=True)
                if label.startswith("kronfluence") and "EK-FAC" in label:
                    double, a = network.double(), x[:few].double()
                    theirs = kronfluence_scores(double, a, y[:few], "ekfac")
                    own = ekfac.fit_self_influence(double, a, y[:few], entropy, damping=DAMPING)[0]
                    exact.append(f"| {name} | {float(((own - theirs).abs() / theirs).max()):.1e} | <= 1e-5 |")
                network.float().zero_grad()
    lines += ["", f"EK-FAC against kronfluence's, float64, empirical Fisher, damping {DAMPING:g}, {few} examples:", "", "| network | largest relative difference | wanted |", "|---|---|---|", *exact]  # fmt: skip
    text = "\n".join(lines) + "\n"
    Path(__file__).parent.joinpath("results", "self_influence.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
