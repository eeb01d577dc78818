"""Writes the training text as token rows, once; later calls find it ready."""

import random
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy

import grammar
import tokenizer


def encode(documents: list[grammar.Document], codec) -> tuple[list[list[int]], list[list[int]]]:
    """Token ids and loss weights (in tenths) of each document."""
    texts = [text for document in documents for text, _ in document]
    codes = iter(codec.encode_batch(texts, add_special_tokens=False))
    all_ids, all_weights = [], []
    for document in documents:
        ids, weights = [], []
        for _, weight in document:
            part = next(codes).ids
            ids += part
            weights += [weight] * len(part)
        all_ids.append(ids)
        all_weights.append(weights)
    return all_ids, all_weights


def fill(rows: int, context: int, seed: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Rows of `context` tokens and their loss weights; each row begins with the start of a document."""
    codec = tokenizer.load()
    end = codec.token_to_id(tokenizer.END_OF_TEXT)
    chance = random.Random(seed)
    tokens = numpy.full((rows, context), end, dtype=numpy.uint16)
    weights = numpy.zeros((rows, context), dtype=numpy.uint8)
    row, used = 0, 0
    while row < rows:
        documents = [grammar.document(chance) for _ in range(4000)]
        for ids, weight in zip(*encode(documents, codec)):
            ids, weight = ids + [end], weight + [1]
            room = min(len(ids), context - used)
            tokens[row, used : used + room] = ids[:room]
            weights[row, used : used + room] = weight[:room]
            used += room
            if used == context:
                row, used = row + 1, 0
                if row == rows:
                    break
    return tokens, weights


def prepare(folder: Path, rows: int, context: int, seed: int, workers: int = 1) -> None:
    """Write `rows` rows, made by so many processes, each with a seed of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "rows.npy").exists():
        return
    began = time.time()
    counts = [rows // workers + (index < rows % workers) for index in range(workers)]
    seeds = [seed + 1000 * index for index in range(workers)]
    with ProcessPoolExecutor(workers) as pool:
        parts = list(pool.map(fill, counts, [context] * workers, seeds))
    numpy.save(folder / "weights.npy", numpy.concatenate([weights for _, weights in parts]))
    numpy.save(folder / "rows.npy", numpy.concatenate([tokens for tokens, _ in parts]))
    print(f"wrote {rows} rows of text in {time.time() - began:.0f} s", flush=True)
