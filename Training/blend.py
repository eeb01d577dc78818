"""Weights between two checkpoints: python3 blend.py first.pt second.pt 0.6 result.pt

A model that went on from another for a while, on few tokens, is noisy; part of the way is steadier.
"""

import sys

import torch


def blend(first: str, second: str, share: float, target: str) -> None:
    """Write first + share * (second - first)."""
    one, two = (torch.load(path, map_location="cpu") for path in (first, second))
    weights = {name: value + (two["weights"][name] - value) * share for name, value in one["weights"].items()}
    torch.save({"weights": weights, "note": {"blend": share, "first": one["note"], "second": two["note"]}}, target)


if __name__ == "__main__":
    blend(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4])
