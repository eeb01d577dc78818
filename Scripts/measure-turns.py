#!/usr/bin/env python3
"""What a chat's next turn costs over slow lines: the time to its first word, and bytes sent.

Two nodes that hold half of a random model each, and a prompter, each in a network namespace that
this script makes and removes, 25 ms apart one way, with so many megabits a second to send. The same
history is asked with one sentence more each time, by one name (`--as`); answers must be those of
`--alone`. Needs root, iproute2, numpy and a tokenizer.json of 512 pieces; says SKIPPED and ends with
0 where it may not.
Usage: Scripts/measure-turns.py [--binary PATH] [--shape 110m] [--rate 10] [--delay 25] [--rounds 3]
"""
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

TURNS, SENTENCES, TOKENS, SEED = 3, 12, 4, 7


def sent_bytes(town, index):
    path = "/sys/class/net/eth0/statistics/tx_bytes"
    done = subprocess.run([*inside(town, index), "cat", path], capture_output=True, text=True,
                          check=True)
    return int(done.stdout)


def inside(town, index):
    """Words before a command of a machine: the two nodes', then the prompter's."""
    return ["ip", "netns", "exec", town.names[index]]


def start(town, binary, place, layers, swarm):
    nodes = []
    for index in range(2):
        command = serving.node_command(
            binary, "0.0.0.0:7777", swarm, f"{place}/node{index}", layers)
        command = [*inside(town, index), *command, "--peer", f"10.77.0.{2 - index}:7777"]
        with open(f"{place}/node{index}.log", "w") as log:
            nodes.append(subprocess.Popen(command, stdout=log, stderr=log))
    return nodes


def ask(town, binary, place, text, name, swarm):
    """One turn's figures, and the megabytes that both nodes and the prompter sent for it."""
    before = [sent_bytes(town, index) for index in range(3)]
    words = ["--wait", "60", "--peer", "10.77.0.1:7777", "--swarm", swarm, "--as", name, "--data",
             place + "/prompter"]
    answer = serving.prompt(binary, text, TOKENS, SEED, words, inside(town, 2))
    after = [sent_bytes(town, index) for index in range(3)]
    return answer, [(end - begin) / 1e6 for begin, end in zip(before, after)]


def main():
    parser = serving.model_arguments()
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--delay", type=float, default=25)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not namespaces.can_make_namespaces():
        return 0
    binary, swarm = os.path.abspath(options.binary), f"turns-{os.getpid()}"
    town, nodes = namespaces.Town(3, options.delay, options.rate), []
    with tempfile.TemporaryDirectory(prefix="bored-turns-") as place:
        try:
            serving.make_model(place + "/model", options.tokenizer, options.shape)
            serving.run(binary, ["model", "import", place + "/model", "--name", "random", "--json",
                                 "--data", place + "/alone"])
            serving.copy_stores(place, ["node0", "node1", "prompter"])
            nodes = start(town, binary, place, serving.SHAPES[options.shape][2], swarm)
            time.sleep(5)
            times = [[] for _ in range(TURNS)]
            for index in range(options.rounds):
                text = serving.WORDS * SENTENCES
                for turn in range(TURNS):
                    alone = serving.prompt(
                        binary, text, TOKENS, SEED, ["--alone", "--data", place + "/alone"])
                    answer, sent = ask(town, binary, place, text, f"round{index}", swarm)
                    if answer["ids"] != alone["ids"]:
                        sys.exit("the mesh gave another answer")
                    times[turn].append(answer["first"])
                    print(f"round {index}, turn {turn}: first word after "
                          f"{answer['first']:.2f} s; sent by the prompter {sent[2]:.2f} MB, "
                          f"by the nodes {sent[0]:.2f} and {sent[1]:.2f} MB", flush=True)
                    text += serving.WORDS
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
