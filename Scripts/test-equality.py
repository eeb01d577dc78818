#!/usr/bin/env python3
"""Checks that a mesh answers token for token what one process alone answers.

Real node processes on loopback, kernel levels mixed; prompts and seeds differ in every case.
Usage: Scripts/test-equality.py [--binary PATH] [--nodes 2,5,12] [--prompts 50]
Exit code: 0 all equal, 1 a difference or a failure.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

WORDS = ["Hello", "Tell me a story", "What is a cat?", "Who are you?", "Count to ten",
         "Why is the sky blue?", "Say something kind", "What do birds eat?", "Good night", "2+2"]
HEALTH_PATIENCE_SECONDS = 30
PROMPT_PATIENCE_SECONDS = 60


def run(binary, arguments):
    """One command's exit code, last line of output as an object, and standard error."""
    done = subprocess.run([binary, *arguments], capture_output=True, text=True,
                          timeout=PROMPT_PATIENCE_SECONDS)
    lines = done.stdout.strip().splitlines()
    return done.returncode, json.loads(lines[-1]) if lines else {}, done.stderr.strip()


def kernel_levels(binary, place):
    """The levels that this machine runs."""
    levels = []
    for level in ["scalar", "avx2", "avx512", "neon"]:
        code, _, _ = run(binary, ["prompt", "a", "--alone", "--json", "--max-tokens", "1",
                                  "--kernel", level, "--data", place + "/probe"])
        if code == 0:
            levels.append(level)
    return levels


def start(binary, place, swarm, count, layers, levels):
    """Processes, and the address of the first of them."""
    processes, address = [], None
    for index in range(count):
        data = f"{place}/{swarm}-{index}"
        log = f"{data}.log"
        command = [binary, "node", "--listen", "127.0.0.1:0", "--swarm", swarm, "--data", data,
                   "--layers", str(layers), "--kernel", levels[index % len(levels)], "--json",
                   "--run", "always"]
        if address:
            command += ["--peer", address]
        with open(log, "w") as file:
            processes.append(subprocess.Popen(command, stdout=file, stderr=file))
        deadline = time.time() + 20
        while address is None and time.time() < deadline:
            time.sleep(0.02)
            address = listening(data)
    if address is None:
        stop(processes)
        sys.exit(f"the first node did not start: {open(log).read()}")
    return processes, address


def listening(data):
    """Where the node of a data directory says it listens."""
    try:
        with open(data + "/node.json") as file:
            return json.load(file).get("address")
    except (OSError, ValueError):
        return None


def stop(processes):
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_until_covered(binary, place, swarm, address, count):
    deadline = time.time() + HEALTH_PATIENCE_SECONDS
    while time.time() < deadline:
        code, report, _ = run(binary, ["health", "--json", "--peer", address, "--swarm", swarm,
                                       "--data", place + "/observer"])
        if code == 0 and report.get("models") and report["nodeCount"] >= count:
            return True
    return False


def compare(binary, place, swarm, address, index):
    """None where both answers agree, else what differs; and the stages of the chain."""
    text = f"{WORDS[index % len(WORDS)]} {index}"
    common = [text, "--json", "--seed", str(1000 + index), "--max-tokens", "60",
              "--temperature", ["0", "0.7", "1.2"][index % 3]]
    code, alone, error = run(binary, ["prompt", *common, "--alone", "--data", place + "/alone"])
    if code != 0:
        return f"alone: {error}", 0
    code, mesh, error = run(binary, ["prompt", *common, "--peer", address, "--swarm", swarm,
                                     "--data", place + "/prompter"])
    if code != 0:
        return f"mesh: {error}", 0
    for key in ["ids", "text", "promptIds", "finish"]:
        if alone[key] != mesh[key]:
            return f"{key}: alone {alone[key]!r}, mesh {mesh[key]!r}", len(mesh["chain"])
    return None, len(mesh["chain"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=".build/release/bored")
    parser.add_argument("--nodes", default="2,5,12")
    parser.add_argument("--prompts", type=int, default=50)
    options = parser.parse_args()
    binary = os.path.abspath(options.binary)
    failures = 0
    with tempfile.TemporaryDirectory(prefix="bored-equality-") as place:
        levels = kernel_levels(binary, place)
        print("kernel levels:", ", ".join(levels), flush=True)
        for count in map(int, options.nodes.split(",")):
            layers = 3 if count == 2 else 2
            swarm = f"equality-{os.getpid()}-{count}"
            processes, address = start(binary, place, swarm, count, layers, levels)
            equal, stages = 0, set()
            try:
                if not wait_until_covered(binary, place, swarm, address, count):
                    print(f"{count} nodes: not covered", flush=True)
                    failures += options.prompts
                    continue
                for index in range(options.prompts):
                    problem, length = compare(binary, place, swarm, address, index)
                    stages.add(length)
                    if problem is None:
                        equal += 1
                    else:
                        print(f"{count} nodes, prompt {index}: {problem}", flush=True)
            finally:
                stop(processes)
            failures += options.prompts - equal
            print(f"{count} nodes: {equal} of {options.prompts} answers equal, stages "
                  f"{sorted(stages)}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
