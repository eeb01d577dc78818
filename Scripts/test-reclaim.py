#!/usr/bin/env python3
"""Brings owners back in the middle of texts, and measures what that costs the text and the owner.

Real node processes on loopback. Usage: Scripts/test-reclaim.py [--binary PATH] [--runs 20] [--seed 1]
  [--parts text,rest,owner,large] [--tokenizer FOLDER] [--shape 110m]
  1. A stage of a running text is paused (bored pause): the text must be that of --alone; printed are
     the stall, the time until the node holds no layers, and its memory before and after.
  2. A paused node's processor time over some seconds.
  3. A foreground job of the owner's, with a working node beside it and without, by turns.
  4. A node with all layers of a random model of a larger shape is paused while it computes a prompt
     for others, `--runs` times: the time from the owner's word to the last of its computing threads'
     processor time, and until its memory is given back. Needs numpy, and a tokenizer.json of 512
     pieces.
Exit code: 0 all texts equal, 1 a difference or a failure.
"""
import argparse
import shutil
import socket
import importlib.util
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("recovery", here + "/test-recovery.py")
recovery = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recovery)
serving_spec = importlib.util.spec_from_file_location("serving", here + "/measure-serving.py")

CONTEXT_WORDS = 310
TOKENS = 120
TICKS = os.sysconf("SC_CLK_TCK")
JOB = "x = 1\nfor i in range(4_000_000): x = (x * 1103515245 + i) & 0xFFFFFFFF"


def resident(process):
    with open(f"/proc/{process.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def long_case(binary, place, chance):
    """A prompt that fills most of a context of 512, and its answer."""
    words = "the mesh of idle cars runs a model while their owners sleep and".split()
    while True:
        text = " ".join(chance.choice(words) for _ in range(CONTEXT_WORDS))
        case = [text, "--json", "--raw", "--seed", str(chance.randrange(1 << 30)), "--max-tokens",
                str(TOKENS), "--temperature", "1.2"]
        answer = recovery.ask_alone(binary, place, case)
        if len(answer["ids"]) >= TOKENS // 2:
            return case, answer


def presence(binary, data):
    done = subprocess.run([binary, "presence", "--json", "--data", data], capture_output=True,
                          text=True)
    return json.loads(done.stdout)["presence"]


def reclaim(fleet, runs, place, chance):
    """Part 1; failures, and one paused node for part 2."""
    stalls, memory, failures, mended = [], [], 0, 0
    for number in range(runs):
        if not fleet.wait_until_covered():
            print(f"run {number}: the fleet is not covered twice", flush=True)
        case, alone = long_case(fleet.binary, place, chance)
        before = [resident(process) for process in fleet.processes]
        problem, stall, victims = recovery.run(fleet, case, alone, "pause", chance)
        if problem:
            failures += 1
            print(f"run {number}: {problem}", flush=True)
        elif stall is not None:
            stalls.append(stall)
            mended += 1
        time.sleep(2)
        for index in victims:
            memory.append((before[index], resident(fleet.processes[index])))
            data = f"{fleet.place}/{fleet.swarm}-{index}"
            subprocess.run([fleet.binary, "resume", "--data", data], stdout=subprocess.DEVNULL)
    stalls.sort()
    if stalls:
        p95 = stalls[min(len(stalls) - 1, int(0.95 * len(stalls)))]
        print(f"reclaim: {runs - failures} of {runs} texts equal; stall of {len(stalls)}: median "
              f"{statistics.median(stalls):.1f} ms, 95th percentile {p95:.1f} ms, longest "
              f"{stalls[-1]:.1f} ms", flush=True)
    if memory:
        print(f"resident memory: {statistics.median(m[0] for m in memory)} KiB while it works, "
              f"{statistics.median(m[1] for m in memory)} KiB two seconds after", flush=True)
    return failures


def rest(fleet, seconds=5):
    """Part 2."""
    data = f"{fleet.place}/{fleet.swarm}-0"
    subprocess.run([fleet.binary, "pause", "--data", data], stdout=subprocess.DEVNULL)
    time.sleep(2)
    process = fleet.processes[0]
    start = processor_seconds(process)
    time.sleep(seconds)
    share = (processor_seconds(process) - start) / seconds
    print(f"paused ({presence(fleet.binary, data)}): {100 * share:.2f} % of a core, "
          f"{resident(process)} KiB", flush=True)


def job(count):
    """Seconds that a job on every core takes."""
    start = time.time()
    jobs = [subprocess.Popen([sys.executable, "-c", JOB]) for _ in range(count)]
    for each in jobs:
        each.wait()
    return time.time() - start


def foreground(binary, place, turns):
    """Part 3: one node with a thread for each core, kept busy, and the owner's job."""
    cores = os.cpu_count()
    data, swarm = place + "/owner", f"owner-{os.getpid()}"
    command = [binary, "node", "--listen", "127.0.0.1:0", "--swarm", swarm, "--data", data,
               "--threads", str(cores), "--foreign-load", "off"]
    with open(place + "/owner.log", "w") as log:
        node = subprocess.Popen(command, stdout=log, stderr=log)
    time.sleep(3)
    ask = ["nice", "-n", "19", binary, "prompt", "a mesh of idle cars " * 30, "--raw", "--max-tokens", "100",
           "--data", data, "--swarm", swarm, "--temperature", "1.5"]
    alone, beside, before, during = [], [], [], []
    try:
        for _ in range(turns):
            alone.append(job(cores))
            stream = [subprocess.Popen(
                ["sh", "-c", 'while :; do "$@"; done', "sh", *ask], stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True) for _ in range(cores)]
            start = processor_seconds(node)
            time.sleep(1)
            before.append(processor_seconds(node) - start)
            start = processor_seconds(node)
            beside.append(job(cores))
            during.append((processor_seconds(node) - start) / beside[-1])
            for each in stream:
                os.killpg(each.pid, 15)
                each.wait()
            time.sleep(0.5)
    finally:
        node.terminate()
        node.wait()
    print(f"foreground job on {cores} cores: alone best {min(alone):.2f} s, beside a busy node best "
          f"{min(beside):.2f} s, ratio of the best {min(beside) / min(alone):.3f}, of the medians "
          f"{statistics.median(beside) / statistics.median(alone):.3f}; the node got "
          f"{100 * statistics.median(before):.0f} % of a core before it and "
          f"{100 * statistics.median(during):.0f} % beside it", flush=True)


def computing_nanoseconds(process):
    """Processor time of the threads that run layers."""
    total = 0
    for thread in os.listdir(f"/proc/{process.pid}/task"):
        try:
            with open(f"/proc/{process.pid}/task/{thread}/comm") as file:
                if file.read().strip() not in ("bored-compute", "bored-crew"):
                    continue
            with open(f"/proc/{process.pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
        except OSError:
            pass
    return total


def say_pause(data):
    """The owner's word, without the start of a process in between."""
    with open(data + "/pause.new", "w") as file:
        file.write("until resumed\n")
    os.rename(data + "/pause.new", data + "/pause")
    start = time.monotonic()
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(data + "/presence.sock")
        line.sendall(b"look\n")
        line.recv(64)
    return start


def large(binary, place, runs, tokenizer, shape, chance):
    """Part 4; failures."""
    serving = importlib.util.module_from_spec(serving_spec)
    serving_spec.loader.exec_module(serving)
    serving.make_model(place + "/model", tokenizer, shape)
    layers = serving.SHAPES[shape][2]
    fleet, swarm, address = [], f"large-{os.getpid()}", None
    for name in ["asker", "large0", "large1"]:
        serving.run(binary, ["model", "import", place + "/model", "--name", "random", "--data",
                             f"{place}/{name}", "--json"])
    shutil.rmtree(place + "/model")
    failures, last, back, kept = 0, [], [], []
    try:
        for index in range(2):
            data = f"{place}/large{index}"
            command = [binary, "node", "--listen", "127.0.0.1:0", "--swarm", swarm, "--data", data,
                       "--model", "random", "--threads", "1", "--run", "always", "--json"]
            command += ["--peer", address] if address else []
            with open(data + ".log", "w") as log:
                fleet.append(subprocess.Popen(command, stdout=log, stderr=log))
            while serving.listening(data) is None:
                time.sleep(0.05)
            address = address or serving.listening(data)
        for number in range(runs):
            problem = reclaim_large(
                binary, place, fleet, swarm, layers, address, chance, last, back, kept)
            if problem:
                failures += 1
                print(f"large, run {number}: {problem}", flush=True)
    finally:
        for node in fleet:
            node.kill()
            node.wait()
    if last:
        print(f"{shape}, all {layers} layers, paused while it computes: {len(last)} texts equal; last "
              f"processor time of its computing threads {statistics.median(last):.0f} ms after the "
              f"word, {max(last):.0f} ms at most; memory of its own down to "
              f"{max(kept) / 1024:.0f} MiB after {statistics.median(back):.0f} ms, {max(back):.0f} ms "
              "at most", flush=True)
    return failures


def held_layers(place, index):
    """Whether a node's log says that it holds layers now."""
    with open(f"{place}/large{index}.log") as log:
        words = [line for line in log if '"event":"ready"' in line or '"event":"released"' in line]
    return bool(words) and '"event":"ready"' in words[-1]


def reclaim_large(binary, place, fleet, swarm, layers, address, chance, last, back, kept):
    deadline = time.time() + 120
    while not all(held_layers(place, index) for index in range(2)):
        if time.time() > deadline:
            return "the nodes do not hold the layers"
        time.sleep(0.1)
    time.sleep(1)
    words = "the mesh of idle cars runs a model while their owners sleep and".split()
    text = " ".join(chance.choice(words) for _ in range(300))
    ask = [binary, "prompt", text, "--raw", "--json", "--model", "random", "--draft", "none",
           "--max-tokens", "20", "--seed", str(chance.randrange(1 << 30)), "--temperature", "1",
           "--data", place + "/asker"]
    alone = json.loads(subprocess.run([*ask, "--alone"], capture_output=True, text=True)
                       .stdout.strip().splitlines()[-1])
    before = [computing_nanoseconds(node) for node in fleet]
    process = subprocess.Popen([*ask, "--peer", address, "--swarm", swarm, "--wait", "60"],
                               stdout=subprocess.PIPE, text=True)
    busy = None
    while busy is None and process.poll() is None:
        busy = next((index for index, node in enumerate(fleet)
                     if computing_nanoseconds(node) - before[index] > 30e6), None)
        time.sleep(0.002)
    if busy is None:
        return "the text was over before"
    time.sleep(chance.uniform(0, 0.4))
    node, data = fleet[busy], f"{place}/large{busy}"
    full, spent = resident_own(node), computing_nanoseconds(node)
    start = say_pause(data)
    stopped, given = start, None
    while time.monotonic() < start + 3:
        now, used = time.monotonic(), computing_nanoseconds(node)
        if used > spent + 200_000:
            stopped, spent = now, used
        if given is None and resident_own(node) < full / 4:
            given = now
        time.sleep(0.002)
    answer = json.loads(process.communicate(timeout=300)[0].strip().splitlines()[-1])
    subprocess.run([binary, "resume", "--data", data], stdout=subprocess.DEVNULL)
    if answer.get("ids") != alone["ids"]:
        return f"alone {alone['ids']}, mesh {answer}"
    if given is None:
        return f"{full} KiB before the word, {resident_own(node)} KiB 3 s after it"
    last.append(1000 * (stopped - start))
    back.append(1000 * (given - start))
    kept.append(resident_own(node))
    return None


def resident_own(process):
    """Kibibytes that are no file's."""
    with open(f"/proc/{process.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=".build/release/bored")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", default="text,rest,owner,large")
    parser.add_argument("--tokenizer", default=os.environ.get(
        "BORED_REFERENCE", "../shared/models") + "/stories260K/hf")
    parser.add_argument("--shape", default="110m")
    options = parser.parse_args()
    binary, chance = os.path.abspath(options.binary), random.Random(options.seed)
    random.seed(options.seed)
    with tempfile.TemporaryDirectory(prefix="bored-reclaim-") as place:
        parts, failures = options.parts.split(","), 0
        if "text" in parts or "rest" in parts:
            fleet = recovery.Fleet(binary, place, 6, 2)
            try:
                if "text" in parts:
                    failures += reclaim(fleet, options.runs, place, chance)
                if "rest" in parts:
                    rest(fleet)
            finally:
                fleet.stop()
        if "owner" in parts:
            foreground(binary, place, 5)
        if "large" in parts:
            failures += large(
                binary, place, options.runs, options.tokenizer, options.shape, chance)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
