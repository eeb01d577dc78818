#!/usr/bin/env python3
"""Measures a chain of two nodes of one thread beside one process of one thread, as ratios.

A random model of a given shape is made, imported, and served by two `bored node` processes on
loopback, half of the layers each; two processes that need nothing of each other show what the
machine can give at most. What is compared is measured within the same minute, and every other round
the other way round: a machine's memory gets faster and slower by itself. The figure is the median
of the rounds' own ratios; the best of each side, divided, stands beside it. A virtual machine may
lose its processors to others just while both are busy (/proc/stat, "steal"): where there are
measurements during which it lost no more than a hundredth of them, only those count. Needs numpy,
and a tokenizer.json of 512 pieces.
Usage: Scripts/measure-serving.py [--binary PATH] [--tokenizer FOLDER] [--shape 110m] [--rounds 5]
"""
import argparse
import concurrent.futures
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import numpy

SHAPES = {  # hidden, feed-forward, layers, heads, key and value heads
    "8m": (256, 704, 8, 8, 8),
    "110m": (768, 2048, 12, 12, 12),
    "1b": (2048, 8192, 16, 32, 8),
}
VOCABULARY = 512
WORDS = "The quick brown fox jumps over the lazy dog and runs far away into the wood. "
PATIENCE_SECONDS = 300
# After a process that held a whole model: a virtual machine may give what it freed back to its host
# in the seconds that follow, and what that takes is taken from whoever is measured next.
REST_SECONDS = 10


def make_model(folder, tokenizer, shape):
    """A Hugging Face folder with random F16 weights."""
    hidden, wide, layers, heads, cached = SHAPES[shape]
    os.makedirs(folder)
    for name in ["tokenizer.json", "tokenizer_config.json"]:
        shutil.copy(f"{tokenizer}/{name}", folder)
    head = hidden // heads
    with open(folder + "/config.json", "w") as file:
        json.dump(dict(
            architectures=["LlamaForCausalLM"], model_type="llama", hidden_size=hidden,
            intermediate_size=wide, num_hidden_layers=layers, num_attention_heads=heads,
            num_key_value_heads=cached, head_dim=head, vocab_size=VOCABULARY,
            max_position_embeddings=2048, rms_norm_eps=1e-5, rope_theta=10000.0, hidden_act="silu",
            bos_token_id=1, eos_token_id=2, tie_word_embeddings=True, torch_dtype="float16"), file)
    sizes = {"model.embed_tokens.weight": (VOCABULARY, hidden), "model.norm.weight": (hidden,)}
    for layer in range(layers):
        name = f"model.layers.{layer}."
        for part, size in [
                ("self_attn.q_proj", (hidden, hidden)), ("self_attn.k_proj", (cached * head, hidden)),
                ("self_attn.v_proj", (cached * head, hidden)), ("self_attn.o_proj", (hidden, hidden)),
                ("mlp.gate_proj", (wide, hidden)), ("mlp.up_proj", (wide, hidden)),
                ("mlp.down_proj", (hidden, wide)), ("input_layernorm", (hidden,)),
                ("post_attention_layernorm", (hidden,))]:
            sizes[name + part + ".weight"] = size
    header, offset = {}, 0
    for name, size in sizes.items():
        count = 2 * int(numpy.prod(size))
        header[name] = dict(dtype="F16", shape=list(size), data_offsets=[offset, offset + count])
        offset += count
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    chance = numpy.random.default_rng(1)
    with open(folder + "/model.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for size in sizes.values():
            if len(size) == 1:
                numbers = numpy.ones(size, numpy.float16)
            else:
                scale = (3 / size[1]) ** 0.5
                numbers = chance.uniform(-scale, scale, size).astype(numpy.float16)
            file.write(numbers.tobytes())
    return offset


def run(binary, arguments, inside=()):
    """The last line of what a command says; `inside` are words before it, of its machine."""
    done = subprocess.run([*inside, binary, *arguments], capture_output=True, text=True,
                          timeout=PATIENCE_SECONDS)
    if done.returncode != 0:
        sys.exit(f"bored {' '.join(arguments[:2])}: {done.stderr.strip()}")
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]) if lines else {}


def prompt(binary, text, tokens, seed, place, inside=()):
    """One answer's figures: prefill and decode, in tokens per second, and times in seconds."""
    answer = run(binary, ["prompt", text, "--raw", "--json", "--model", "random", "--draft", "none",
                          "--max-tokens", str(tokens), "--seed", str(seed), "--temperature", "1",
                          "--top-p", "1", *place], inside)
    stats = answer["stats"]
    return dict(
        prefill=len(answer["promptIds"]) / stats["firstTokenMilliseconds"] * 1000,
        decode=stats["tokensPerSecond"], ids=answer["ids"],
        first=stats["firstTokenMilliseconds"] / 1000,
        seconds=stats["firstTokenMilliseconds"] / 1000
        + (len(answer["ids"]) - 1) / max(1e-9, stats["tokensPerSecond"]))


def together(binary, text, tokens, seed, places):
    """Figures of the same prompt by several prompters at once."""
    with concurrent.futures.ThreadPoolExecutor(len(places)) as pool:
        return list(pool.map(lambda place: prompt(binary, text, tokens, seed, place), places))


def processor_times():
    """Ticks of all processors since the start, and those of them that the machine did not get."""
    with open("/proc/stat") as file:
        ticks = [int(field) for field in file.readline().split()[1:]]
    return sum(ticks[:8]), ticks[7] if len(ticks) > 7 else 0


class Figures:
    """What was measured, by name, and how much of the processors was taken meanwhile."""

    def __init__(self):
        self.all = {}

    def measure(self, work):
        """What work returns, and the share of the processors that was taken meanwhile."""
        before = processor_times()
        result = work()
        after = processor_times()
        return result, (after[1] - before[1]) / max(1, after[0] - before[0])

    def add(self, name, value, share):
        self.all.setdefault(name, []).append((share, value))

    def best(self, name):
        """The best of those at rest; of all where there are none."""
        least = min(share for share, _ in self.all[name])
        return max(value for share, value in self.all[name] if share <= max(0.01, least))

    def ratio(self, name, base):
        """In the middle of the rounds at rest; of all where there are none."""
        rounds = [(max(one[0], other[0]), one[1] / other[1])
                  for one, other in zip(self.all[name], self.all[base])]
        least = min(share for share, _ in rounds)
        return statistics.median(
            ratio for share, ratio in rounds if share <= max(0.01, least))

    def last(self):
        """The last of each, in tokens a second."""
        texts = []
        for name, values in self.all.items():
            share, value = values[-1]
            taken = f" ({share:.0%} taken)" if share > 0.01 else ""
            texts.append(f"{name} {value:.1f}{taken}")
        return ", ".join(texts)


def anonymous_memory(process):
    """Bytes of a process that are no file's."""
    with open(f"/proc/{process.pid}/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    return int(fields["RssAnon"].split()[0]) * 1024


def listening(data):
    try:
        with open(data + "/node.json") as file:
            return json.load(file)["address"]
    except (OSError, ValueError):
        return None


def copy_stores(place, names):
    """The store in `alone`, for others with keys of their own."""
    for other in names:
        subprocess.run(["cp", "-al", place + "/alone", f"{place}/{other}"], check=True)
        for name in ["key", "node.key", "node.json", "lock"]:
            if os.path.exists(f"{place}/{other}/{name}"):
                os.remove(f"{place}/{other}/{name}")


def node_command(binary, listen, swarm, data, layers):
    """A node that holds half of the layers."""
    return [binary, "node", "--listen", listen, "--swarm", swarm, "--data", data, "--model",
            "random", "--layers", str(layers // 2), "--threads", "1", "--run", "always", "--json"]


def model_arguments():
    """A parser of what every measurement with a random model takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=".build/release/bored")
    parser.add_argument(
        "--tokenizer",
        default=os.environ.get("BORED_REFERENCE", "../shared/models") + "/stories260K/hf")
    parser.add_argument("--shape", default="110m", choices=SHAPES)
    return parser


def start(binary, place, swarm, layers):
    """Two nodes that hold half of the layers each, and the first one's address."""
    nodes, address = [], None
    for index in range(2):
        data = f"{place}/node{index}"
        command = node_command(binary, "127.0.0.1:0", swarm, data, layers)
        if address:
            command += ["--peer", address]
        with open(data + ".log", "w") as log:
            nodes.append(subprocess.Popen(command, stdout=log, stderr=log))
        deadline = time.time() + 30
        while listening(data) is None and time.time() < deadline:
            time.sleep(0.05)
        address = address or listening(data)
    return nodes, address


class Serving:
    """Both sides of a comparison: the model in one process, and in two nodes."""

    def __init__(self, binary, place, address, swarm, figures, tokens):
        self.binary, self.figures, self.tokens = binary, figures, tokens
        self.alone, self.other_alone = [["--alone", "--threads", "1", "--data", f"{place}/{data}"]
                                        for data in ["alone", "visitor0"]]
        self.mesh = [["--peer", address, "--swarm", swarm, "--wait", "120", "--data",
                      f"{place}/visitor{index}"] for index in range(4)]

    def prompt_alone(self, text, seed):
        """A prompt in one process."""
        one, share = self.figures.measure(
            lambda: prompt(self.binary, text, self.tokens, seed, self.alone))
        self.figures.add("alone prefill", one["prefill"], share)
        self.figures.add("alone decode", one["decode"], share)
        time.sleep(REST_SECONDS)
        return [one["ids"]]

    def prompt_mesh(self, text, seed):
        """A prompt over two nodes, and the same as a chat goes on: the stages have kept most."""
        named = self.mesh[0] + ["--as", f"round{seed}"]
        other, share = self.figures.measure(
            lambda: prompt(self.binary, text, self.tokens, seed, named))
        self.figures.add("mesh prefill", other["prefill"], share)
        self.figures.add("mesh decode", other["decode"], share)
        turn, share = self.figures.measure(
            lambda: prompt(self.binary, text + WORDS, 1, seed, named))
        self.figures.add("next turn", turn["prefill"], share)
        return [other["ids"]]

    def short_alone(self, seed):
        """A prompt of a word, so that no time is measured in which others' prompts run."""
        short, share = self.figures.measure(
            lambda: prompt(self.binary, "The", 4 * self.tokens, seed, self.alone))
        self.figures.add("alone short", short["decode"], share)
        time.sleep(REST_SECONDS)
        return [short["ids"]]

    def short_mesh(self, seed, alone_before):
        """The same over two nodes, by one, two and four prompters; by one next to `alone`."""
        all_ids = []
        counts = [(1, "one"), (2, "two"), (4, "four")]
        for count, name in counts if alone_before else reversed(counts):
            answers, share = self.figures.measure(lambda: together(
                self.binary, "The", 4 * self.tokens, seed, self.mesh[:count]))
            all_ids += [answer["ids"] for answer in answers]
            self.figures.add(name, sum(answer["decode"] for answer in answers), share)
        return all_ids

    def both(self, text, seed):
        """Two processes that need nothing of each other."""
        both, share = self.figures.measure(lambda: together(
            self.binary, text, self.tokens, seed, [self.alone, self.other_alone]))
        for name in ["prefill", "decode"]:
            self.figures.add(f"both {name}", sum(each[name] for each in both), share)
        time.sleep(2 * REST_SECONDS)

    def round(self, text, index):
        """Everything once; every other time the mesh before the process."""
        seed, first = 100 + index, index % 2 == 0
        for sides in [
                [lambda: self.prompt_alone(text, seed), lambda: self.prompt_mesh(text, seed)],
                [lambda: self.short_alone(seed), lambda: self.short_mesh(seed, first)]]:
            ids = [each for side in (sides if first else sides[::-1]) for each in side()]
            if any(each != ids[0] for each in ids):
                sys.exit("the mesh gave another answer")
        self.both(text, seed)
        print(f"round {index}: {self.figures.last()}", flush=True)


def import_model(binary, place, tokenizer, shape):
    """A model in the stores of all; its bytes."""
    size = make_model(place + "/model", tokenizer, shape)
    begin = time.time()
    run(binary, ["model", "import", place + "/model", "--name", "random", "--json",
                 "--data", place + "/alone"])
    taken = time.time() - begin
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(f"import: {size / 1e6 / taken:.0f} MB/s of {size / 1e6:.0f} MB, "
          f"peak memory with the mapped file {peak / 1e6:.0f} MB")
    copy_stores(place, ["node0", "node1", *[f"visitor{index}" for index in range(4)]])
    os.sync()  # or the disk is written to while the first rounds run
    return size


def main():
    parser = model_arguments()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--sentences", type=int, default=12, help="of the prompt, 45 tokens each")
    options = parser.parse_args()
    binary = os.path.abspath(options.binary)
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="bored-serving-") as place:
        size = import_model(binary, place, options.tokenizer, options.shape)
        swarm = f"serving-{os.getpid()}"
        nodes, address = start(binary, place, swarm, SHAPES[options.shape][2])
        try:
            serving = Serving(binary, place, address, swarm, figures, options.tokens)
            for index in range(options.rounds):
                serving.round(WORDS * options.sentences, index)
            memory = [anonymous_memory(node) for node in nodes]
        finally:
            for node in nodes:
                node.send_signal(signal.SIGTERM)
            for node in nodes:
                node.wait(timeout=20)
    layer_bytes = size - 2 * VOCABULARY * SHAPES[options.shape][0]
    print(f"memory of both nodes: {sum(memory) / layer_bytes:.2f} of their layers")
    for text, name, base in [
            ("prefill of two processes, of one's", "both prefill", "alone prefill"),
            ("decode of two processes, of one's", "both decode", "alone decode"),
            ("prefill over two nodes, of one's", "mesh prefill", "alone prefill"),
            ("prefill of a chat's next turn, of the first's", "next turn", "mesh prefill"),
            ("decode behind a prompt, of one node's", "mesh decode", "alone decode"),
            ("one request's decode, of one node's", "one", "alone short"),
            ("two requests' decode, of one node's", "two", "alone short"),
            ("four requests' decode, of one node's", "four", "alone short")]:
        print(f"{text}: {figures.ratio(name, base):.2f}, "
              f"best of best {figures.best(name) / figures.best(base):.2f}")


if __name__ == "__main__":
    main()
