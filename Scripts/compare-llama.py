#!/usr/bin/env python3
"""Runs `bored bench` and llama.cpp's llama-bench in turn on the same random models.

usage: Scripts/compare-llama.py LLAMA_BUILD [--bored PATH] [--folder DIR] [--threads N]
       [--shapes llama-110m,llama-1b] [--types F16,Q8_0,Q4_0,Q4_K_M] [--rounds N] [--kernel LEVEL]

LLAMA_BUILD is a folder that holds bin/llama-bench, built natively on this machine (or for AVX2,
when `--kernel avx2` holds our side to it). The models are written to the folder once, up to 2 GB
each. Both programs run in turn, and the best of each counts: what others do on the machine then
hurts both alike.
"""
import argparse
import json
import os
import random
import struct
import subprocess

SHAPES = {
    "llama-110m": dict(layers=12, hidden=768, ff=2048, heads=12, kv=12),
    "llama-1b": dict(layers=16, hidden=2048, ff=8192, heads=32, kv=8),
}
VOCABULARY = 32000
# Number in GGUF, inputs and bytes of a block, where in it the scales are.
TYPES = {"F32": (0, 1, 4, []), "F16": (1, 1, 2, []), "Q4_0": (2, 32, 18, [0]),
         "Q8_0": (8, 32, 34, [0]), "Q4_K": (12, 256, 144, [0, 2]), "Q6_K": (14, 256, 210, [208])}
FILE_TYPES = {"F16": 1, "Q4_0": 2, "Q8_0": 7, "Q4_K_M": 15}


def tensor_type(kind, name, layer, layers):
    """The types that llama.cpp's own quantiser takes for such a file."""
    if name.endswith("norm"):
        return "F32"
    if kind == "Q4_K_M":
        more = layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2
        return "Q6_K" if name == "output" or name in ("attn_v", "ffn_down") and more else "Q4_K"
    return "Q6_K" if kind == "Q4_0" and name == "output" else kind


def random_bytes(kind, count, rng):
    """`count` numbers of a type: a stretch of random blocks, repeated."""
    number, inputs, size, scales = TYPES[kind]
    blocks = count // inputs
    if kind == "F32":
        return struct.pack("<f", 1.0) * blocks
    stretch = min(blocks, 40009)
    if kind == "F16":
        data = b"".join(struct.pack("<e", rng.uniform(-0.03, 0.03)) for _ in range(stretch))
    else:
        data = bytearray(rng.randbytes(stretch * size))
        for block in range(stretch):
            for at in scales:
                struct.pack_into("<e", data, block * size + at, rng.uniform(1e-4, 1e-3))
        data = bytes(data)
    return (data * (blocks // stretch + 1))[:blocks * size]


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def write_model(path, shape, kind):
    rng, layers, hidden = random.Random(1), shape["layers"], shape["hidden"]
    kv_size = hidden // shape["heads"] * shape["kv"]
    integer, number = (lambda v: struct.pack("<II", 4, v)), (lambda v: struct.pack("<If", 6, v))
    word = lambda v: struct.pack("<I", 8) + text(v)
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(256)]
    tokens += [f"t{i}" for i in range(VOCABULARY - len(tokens))]
    kinds = [2, 3, 3] + [6] * 256 + [1] * (VOCABULARY - 259)
    def array(code, items):
        return struct.pack("<IIQ", 9, code, len(items)) + b"".join(items)
    fields = {
        "general.architecture": word("llama"), "general.name": word(os.path.basename(path)),
        "general.file_type": integer(FILE_TYPES[kind]), "llama.block_count": integer(layers),
        "llama.context_length": integer(2048), "llama.embedding_length": integer(hidden),
        "llama.feed_forward_length": integer(shape["ff"]),
        "llama.attention.head_count": integer(shape["heads"]),
        "llama.attention.head_count_kv": integer(shape["kv"]),
        "llama.attention.layer_norm_rms_epsilon": number(1e-5),
        "llama.rope.dimension_count": integer(hidden // shape["heads"]),
        "llama.rope.freq_base": number(10000.0), "llama.vocab_size": integer(VOCABULARY),
        "tokenizer.ggml.model": word("llama"),
        "tokenizer.ggml.tokens": array(8, [text(t) for t in tokens]),
        "tokenizer.ggml.scores": array(6, [struct.pack("<f", -float(i))
                                           for i in range(VOCABULARY)]),
        "tokenizer.ggml.token_type": array(5, [struct.pack("<i", k) for k in kinds]),
        "tokenizer.ggml.bos_token_id": integer(1), "tokenizer.ggml.eos_token_id": integer(2),
    }
    tensors = [("token_embd", hidden, VOCABULARY, -1)]
    for i in range(layers):
        tensors += [(f"blk.{i}.{name}", columns, rows, i) for name, columns, rows in (
            ("attn_norm", hidden, 0), ("attn_q", hidden, hidden), ("attn_k", hidden, kv_size),
            ("attn_v", hidden, kv_size), ("attn_output", hidden, hidden), ("ffn_norm", hidden, 0),
            ("ffn_gate", hidden, shape["ff"]), ("ffn_up", hidden, shape["ff"]),
            ("ffn_down", shape["ff"], hidden))]
    tensors += [("output_norm", hidden, 0, -1), ("output", hidden, VOCABULARY, -1)]
    infos, offset, plan = b"", 0, []
    for name, columns, rows, layer in tensors:
        chosen = tensor_type(kind, name.split(".")[-1], layer, layers)
        code, inputs, size, _ = TYPES[chosen]
        count = columns * max(rows, 1)
        dimensions = [columns] + ([rows] if rows else [])
        infos += text(name + ".weight") + struct.pack("<I", len(dimensions))
        infos += b"".join(struct.pack("<Q", d) for d in dimensions)
        infos += struct.pack("<IQ", code, offset)
        plan.append((chosen, count, offset))
        offset += (count // inputs * size + 31) // 32 * 32
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(fields))
    header += b"".join(text(key) + value for key, value in fields.items()) + infos
    header += bytes(-len(header) % 32)
    with open(path + ".part", "wb") as file:
        file.write(header)
        for chosen, count, offset in plan:
            file.seek(len(header) + offset)
            file.write(random_bytes(chosen, count, rng))
        file.truncate(len(header) + offset + (count // TYPES[chosen][1] * TYPES[chosen][2] + 31)
                      // 32 * 32)
    os.replace(path + ".part", path)


def run_llama(build, path, threads, tokens):
    command = [os.path.join(build, "bin", "llama-bench"), "-m", path, "-t", str(threads), "-p",
               "32,128,512", "-n", str(tokens), "-r", "1", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    results = {}
    for entry in json.loads(done.stdout):
        name = f"prefill {entry['n_prompt']}" if entry["n_prompt"] else "decode"
        results[name] = (entry["avg_ts"], None)
    return results


def run_llama_requests(build, path, threads, tokens, requests):
    """Steps of several requests at once, each behind a prompt of 16 tokens."""
    context = max(map(int, requests.split(","))) * (16 + tokens)
    command = [os.path.join(build, "bin", "llama-batched-bench"), "-m", path, "-t", str(threads),
               "-c", str(context), "-npp", "16", "-ntg", str(tokens), "-npl", requests,
               "--output-format", "jsonl"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {f"decode of {line['pl']}": (line["speed_tg"], None) for line in lines}


def run_bored(bored, path, threads, tokens, kernel, requests):
    command = [bored, "bench", path, "--threads", str(threads), "--tokens", str(tokens), "--json"]
    command += ["--requests", requests] if requests else []
    command += ["--kernel", kernel] if kernel else []
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    lines = map(json.loads, done.stdout.splitlines())
    return {line["test"]: (line["tokensPerSecond"], line["shareOfLimit"]) for line in lines}


def keep_best(best, results):
    for test, figures in results.items():
        best[test] = max(best.get(test, (0, 0)), figures)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--bored", default=".build/release/bored")
    parser.add_argument("--folder", default="/tmp/bored-compare")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--shapes", default="llama-110m,llama-1b")
    parser.add_argument("--types", default="F16,Q8_0,Q4_0,Q4_K_M")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--requests", default="4,8,16")
    parser.add_argument("--kernel", default="")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    print("model, threads, test: ours and llama.cpp in tokens/s, ratio, ours as a share of its limit")
    for shape in options.shapes.split(","):
        for kind in options.types.split(","):
            path = os.path.join(options.folder, f"{shape}-{kind}.gguf")
            if not os.path.exists(path):
                write_model(path, SHAPES[shape], kind)
            ours, theirs, common = {}, {}, (path, options.threads, options.tokens)
            for _ in range(options.rounds):
                keep_best(theirs, run_llama(options.build, *common))
                if options.requests:
                    keep_best(theirs, run_llama_requests(options.build, *common, options.requests))
                keep_best(ours, run_bored(options.bored, *common, options.kernel,
                                          options.requests))
            for test, (speed, share) in ours.items():
                other = theirs[test][0]
                print(f"{shape} {kind}, {options.threads}, {test}: {speed:.1f} {other:.1f} "
                      f"{speed / other:.2f} {share:.2f}", flush=True)


if __name__ == "__main__":
    main()
