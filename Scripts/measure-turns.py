#!/usr/bin/env python3
"""What a chat's next turn costs over slow lines: the time to its first word, and bytes sent.

Two nodes that hold half of a random model each, and a prompter, each in a network namespace that
this script makes and removes, 25 ms apart one way, with so many megabits a second to send. The same
history is asked with one sentence more each time, by one name (`--as`); answers must be those of
`--alone`. Needs root, iproute2, numpy and a tokenizer.json of 512 pieces; says SKIPPED and ends with
0 where it may not.
Usage: Scripts/measure-turns.py [--binary PATH] [--shape 110m] [--rate 10] [--delay 25] [--rounds 3]
"""
import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))


def module(name, file):
    spec = importlib.util.spec_from_file_location(name, f"{here}/{file}")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


namespaces = module("namespaces", "test-namespaces.py")
serving = module("serving", "measure-serving.py")

WORDS = "The quick brown fox jumps over the lazy dog and runs far away into the wood. "
TURNS, SENTENCES, SEED = 3, 12, 7


def sent_bytes(town, index):
    path = "/sys/class/net/eth0/statistics/tx_bytes"
    done = subprocess.run(["ip", "netns", "exec", town.names[index], "cat", path],
                          capture_output=True, text=True, check=True)
    return int(done.stdout)


def copy_store(place, names):
    for name in names:
        subprocess.run(["cp", "-al", place + "/alone", f"{place}/{name}"], check=True)
        for secret in ["key", "node.key", "node.json", "lock"]:
            if os.path.exists(f"{place}/{name}/{secret}"):
                os.remove(f"{place}/{name}/{secret}")


def start(town, binary, place, layers, swarm):
    nodes = []
    for index in range(2):
        command = ["ip", "netns", "exec", town.names[index], binary, "node", "--listen",
                   "0.0.0.0:7777", "--swarm", swarm, "--data", f"{place}/node{index}", "--model",
                   "random", "--layers", str(layers // 2), "--threads", "1", "--run", "always",
                   "--json", "--peer", f"10.77.0.{2 - index}:7777"]
        with open(f"{place}/node{index}.log", "w") as log:
            nodes.append(subprocess.Popen(command, stdout=log, stderr=log))
    return nodes


def ask(town, binary, place, text, name, swarm):
    """One turn: its seconds to the first word, and what the prompter and both nodes sent."""
    before = [sent_bytes(town, index) for index in range(3)]
    command = ["netns", "exec", town.names[2], binary, "prompt", text, "--raw", "--json",
               "--model", "random", "--draft", "none", "--max-tokens", "4", "--seed", str(SEED), "--temperature", "1",
               "--top-p", "1", "--wait", "60", "--peer", "10.77.0.1:7777", "--swarm", swarm, "--as", name,
               "--data", place + "/prompter"]
    answer = serving.run("ip", command)
    after = [sent_bytes(town, index) for index in range(3)]
    return (answer["stats"]["firstTokenMilliseconds"] / 1000,
            [(b - a) / 1e6 for a, b in zip(before, after)], answer["ids"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=".build/release/bored")
    parser.add_argument(
        "--tokenizer",
        default=os.environ.get("BORED_REFERENCE", "../shared/models") + "/stories260K/hf")
    parser.add_argument("--shape", default="110m", choices=serving.SHAPES)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--delay", type=float, default=25)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        namespaces.Town(1, 0).remove()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"SKIPPED: no network namespaces can be made here: {error}")
        return 0
    binary, swarm = os.path.abspath(options.binary), f"turns-{os.getpid()}"
    town, nodes = namespaces.Town(3, options.delay, options.rate), []
    with tempfile.TemporaryDirectory(prefix="bored-turns-") as place:
        try:
            serving.make_model(place + "/model", options.tokenizer, options.shape)
            serving.run(binary, ["model", "import", place + "/model", "--name", "random", "--json",
                                 "--data", place + "/alone"])
            copy_store(place, ["node0", "node1", "prompter"])
            nodes = start(town, binary, place, serving.SHAPES[options.shape][2], swarm)
            time.sleep(5)
            times = [[] for _ in range(TURNS)]
            for index in range(options.rounds):
                text = WORDS * SENTENCES
                for turn in range(TURNS):
                    alone = serving.prompt(binary, text, 4, SEED, ["--alone", "--data",
                                                                   place + "/alone"])
                    seconds, sent, ids = ask(town, binary, place, text, f"round{index}", swarm)
                    if ids != alone["ids"]:
                        sys.exit("the mesh gave another answer")
                    times[turn].append(seconds)
                    print(f"round {index}, turn {turn}: first word after {seconds:.2f} s; sent by "
                          f"the prompter {sent[2]:.2f} MB, by the nodes {sent[0]:.2f} and "
                          f"{sent[1]:.2f} MB", flush=True)
                    text += WORDS
        finally:
            for node in nodes:
                node.terminate()
            for node in nodes:
                node.wait(timeout=20)
            town.remove()
    medians = [statistics.median(turn) for turn in times]
    print(f"first word of the first turn after {medians[0]:.2f} s, of later ones after "
          f"{', '.join(f'{median:.2f} s' for median in medians[1:])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
