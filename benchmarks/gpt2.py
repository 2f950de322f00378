"""Self-influence of a small GPT-2: every parameter counted, at the cost of a training pass.

Claim:    gradient-norm self-influence costs at most 1.1 of a plain forward and backward pass at that pass's best batch size, tied and untied, and
          ranks sequences as the exact norm over every parameter does (Spearman at least .999); EK-FAC with its fit at most 6.5. A peer that
          reads Linear layers alone sees the head of this network and nothing else.
Command:  BYHEART_DATA=... python benchmarks/gpt2.py [--rows 1000] [--peers 256]
Hardware: one thread; CPU time, minimum of 3 (peers: 1) over that of the plain pass on the same rows in the same run; the plain pass at the best of
          batches of 8, 16, 32 and 64, ours of 8, 16 and 32.
n:        1,000 sequences of 128 characters of Shakespeare; GPT-2 with 4 layers, 128 wide, 256 tokens, trained on them for an epoch. Exact norms by torch.func.
Needs:    transformers==5.23.0; captum==0.9.0, kronfluence==1.0.1 and bergson==2.5.1 (without torchvision and torchaudio, with which it does not
          import beside a CPU build of torch) for the peers, whose rows are left out without them
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from scipy.stats import spearmanr
from self_influence import DAMPING, spent
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import GPT2Config, GPT2LMHeadModel

from byheart.base.provenance import versions
from byheart.runs.loop import one_thread
from byheart.scores.gradients import ekfac
from byheart.scores.gradients.norms import gradient_norms

LENGTH, WANTED = 128, {"norm": 1.1, "ekfac": 6.5}


class Logits(nn.Module):
    """GPT-2, answering with its logits."""

    def __init__(self, tied: bool) -> None:
        super().__init__()
        config = GPT2Config(
            vocab_size=256, n_positions=LENGTH, n_embd=128, n_layer=4, n_head=4, tie_word_embeddings=tied, bos_token_id=0, eos_token_id=0,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, attn_implementation="eager",
        )  # fmt: skip
        self.gpt = GPT2LMHeadModel(config)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.gpt(tokens, use_cache=False).logits


def per_sequence(logits: Tensor, targets: Tensor) -> Tensor:
    """The sum of the tokens' cross-entropies of each sequence."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(targets.shape).sum(1)


def sequences(rows: int) -> tuple[Tensor, Tensor]:
    """So many sequences, and the tokens that follow."""
    text = (Path(os.environ["BYHEART_DATA"]) / "tinyshakespeare" / "input.txt").read_bytes()[: rows * LENGTH + 1]
    tokens = torch.tensor(list(text))
    return tokens[:-1].view(rows, LENGTH), tokens[1:].view(rows, LENGTH)


def train(network: nn.Module, x: Tensor, y: Tensor) -> nn.Module:
    """One epoch of AdamW in batches of 32."""
    steps = torch.optim.AdamW(network.parameters(), 1e-3)
    for a, b in zip(x.split(32), y.split(32), strict=True):
        steps.zero_grad()
        per_sequence(network(a), b).mean().div(LENGTH).backward()
        steps.step()
    network.zero_grad()
    return network.eval()


def plain(network: nn.Module, x: Tensor, y: Tensor, batch: int) -> None:
    """One forward and backward pass with weight gradients."""
    for a, b in zip(x.split(batch), y.split(batch), strict=True):
        network.zero_grad()
        per_sequence(network(a), b).sum().backward()


def all_but_last(logits: Tensor, targets: Tensor) -> Tensor:
    """The same without the last token: bergson reads the label of position t + 1 at t."""
    return per_sequence(logits[:, :-1], targets[:, :-1])


def exact(network: nn.Module, x: Tensor, y: Tensor, loss_of: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """||gradient||^2 over every parameter, gradients formed one by one."""
    weights = {name: p.detach() for name, p in network.named_parameters()}

    def loss(parameters: dict[str, Tensor], a: Tensor, b: Tensor) -> Tensor:
        return loss_of(torch.func.functional_call(network, parameters, (a[None],)), b[None])[0]

    def squared(a: Tensor, b: Tensor) -> Tensor:
        found = torch.func.grad(loss)(weights, a, b)
        return torch.stack([g.square().sum() for g in found.values()]).sum()

    return torch.stack([squared(a, b) for a, b in zip(x, y, strict=True)]).detach()


def kronfluence_norms(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Kronfluence's identity self-scores of the network as it is loaded: it finds Linear layers."""
    import copy
    import tempfile

    from kronfluence.analyzer import Analyzer, prepare_model
    from kronfluence.arguments import ScoreArguments
    from kronfluence.task import Task
    from torch.utils.data import TensorDataset

    class Predict(Task):
        def compute_train_loss(self, batch, model, sample=False):
            return per_sequence(model(batch[0]), batch[1]).sum()

        def compute_measurement(self, batch, model):
            return self.compute_train_loss(batch, model)

    model = prepare_model(copy.deepcopy(network), Predict())
    with tempfile.TemporaryDirectory() as place:
        peer = Analyzer(
            "peer", model, Predict(), cpu=True, output_dir=place, disable_tqdm=True, disable_model_save=True
        )
        data = TensorDataset(x, y)
        from kronfluence.arguments import FactorArguments

        peer.fit_all_factors("f", data, 32, factor_args=FactorArguments(strategy="identity"))
        peer.compute_self_scores("s", "f", data, 32, score_args=ScoreArguments(damping_factor=0.0))
        return peer.load_self_scores("s")["all_modules"]


def captum_norms(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """TracInCP of captum, its default way."""
    import tempfile

    from captum.influence import TracInCP
    from torch.utils.data import TensorDataset

    with tempfile.NamedTemporaryFile(suffix=".pt") as file:
        torch.save(network.state_dict(), file.name)

        def load(model: nn.Module, path: str) -> float:
            model.load_state_dict(torch.load(path, weights_only=True))
            return 1.0

        peer = TracInCP(network, TensorDataset(x, y), [file.name], load, loss_fn=per_sequence, batch_size=16)
        return torch.as_tensor(peer.self_influence())


def bergson_norms(network: Logits, x: Tensor, y: Tensor, projection: int | None) -> Tensor:
    """Squared norms of the gradients that bergson collects in memory: of the layers that it tracks."""
    import logging
    import tempfile

    from bergson import CollectorComputer, GradientProcessor, IndexConfig, InMemoryCollector
    from datasets import Dataset

    logging.disable(logging.INFO)
    labels = torch.cat([x[:, :1], y[:, :-1]], 1)
    data = Dataset.from_dict({"input_ids": x.tolist(), "labels": labels.tolist()})
    with tempfile.TemporaryDirectory() as place:
        config = IndexConfig(run_path=place, loss_reduction="sum", projection_dim=projection or 0)
        config.partial_run_path.mkdir(parents=True)
        collector = InMemoryCollector(
            model=network.gpt.base_model, data=data, cfg=config, processor=GradientProcessor(projection_dim=projection)
        )
        rows = [list(range(k, min(k + 16, len(x)))) for k in range(0, len(x), 16)]
        CollectorComputer(network.gpt, data, collector=collector, batches=rows, cfg=config).run_with_collector_hooks()
    logging.disable(logging.NOTSET)
    return torch.stack([g.float().square().sum(1) for g in collector.gradients.values()]).sum(0)


PEERS = {
    "kronfluence 1.0.1, identity, as loaded": (kronfluence_norms, per_sequence),
    "captum 0.9.0, TracInCP": (captum_norms, per_sequence),
    "bergson 2.5.1, no projection": (lambda *given: bergson_norms(*given, None), all_but_last),
    "bergson 2.5.1, projected to 16 x 16": (lambda *given: bergson_norms(*given, 16), all_but_last),
}


def measured(head: str, rows: int, few: int) -> list[str]:
    """The rows of the table for one head: the plain pass, ours, the peers."""
    torch.manual_seed(0)
    x, y = sequences(rows)
    network = train(Logits(head == "tied"), x, y)
    floors = {b: spent(lambda: plain(network, x, y, b), 3)[0] for b in (8, 16, 32, 64)}  # noqa: B023
    best = min(floors, key=lambda b: floors[b])
    floor = floors[best]
    network.zero_grad()
    lines = [
        f"| {head} | plain pass | {rows:,} | {best} | 1.00 ({1e3 * floor / rows:.1f} ms a sequence) | - | - | - | - |"
    ]
    whole = exact(network, x, y, per_sequence)
    slow = ", ".join(gradient_norms(network, x[:4], y[:4], per_sequence).slow) or "none"
    ways: dict[str, tuple[str, tuple[int, ...], Callable[[int], Tensor]]] = {
        "norm": ("byheart, gradient norm", (8, 16, 32), lambda b: gradient_norms(network, x, y, per_sequence, b).squared),
        "ekfac": (
            "byheart, EK-FAC with fit", (16,),
            lambda b: ekfac.fit_self_influence(network, x, y, per_sequence, damping=DAMPING, batch=b)[0],
        ),
    }  # fmt: skip
    for key, (label, batches, work) in ways.items():
        timed = {b: spent(lambda: work(b), 3) for b in batches}  # noqa: B023
        batch = min(timed, key=lambda b: timed[b][0])
        took, found = timed[batch]
        error = f"{float(((found - whole).abs() / whole).max()):.1e}" if key == "norm" else "-"
        rank = spearmanr(found, whole).statistic
        lines.append(
            f"| {head} | {label} | {rows:,} | {batch} | {took / floor:.2f} | <= {WANTED[key]} | {rank:.4f} | {error} | {slow} |"
        )
    for label, (peer, loss_of) in PEERS.items():
        try:
            took, found = spent(lambda: peer(network, x[:few], y[:few]), 1)  # noqa: B023
        except ModuleNotFoundError as error:
            print(f"{label}: left out ({error})")
            continue
        rank = spearmanr(found, exact(network, x[:few], y[:few], loss_of)).statistic
        lines.append(f"| {head} | {label} | {few} | - | {took / floor * rows / few:.2f} | - | {rank:.4f} | - | - |")
        network.zero_grad()
    return lines


def main() -> None:
    """Train, measure, print and write the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=1_000)
    options.add_argument("--peers", type=int, default=256)
    given = options.parse_args()
    warnings.filterwarnings("ignore")
    lines = ["# Self-influence of a small GPT-2", "",
             f"Written by `python benchmarks/gpt2.py`. {given.rows:,} sequences of {LENGTH} characters, 4 layers, 128 wide, one thread, torch {versions()['torch']}; CPU time over that "
             f"of one plain forward and backward pass at its best batch size. Peers on {given.peers} sequences.", "",
             "| head | estimator | n | batch | x plain pass | wanted | Spearman with the exact norm of every parameter | largest relative error | slow parameters |",
             "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    with one_thread():
        for head in ("tied", "untied"):
            lines += measured(head, given.rows, given.peers)
            print("\n".join(lines[-5:]), flush=True)
    Path(__file__).parent.joinpath("results", "gpt2.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
