"""Train the model: text, tokenizer, weights and the GGUF file, in one seeded command.

    python3 train.py --minutes 70 --threads 1
    python3 train.py --device cuda --half --compile --graph --batch 256 --short 0 --rows 480000 --workers 15

The first is for a processor, the second for a graphics card. --half uses bfloat16; it is far
slower on a processor that has no instructions for it. With --minutes the number of steps depends
on the machine, with --steps it does not.

Everything large goes to the output folder (ignored by git); a checkpoint is written every few
minutes, and the last one is the result.
"""

import argparse
import math
import time
from pathlib import Path

import numpy
import torch
import torch.nn.functional as functional

import corpus
from network import Network, Shape

HERE = Path(__file__).resolve().parent


class Muon:
    """Momentum whose step is made orthogonal (Newton-Schulz), for matrices only.

    Matrices of one shape are stacked, so that the small products run as one batch.
    """

    def __init__(self, matrices: list[torch.nn.Parameter], rate: float, momentum: float = 0.95):
        self.rate, self.momentum = rate, momentum
        shapes = sorted({tuple(matrix.shape) for matrix in matrices})
        self.groups = [[m for m in matrices if tuple(m.shape) == shape] for shape in shapes]
        self.memory = [torch.zeros(len(g), *g[0].shape, device=g[0].device) for g in self.groups]

    @staticmethod
    def orthogonal(update: torch.Tensor) -> torch.Tensor:
        """Five Newton-Schulz steps: all singular values move close to one."""
        tall = update.shape[-2] > update.shape[-1]
        rows = update.mT if tall else update
        rows = rows / (rows.norm(dim=(-2, -1), keepdim=True) + 1e-7)
        for _ in range(5):
            square = rows @ rows.mT
            rows = 3.4445 * rows + (-4.7750 * square + 2.0315 * square @ square) @ rows
        return rows.mT if tall else rows

    @torch.no_grad()
    def step(self, scale: torch.Tensor) -> None:
        """One step with the rate times `scale`, a number on the device."""
        for group, memory in zip(self.groups, self.memory):
            gradient = torch.stack([matrix.grad for matrix in group])
            memory.lerp_(gradient, 1 - self.momentum)
            update = self.orthogonal(gradient.lerp(memory, self.momentum))
            ratio = max(1.0, group[0].shape[0] / group[0].shape[1]) ** 0.5
            torch._foreach_mul_(group, 1 - 0.01 * self.rate * scale)
            torch._foreach_sub_(group, list((update * (self.rate * ratio * scale)).unbind()))


def schedule(progress: float) -> float:
    """Warm up for one hundredth, constant until the half, then linear to nearly nothing."""
    if progress < 0.01:
        return max(0.05, progress / 0.01)
    return 1.0 if progress < 0.5 else max(0.01, 2.0 * (1.0 - progress))


def loss_of(network: torch.nn.Module, rows: torch.Tensor, weights: torch.Tensor, half: bool):
    """Weighted mean of the cross entropy: what the user says counts less than the answer."""
    with torch.autocast(rows.device.type, dtype=torch.bfloat16, enabled=half):
        logits = network(rows[:, :-1])
    each = functional.cross_entropy(
        logits.float().flatten(0, 1), rows[:, 1:].flatten(), reduction="none"
    )
    weight = weights[:, 1:].flatten()
    return (each * weight).sum() / weight.sum()


class Rows:
    """The token rows, handed out in a seeded order, without repeats until all are used."""

    def __init__(self, folder: Path, seed: int, device: str):
        self.tokens = torch.from_numpy(numpy.load(folder / "rows.npy").view(numpy.int16)).to(device)
        self.weights = torch.from_numpy(numpy.load(folder / "weights.npy")).to(device)
        self.random = numpy.random.default_rng(seed)
        self.queue = torch.empty(0, dtype=torch.long, device=device)

    def pick(self, order: torch.Tensor, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens and loss weights of the given rows, up to `length` tokens of each."""
        return self.tokens[order, :length].long(), self.weights[order, :length].float() / 10

    def kept(self, first: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Some of the rows kept back for validation."""
        return self.pick(torch.arange(first, first + count, device=self.tokens.device), 512)

    def batch(self, size: int, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The next rows; the first 64 are kept back. The order lies on the device: nothing waits."""
        if len(self.queue) < size:
            order = 64 + self.random.permutation(len(self.tokens) - 64)
            self.queue = torch.from_numpy(order).to(self.tokens.device)
        order, self.queue = self.queue[:size], self.queue[size:]
        return self.pick(order, length)


@torch.no_grad()
def validate(network: torch.nn.Module, rows: Rows, half: bool) -> float:
    """Mean loss on the rows kept back."""
    losses = [
        loss_of(network, *rows.kept(first, 8), half).item() for first in range(0, 64, 8)
    ]
    return sum(losses) / len(losses)


def save(network: Network, path: Path, note: dict) -> None:
    """Write a checkpoint, whole or not at all."""
    part = path.with_suffix(".part")
    torch.save({"weights": network.state_dict(), "note": note}, part)
    part.replace(path)


class Steps:
    """One step after another, of both optimisers; on a graphics card as one recorded graph.

    A network as small as this one keeps a card busy for less time than it takes to ask for each
    product; a graph is asked for once.
    """

    def __init__(self, network: Network, choice: argparse.Namespace):
        matrices = [p for name, p in network.blocks.named_parameters() if p.ndim == 2]
        self.others = [p for p in network.parameters() if all(p is not m for m in matrices)]
        device, card = self.others[0].device, self.others[0].device.type == "cuda"
        self.muon = Muon(matrices, rate=0.02)
        self.rate = torch.tensor(0.004, device=device)
        self.adam = torch.optim.AdamW(self.others, lr=self.rate, betas=(0.9, 0.95), weight_decay=0.0,
                                      capturable=card, fused=card or None)
        self.scale = torch.zeros((), device=device)
        self.loss_of = torch.compile(loss_of) if choice.compile else loss_of
        self.network, self.half, self.recorded = network, choice.half, None

    def once(self, rows: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Forward, backward, both optimisers."""
        loss = self.loss_of(self.network, rows, weights, self.half)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.others, 1.0)
        self.adam.param_groups[0]["lr"].copy_(self.scale * 0.004)
        self.adam.step()
        self.muon.step(self.scale)
        self.network.zero_grad(set_to_none=True)
        return loss.detach()

    def record(self, rows: torch.Tensor, weights: torch.Tensor) -> None:
        """Warm up without moving a weight, then record one step."""
        self.scale.zero_()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(4):
                self.once(rows, weights)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        self.rows, self.weights = rows.clone(), weights.clone()
        with torch.cuda.graph(graph):
            self.loss = self.once(self.rows, self.weights)
        self.recorded = graph

    def take(self, rows: torch.Tensor, weights: torch.Tensor, scale: float) -> torch.Tensor:
        """One step with the rates times `scale`; its loss."""
        self.scale.fill_(scale)
        if self.recorded is None or self.rows.shape != rows.shape:
            return self.once(rows, weights)
        self.rows.copy_(rows)
        self.weights.copy_(weights)
        self.recorded.replay()
        return self.loss


def optimise(network: Network, rows: Rows, choice: argparse.Namespace, target: Path) -> dict:
    """Run until the time is over (or, with --steps, until so many steps are done)."""
    steps = Steps(network, choice)
    if choice.graph:
        steps.record(*rows.batch(choice.batch // 2, network.shape.context))
    began, looked, step, seen, note = time.time(), time.time(), 0, 0, {}
    while True:
        spent = (time.time() - began) / 60
        progress = step / choice.steps if choice.steps else spent / choice.minutes
        if progress >= 1:
            break
        short = progress < choice.short
        size, length = (choice.batch, 256) if short else (choice.batch // 2, network.shape.context)
        loss = steps.take(*rows.batch(size, length), schedule(progress) * choice.pace)
        step, seen = step + 1, seen + size * (length - 1)
        if step % choice.every == 0:
            value, speed = loss.item(), seen / (time.time() - began)
            if step % (choice.every * choice.lines) == 0:
                print(f"{spent:6.1f} min  step {step}  loss {value:.4f}  {speed:.0f} tokens/s", flush=True)
        if time.time() - looked > choice.look * 60:
            looked, note = time.time(), {"minutes": spent, "steps": step, "tokens": seen}
            print(f"{spent:6.1f} min  held-out loss {validate(network, rows, choice.half):.4f}", flush=True)
            save(network, target, note)
    note = {"minutes": (time.time() - began) / 60, "steps": step, "tokens": seen}
    note["loss"] = validate(network, rows, choice.half)
    save(network, target, note)
    return note


def main() -> None:
    """Read the choices, prepare the text when it is missing, train."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=70)
    parser.add_argument("--steps", type=int, default=0, help="stop by steps, not by the clock")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=8, help="rows of 256 tokens in one step")
    parser.add_argument("--short", type=float, default=0.75, help="part with rows of 256, not 512")
    parser.add_argument("--start", type=Path, help="a checkpoint to begin with")
    parser.add_argument("--pace", type=float, default=1.0, help="a factor on the rates; less to go on from a start")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=50_000, help="rows of text to write")
    parser.add_argument("--half", action=argparse.BooleanOptionalAction, default=False)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=False)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--workers", type=int, default=1, help="processes that write the text")
    parser.add_argument("--graph", action=argparse.BooleanOptionalAction, default=False,
                        help="record one step on the card, and repeat it")
    parser.add_argument("--every", type=int, default=20, help="steps between two looks at the loss")
    parser.add_argument("--lines", type=int, default=1, help="looks at the loss for one line of progress")
    parser.add_argument("--save", type=Path, help="the checkpoint; in the output folder otherwise")
    parser.add_argument("--text-only", action="store_true", help="write the text, train nothing")
    parser.add_argument("--look", type=float, default=3, help="minutes between two checkpoints")
    parser.add_argument("--output", type=Path, default=HERE / "output")
    choice = parser.parse_args()
    torch.set_num_threads(choice.threads)
    torch.manual_seed(choice.seed)
    shape = Shape()
    torch.set_float32_matmul_precision("high")
    corpus.prepare(choice.output, choice.rows, shape.context, choice.seed, choice.workers)
    if choice.text_only:
        return
    network = Network(shape)
    network.initialise()
    if choice.start:
        network.load_state_dict(torch.load(choice.start, map_location="cpu")["weights"])
    network.to(choice.device)
    print(f"{network.parameter_count()} parameters", flush=True)
    rows = Rows(choice.output, choice.seed, choice.device)
    note = optimise(network, rows, choice, choice.save or choice.output / "checkpoint.pt")
    print("done:", {key: round(value, 4) for key, value in note.items()}, flush=True)
    assert math.isfinite(note["loss"])


if __name__ == "__main__":
    main()
