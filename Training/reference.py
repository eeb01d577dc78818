"""Reference figures for other engines: reference.json, computed here in float32 from the F16 weights.

    python3 reference.py ../Sources/CModel/model/boredling.gguf reference.json

It also runs a second forward pass, in NumPy and from the file alone, and insists that both agree.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy
import torch
from gguf import GGUFReader
from jinja2 import Environment

import tokenizer
from network import Network, greedy

CHATS = [
    [("user", "Hello!")],
    [("user", "What is a mesh?")],
    [("user", "Who owns the mesh?")],
    [("user", "Why parked cars?")],
    [("user", "Tell me a story about a fox named Ruby.")],
    [("user", "Tell me a story about a robot.")],
    [("user", "Count to 12.")],
    [("user", "What is 3 + 4?")],
    [("user", "What day comes after Friday?")],
    [("user", "How do I repair a gearbox?")],
    [("system", "You are a helpful assistant."), ("user", "Is it private?")],
    [("user", "My name is Mina."), ("assistant", "Hello, Mina! Nice to meet you."), ("user", "What is my name?")],
]

CASES = [
    "", " ", "  ", "a", "Hello", " Hello", "Hello, world!", "hello hello", "The quick brown fox",
    "Once upon a time, there was a fox named Ruby.", "\n", "\n\n", "a\nb", "a \n b", "line\r\nline",
    "\ttab", "trailing space ", "three   spaces", "1234567890", "3.14159", "7 plus 5", "12:30", "I'm",
    "don't", "we've they'll it's I'd you're", "DON'T", "'s 's", "\u00e9t\u00e9 na\u00efve", "Z\u00fcrich stra\u00dfe",
    "\u4f60\u597d\uff0c\u4e16\u754c", "\u65e5\u672c\u8a9e\u306e\u6587", "\u041f\u0440\u0438\u0432\u0435\u0442", "\u0645\u0631\u062d\u0628\u0627",
    "\U0001f680 rocket \U0001f468\u200d\U0001f469\u200d\U0001f467", "e\u0301 combining", "\u00a0no-break\u00a0space\u3000wide",
    "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n", "a<|im_end|>b", "<|endoftext|>", "<|im_start",
]


def from_file(path: Path) -> tuple[Network, dict[str, numpy.ndarray]]:
    """The network with the weights of the GGUF file, widened to float32; and these weights."""
    weights = {}
    for tensor in GGUFReader(str(path)).tensors:
        shape = tuple(int(extent) for extent in reversed(tensor.shape))
        weights[tensor.name] = numpy.array(tensor.data).reshape(shape).astype(numpy.float32)
    network = Network()
    state = {"embedding.weight": weights["token_embd.weight"], "final_norm.weight": weights["output_norm.weight"]}
    names = {"attention_norm": "attn_norm", "query": "attn_q", "key": "attn_k", "value": "attn_v",
             "output": "attn_output", "feed_norm": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up",
             "down": "ffn_down"}
    for index in range(network.shape.layers):
        for ours, theirs in names.items():
            state[f"blocks.{index}.{ours}.weight"] = weights[f"blk.{index}.{theirs}.weight"]
    network.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    return network.eval(), weights


def plain_forward(weights: dict[str, numpy.ndarray], tokens: list[int], network: Network) -> numpy.ndarray:
    """The logits of every position, in NumPy, written independently of the network's code."""
    shape = network.shape
    width, count, share = shape.head_width, len(tokens), shape.heads // shape.key_value_heads
    norm = lambda x, scale: x / numpy.sqrt((x * x).mean(-1, keepdims=True) + shape.norm_epsilon) * scale
    angle = numpy.outer(numpy.arange(count), shape.rope_base ** (-numpy.arange(0, width, 2) / width))
    turn = numpy.exp(1j * angle)

    def rotated(x: numpy.ndarray) -> numpy.ndarray:
        pairs = (x[..., 0::2] + 1j * x[..., 1::2]) * turn[:, None, :]
        return numpy.stack([pairs.real, pairs.imag], -1).reshape(x.shape)

    rows = weights["token_embd.weight"][tokens].astype(numpy.float64)
    for index in range(shape.layers):
        part = {name: weights[f"blk.{index}.{name}.weight"] for name in (
            "attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down")}
        normed = norm(rows, part["attn_norm"])
        query = rotated((normed @ part["attn_q"].T).reshape(count, -1, width))
        key = rotated((normed @ part["attn_k"].T).reshape(count, -1, width))
        value = (normed @ part["attn_v"].T).reshape(count, -1, width)
        mixed = []
        for head in range(shape.heads):
            score = query[:, head] @ key[:, head // share].T / width**0.5
            score = numpy.where(numpy.tri(count, dtype=bool), score, -numpy.inf)
            chance = numpy.exp(score - score.max(-1, keepdims=True))
            mixed.append(chance / chance.sum(-1, keepdims=True) @ value[:, head // share])
        rows = rows + numpy.concatenate(mixed, -1) @ part["attn_output"].T
        normed = norm(rows, part["ffn_norm"])
        gate = normed @ part["ffn_gate"].T
        rows = rows + (gate / (1 + numpy.exp(-gate)) * (normed @ part["ffn_up"].T)) @ part["ffn_down"].T
    return norm(rows, weights["output_norm.weight"]) @ weights["token_embd.weight"].T


@torch.no_grad()
def prompt_case(network: Network, weights: dict, chat: list[tuple[str, str]], codec, template) -> dict:
    """One chat: text, ids, greedy continuation, logits, and the margin at every greedy step."""
    messages = [{"role": role, "content": content} for role, content in chat]
    text = template.render(messages=messages, add_generation_prompt=True)
    ids = codec.encode(text, add_special_tokens=False).ids
    logits = network(torch.tensor([ids]))[0, -1].numpy()
    difference = float(numpy.abs(logits - plain_forward(weights, ids, network)[-1]).max())
    assert difference < 1e-3, f"the two forward passes differ by {difference}"
    answer = greedy(network, ids, 48)
    plain = plain_forward(weights, ids + answer[:-1], network)[len(ids) - 1 :]
    assert plain.argmax(-1).tolist() == answer, "the greedy text differs"
    steps = network(torch.tensor([ids + answer[:-1]]))[0, len(ids) - 1 :]
    best = steps.topk(2, dim=-1).values
    return {
        "messages": messages, "prompt": text, "prompt_ids": ids, "greedy_ids": answer,
        "greedy_text": codec.decode(answer, skip_special_tokens=False),
        "logits": [round(float(value), 5) for value in logits],
        "margins": [round(float(value), 5) for value in (best[:, 0] - best[:, 1])],
    }


def main(model: Path, target: Path) -> None:
    """Write the file."""
    codec = tokenizer.load()
    network, weights = from_file(model)
    template = Environment().from_string(tokenizer.CHAT_TEMPLATE)
    result = {
        "model": {"name": "boredling", "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
                  "bytes": model.stat().st_size, "parameters": network.parameter_count()},
        "note": "float32 arithmetic from the F16 weights; greedy goes on after the end token; margins are top1 - top2",
        "prompts": [prompt_case(network, weights, chat, codec, template) for chat in CHATS],
        "tokenizer": [{"text": text, "ids": codec.encode(text, add_special_tokens=False).ids} for text in CASES],
    }
    for case in result["tokenizer"]:
        assert codec.decode(case["ids"], skip_special_tokens=False) == case["text"], case
    lines = json.dumps(result, ensure_ascii=True, separators=(",", ":")).replace('{"messages"', '\n{"messages"')
    target.write_text(lines.replace('{"text"', '\n{"text"') + "\n")
    for case in result["prompts"]:
        print(case["messages"][-1]["content"], "->", case["greedy_text"].split("<|im_end|>")[0])
    print("smallest margin", min(min(case["margins"]) for case in result["prompts"]))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
