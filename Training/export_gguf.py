"""Write a checkpoint as GGUF version 3: matrices in F16, norms in F32, architecture "llama".

    python3 export_gguf.py output/checkpoint.pt ../Sources/CModel/model/boredling.gguf
"""

import json
import struct
import sys
from pathlib import Path

import numpy
import torch

import tokenizer
from network import Network, Shape

ALIGNMENT = 32
UINT32, FLOAT32, BOOL, STRING, ARRAY, INT32 = 4, 6, 7, 8, 9, 5
TYPE_F32, TYPE_F16 = 0, 1
NORMAL, CONTROL = 1, 3


def text(value: str) -> bytes:
    """A length and the UTF-8 bytes."""
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def item(kind: int, value) -> bytes:
    """One metadata value without its type."""
    if kind == STRING:
        return text(value)
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}[kind], value)


def entry(key: str, kind: int, value) -> bytes:
    """One key with its value."""
    return text(key) + struct.pack("<I", kind) + item(kind, value)


def array(key: str, kind: int, values: list) -> bytes:
    """One key with a list of values."""
    head = text(key) + struct.pack("<IIQ", ARRAY, kind, len(values))
    return head + b"".join(item(kind, value) for value in values)


def metadata(shape: Shape) -> list[bytes]:
    """Every key: the model, its sizes, its tokenizer."""
    codec = tokenizer.load()
    ids = codec.get_vocab()
    tokens = sorted(ids, key=ids.get)
    merges = json.loads(tokenizer.FILE.read_text())["model"]["merges"]
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in merges]
    kinds = [CONTROL if token in tokenizer.SPECIAL else NORMAL for token in tokens]
    return [
        entry("general.architecture", STRING, "llama"),
        entry("general.name", STRING, "boredling"),
        entry("general.license", STRING, "Apache-2.0"),
        entry("general.alignment", UINT32, ALIGNMENT),
        entry("general.file_type", UINT32, 1),
        entry("llama.block_count", UINT32, shape.layers),
        entry("llama.context_length", UINT32, shape.context),
        entry("llama.embedding_length", UINT32, shape.width),
        entry("llama.feed_forward_length", UINT32, shape.feed_forward),
        entry("llama.attention.head_count", UINT32, shape.heads),
        entry("llama.attention.head_count_kv", UINT32, shape.key_value_heads),
        entry("llama.attention.key_length", UINT32, shape.head_width),
        entry("llama.attention.value_length", UINT32, shape.head_width),
        entry("llama.attention.layer_norm_rms_epsilon", FLOAT32, shape.norm_epsilon),
        entry("llama.rope.dimension_count", UINT32, shape.head_width),
        entry("llama.rope.freq_base", FLOAT32, shape.rope_base),
        entry("llama.vocab_size", UINT32, shape.vocabulary),
        entry("tokenizer.ggml.model", STRING, "gpt2"),
        entry("tokenizer.ggml.pre", STRING, "gpt-2"),
        array("tokenizer.ggml.tokens", STRING, tokens),
        array("tokenizer.ggml.token_type", INT32, kinds),
        array("tokenizer.ggml.merges", STRING, merges),
        entry("tokenizer.ggml.bos_token_id", UINT32, ids[tokenizer.END_OF_TEXT]),
        entry("tokenizer.ggml.eos_token_id", UINT32, ids["<|im_end|>"]),
        entry("tokenizer.ggml.padding_token_id", UINT32, ids[tokenizer.END_OF_TEXT]),
        entry("tokenizer.ggml.add_bos_token", BOOL, False),
        entry("tokenizer.ggml.add_eos_token", BOOL, False),
        entry("tokenizer.chat_template", STRING, tokenizer.CHAT_TEMPLATE),
    ]


def tensors(network: Network) -> list[tuple[str, numpy.ndarray]]:
    """Names of the GGUF world with F16 matrices and F32 norms; the head is the embedding."""
    named = {"token_embd": network.embedding, "output_norm": network.final_norm}
    for index, block in enumerate(network.blocks):
        named |= {
            f"blk.{index}.{name}": module
            for name, module in (
                ("attn_norm", block.attention_norm), ("attn_q", block.query), ("attn_k", block.key),
                ("attn_v", block.value), ("attn_output", block.output),
                ("ffn_norm", block.feed_norm), ("ffn_gate", block.gate), ("ffn_up", block.up),
                ("ffn_down", block.down),
            )
        }
    arrays = {name: module.weight.detach().numpy() for name, module in named.items()}
    return [
        (f"{name}.weight", values.astype("<f2" if values.ndim == 2 else "<f4"))
        for name, values in arrays.items()
    ]


def padded(data: bytes) -> bytes:
    """The bytes, filled up to the alignment."""
    return data + b"\0" * (-len(data) % ALIGNMENT)


def write(network: Network, path: Path) -> None:
    """The whole file: header, metadata, tensor table, tensor data."""
    keys, blocks = metadata(network.shape), tensors(network)
    table, offset = b"", 0
    for name, values in blocks:
        extents = values.shape[::-1]
        kind = TYPE_F16 if values.ndim == 2 else TYPE_F32
        table += text(name) + struct.pack(f"<I{len(extents)}Q", len(extents), *extents)
        table += struct.pack("<IQ", kind, offset)
        offset += len(padded(values.tobytes()))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(blocks), len(keys)) + b"".join(keys) + table
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(padded(head) + b"".join(padded(values.tobytes()) for _, values in blocks))


def load(checkpoint: Path) -> Network:
    """The network with the weights of a checkpoint."""
    network = Network()
    network.load_state_dict(torch.load(checkpoint, map_location="cpu")["weights"])
    return network.eval()


if __name__ == "__main__":
    write(load(Path(sys.argv[1])), Path(sys.argv[2]))
    print(f"{sys.argv[2]}: {Path(sys.argv[2]).stat().st_size} bytes")
