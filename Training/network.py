"""The network: a small decoder of the "llama" kind, written for training on a processor.

Rotary position encoding turns neighbouring pairs (0, 1), (2, 3), ... because that is how a GGUF
file of architecture "llama" stores its query and key rows: nothing is regrouped on export.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import nn


@dataclass(frozen=True)
class Shape:
    """All sizes of the network."""

    layers: int = 6
    width: int = 128
    heads: int = 4
    key_value_heads: int = 2
    head_width: int = 32
    feed_forward: int = 384
    context: int = 512
    vocabulary: int = 1024
    rope_base: float = 10000.0
    norm_epsilon: float = 1e-5


class Norm(nn.Module):
    """Root-mean-square norm with a learnt scale."""

    def __init__(self, width: int, epsilon: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return functional.rms_norm(rows, self.weight.shape, self.weight, self.epsilon)


def rotation_table(shape: Shape) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines for every position and every pair of a head."""
    pair = torch.arange(0, shape.head_width, 2, dtype=torch.float64)
    frequency = shape.rope_base ** (-pair / shape.head_width)
    angle = torch.arange(shape.context, dtype=torch.float64)[:, None] * frequency[None, :]
    return angle.cos().float(), angle.sin().float()


def rotate(heads: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """Turn neighbouring pairs; heads is [batch, head, position, head_width]."""
    even, odd = heads.float().unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), dim=-1)
    return turned.flatten(-2).to(heads.dtype)


class Block(nn.Module):
    """One layer: grouped-query attention, then a gated feed-forward network."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        queries, keys = shape.heads * shape.head_width, shape.key_value_heads * shape.head_width
        self.attention_norm = Norm(shape.width, shape.norm_epsilon)
        self.query = nn.Linear(shape.width, queries, bias=False)
        self.key = nn.Linear(shape.width, keys, bias=False)
        self.value = nn.Linear(shape.width, keys, bias=False)
        self.output = nn.Linear(queries, shape.width, bias=False)
        self.feed_norm = Norm(shape.width, shape.norm_epsilon)
        self.gate = nn.Linear(shape.width, shape.feed_forward, bias=False)
        self.up = nn.Linear(shape.width, shape.feed_forward, bias=False)
        self.down = nn.Linear(shape.feed_forward, shape.width, bias=False)

    def attend(self, rows: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
        """Causal attention over the whole row."""
        width = self.shape.head_width
        query = self.query(rows).unflatten(-1, (-1, width)).transpose(1, 2)
        key = self.key(rows).unflatten(-1, (-1, width)).transpose(1, 2)
        value = self.value(rows).unflatten(-1, (-1, width)).transpose(1, 2)
        share = self.shape.heads // self.shape.key_value_heads
        key = rotate(key, cosine, sine).repeat_interleave(share, dim=1)
        value = value.repeat_interleave(share, dim=1)
        mixed = functional.scaled_dot_product_attention(
            rotate(query, cosine, sine), key, value, is_causal=True
        )
        return self.output(mixed.transpose(1, 2).flatten(-2))

    def forward(self, rows: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
        rows = rows + self.attend(self.attention_norm(rows), cosine, sine)
        fed = self.feed_norm(rows)
        return rows + self.down(functional.silu(self.gate(fed)) * self.up(fed))


class Network(nn.Module):
    """Embedding, blocks, final norm; the head is the embedding again."""

    def __init__(self, shape: Shape = Shape()):
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.final_norm = Norm(shape.width, shape.norm_epsilon)
        cosine, sine = rotation_table(shape)
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)

    def initialise(self) -> None:
        """Small random weights; the matrices that add to the stream start smaller still."""
        nn.init.normal_(self.embedding.weight, std=0.05)
        for block in self.blocks:
            for linear in (block.query, block.key, block.value, block.gate, block.up):
                nn.init.normal_(linear.weight, std=self.shape.width**-0.5)
            for linear in (block.output, block.down):
                nn.init.normal_(linear.weight, std=0.2 * linear.weight.shape[1] ** -0.5)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits for every position; tokens is [batch, position]."""
        rows = self.embedding(tokens)
        count = tokens.shape[1]
        cosine, sine = self.cosine[:count], self.sine[:count]
        for block in self.blocks:
            rows = block(rows, cosine, sine)
        return functional.linear(self.final_norm(rows), self.embedding.weight)

    def parameter_count(self) -> int:
        """Number of learnt values."""
        return sum(parameter.numel() for parameter in self.parameters())


@torch.no_grad()
def greedy(network: Network, prompt: list[int], count: int, stop: int | None = None) -> list[int]:
    """Append the likeliest token `count` times (without a cache: short texts only)."""
    tokens = list(prompt)
    for _ in range(count):
        logits = network(torch.tensor([tokens[-network.shape.context :]]))[0, -1]
        tokens.append(int(logits.argmax()))
        if tokens[-1] == stop:
            break
    return tokens[len(prompt) :]
