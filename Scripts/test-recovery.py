#!/usr/bin/env python3
"""Kills stages in the middle of texts, and checks that each text ends as one process alone writes it.

Real node processes on loopback. In each run a prompt is asked, and at a random token something
happens to stages of its chain; a run is good when ids and text are those of `--alone`.
Usage: Scripts/test-recovery.py [--binary PATH] [--runs 200] [--seed 1] [--how kill,stop,...]
  kill    SIGKILL of a random stage        stop    SIGSTOP of a random stage
  term    SIGTERM of a random stage        double  SIGKILL of two adjacent stages
  pause   its owner's word, bored pause
  each    SIGKILL of every stage of the first chain, one after another
  gap     SIGKILL of every node that holds layers of a random stage
  again   SIGKILL of a random stage, and of its replacement as soon as that says that it opens
  sleep   SIGSTOP of a random stage and SIGCONT after 30 s, in the middle of another text
  entry   SIGKILL of the prompter: every stage must free the request in time
  none    nothing: a chain that is mended was a false alarm
Exit code: 0 all equal, 1 a difference or a failure.
"""
import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "term": signal.SIGTERM,
           "double": signal.SIGKILL, "each": signal.SIGKILL, "gap": signal.SIGKILL,
           "none": 0, "pause": 0, "again": signal.SIGKILL, "sleep": signal.SIGSTOP}
# Nodes and layers of each for chains of 3 and 6 stages of the six-layer model, each layer held at
# least twice.
FLEETS = [(6, 2), (12, 1)]
TOKENS = 160
TOKENS_MINIMUM = 40
COVER_PATIENCE_SECONDS = 60
PROMPT_PATIENCE_SECONDS = 90
SLEEP_SECONDS = 30
# Protocol.md, "Deadlines": a stage without news of its request frees it after 45 s.
FREE_PATIENCE_SECONDS = 50


class Fleet:
    """Node processes of one swarm, restarted when something happened to them."""

    listen = "127.0.0.1:0"

    def inside(self, index):
        """Words before a command of a node's machine; of the prompter's where it is None."""
        return []

    def __init__(self, binary, place, count, layers):
        self.binary, self.place, self.count, self.layers = binary, place, count, layers
        self.swarm = f"recovery-{os.getpid()}-{count}"
        self.processes, self.addresses, self.index_of = [None] * count, [None] * count, {}
        self.layers_of = {}
        for index in range(count):
            self.start(index)

    def start(self, index):
        data = f"{self.place}/{self.swarm}-{index}"
        command = [*self.inside(index), self.binary, "node", "--listen", self.listen, "--swarm",
                   self.swarm, "--data", data, "--layers", str(self.layers), "--threads", "1",
                   "--run", "always", "--json"]
        for other in [a for a in self.addresses if a][:3]:
            command += ["--peer", other]
        for name in ["node.json", "pause"]:
            try:
                os.remove(f"{data}/{name}")
            except FileNotFoundError:
                pass
        with open(data + ".log", "a") as log:
            self.processes[index] = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.time() + 30
        while time.time() < deadline:
            try:
                with open(data + "/node.json") as file:
                    told = json.load(file)
                self.addresses[index], self.index_of[told["id"]] = told["address"], index
                return
            except (OSError, ValueError):
                time.sleep(0.01)
        sys.exit(f"node {index} did not start: see {data}.log")

    def hurt(self, index, how):
        """Does something to a node; `restart_lost` follows when the text is over."""
        if how == "pause":
            data = f"{self.place}/{self.swarm}-{index}"
            subprocess.run([self.binary, "pause", "--data", data], stdout=subprocess.DEVNULL)
        else:
            self.processes[index].send_signal(SIGNALS[how])

    def restart_lost(self, hurt):
        """Brings every node back that something happened to, and waits until it holds layers: for
        some seconds its peers still believe in its earlier life."""
        ready = {index: self.ready_count(index) for index in hurt}
        for index in hurt:
            self.processes[index].kill()
            self.processes[index].wait()
            self.addresses[index] = None
        for index in hurt:
            self.start(index)
        deadline = time.time() + COVER_PATIENCE_SECONDS
        while time.time() < deadline and any(
                self.ready_count(index) == count for index, count in ready.items()):
            time.sleep(0.05)

    def ready_count(self, index):
        """How often a node has said that its layers are ready."""
        return self.event_count(index, "ready")

    def event_count(self, index, event):
        with open(f"{self.place}/{self.swarm}-{index}.log") as log:
            return sum(f'"event":"{event}"' in line for line in log)

    def stop(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()

    def peers(self):
        """Arguments that name two nodes that are up."""
        words = []
        for address in random.sample([a for a in self.addresses if a], 2):
            words += ["--peer", address]
        return words + ["--swarm", self.swarm]

    def health(self):
        done = subprocess.run(
            [*self.inside(None), self.binary, "health", "--json", *self.peers(), "--data",
             self.place + "/observer"], capture_output=True, text=True)
        return json.loads(done.stdout.strip().splitlines()[-1])

    def wait_until_covered(self):
        deadline = time.time() + COVER_PATIENCE_SECONDS
        while time.time() < deadline:
            try:
                report = self.health()
                if min(report["models"][0]["holders"]) >= 2:
                    self.layers_of = {
                        self.index_of[node["id"]]: held["layers"]
                        for node in report["nodes"] if node["id"] in self.index_of
                        for held in node["holdings"]}
                    return True
            except (ValueError, LookupError):
                pass
            time.sleep(0.3)
        return False


def ask_alone(binary, place, case):
    done = subprocess.run([binary, "prompt", *case, "--alone", "--data", place + "/alone"],
                          capture_output=True, text=True, timeout=PROMPT_PATIENCE_SECONDS)
    return json.loads(done.stdout.strip().splitlines()[-1])


def cases(binary, place, count, chance):
    """Prompts with answers that are long enough to be interrupted, and those answers."""
    found = []
    while len(found) < count:
        words = ["Tell me a story", "What is a mesh?", "Who are you?", "Count to ten"]
        case = [f"{chance.choice(words)} {chance.randrange(1000)}", "--json", "--raw", "--seed",
                str(chance.randrange(1 << 30)), "--max-tokens", str(TOKENS), "--temperature",
                chance.choice(["0", "0.8", "1.2"])]
        answer = ask_alone(binary, place, case)
        if len(answer["ids"]) >= TOKENS_MINIMUM:
            found.append((case, answer))
    return found


def hurt(fleet, chain, how, chance):
    """Does it to stages of the chain; the indices of their processes."""
    nodes = [fleet.index_of[seat["node"]] for seat in chain]
    first = chance.randrange(len(nodes) - (1 if how == "double" else 0))
    chosen = nodes[first:first + (2 if how == "double" else 1)]
    if how == "gap":
        lower, upper = chain[first]["layers"]
        chosen = [index for index, held in fleet.layers_of.items()
                  if held[0] < upper and lower < held[1]]
    opened = [fleet.event_count(index, "stage") for index in range(fleet.count)]
    for index in chosen:
        fleet.hurt(index, how)
    deadline = time.time() + 3
    while how == "again" and len(chosen) == 1 and time.time() < deadline:
        others = [index for index in range(fleet.count)
                  if index not in chosen and fleet.event_count(index, "stage") > opened[index]]
        for index in others[:1]:
            fleet.hurt(index, how)
            chosen.append(index)
    return chosen


def run(fleet, case, alone, how, chance):
    """One prompt: what differs or None, its stall in milliseconds or None, and who was hurt."""
    command = [*fleet.inside(None), fleet.binary, "prompt", *case, "--stats", "--wait", "60", *fleet.peers(), "--data",
               fleet.place + "/prompter"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    length = len(alone["ids"])
    at = chance.randrange(1, length - 10)
    chain, first, victims, last, count, due = [], [], [], {}, 0, at
    for text in process.stdout:
        line = json.loads(text)
        if "text" in line or "error" in line:
            last = line
        elif "chain" in line:
            chain = line["chain"]
            first = first or [fleet.index_of[seat["node"]] for seat in chain]
            due = count + 3 if count else at
        elif "delta" in line:
            count += 1
            left = [i for i in first if i not in victims]
            if how == "each" and left and count >= due:
                fleet.processes[left[0]].send_signal(SIGNALS[how])
                victims.append(left[0])
                due = length
            elif how != "each" and not victims and count >= at:
                victims = hurt(fleet, chain, how, chance)
    process.wait(timeout=PROMPT_PATIENCE_SECONDS)
    if process.returncode != 0:
        return process.stderr.read().strip(), None, victims
    for key in ["ids", "text", "finish"]:
        if alone[key] != last[key]:
            return f"{key}: alone {alone[key]!r}, mesh {last[key]!r}", None, victims
    times = last["stats"]["tokenMicroseconds"]
    gaps = [b - a for a, b in zip(times, times[1:])]
    stall = (max(gaps) - statistics.median(gaps)) / 1000
    return None, stall if last["stats"]["mended"] else None, victims


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=".build/release/bored")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--how", default="kill")
    options = parser.parse_args()
    binary, chance = os.path.abspath(options.binary), random.Random(options.seed)
    random.seed(options.seed)
    failures = 0
    with tempfile.TemporaryDirectory(prefix="bored-recovery-") as place:
        known = cases(binary, place, min(options.runs, 40), chance)
        for how in options.how.split(","):
            for number, (count, layers) in enumerate(FLEETS):
                runs = (options.runs + (number == 0)) // len(FLEETS)
                act = entries if how == "entry" else series
                failures += act(binary, place, how, count, layers, runs, known, chance)
    return 1 if failures else 0


def wake(fleet, victims, case):
    """Lets stopped nodes go on after a time in which they were forgotten, in the middle of another
    text: it must be right, and they must be seen again as holders. The number of failures."""
    time.sleep(SLEEP_SECONDS)
    words, alone = case
    process = subprocess.Popen(
        [*fleet.inside(None), fleet.binary, "prompt", *words, "--wait", "60", *fleet.peers(),
         "--data", fleet.place + "/prompter"], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True)
    process.stdout.readline()
    start = time.time()
    for index in victims:
        fleet.processes[index].send_signal(signal.SIGCONT)
    answer = json.loads(process.communicate()[0].strip().splitlines()[-1])
    if any(answer.get(key) != alone[key] for key in ["ids", "text", "finish"]):
        print(f"sleep: the text at waking differs: {answer}", flush=True)
        return 1
    while time.time() < start + COVER_PATIENCE_SECONDS:
        here = [fleet.index_of.get(node["id"]) for node in fleet.health()["nodes"]
                if node["presence"] == "idle" and node["holdings"]]
        if all(index in here for index in victims):
            print(f"sleep: seen again {time.time() - start:.1f} s after waking", flush=True)
            return 0
        time.sleep(0.1)
    print("sleep: never seen again", flush=True)
    return 1


def entries(binary, place, how, count, layers, runs, known, chance):
    """Kills prompters in the middle of their texts; how long their stages keep the requests."""
    fleet, times = Fleet(binary, place, count, layers), []

    def open_count():
        return sum(fleet.event_count(index, "stage") - fleet.event_count(index, "closed")
                   for index in range(count))

    try:
        for number in range(runs):
            fleet.wait_until_covered()
            # Logs of earlier lives are still there.
            before = open_count()
            case, alone = chance.choice(known)
            process = subprocess.Popen(
                [binary, "prompt", *case, "--wait", "60", *fleet.peers(), "--data",
                 place + "/prompter"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                text=True)
            for _ in range(chance.randrange(1, len(alone["ids"]) - 20)):
                process.stdout.readline()
            process.kill()
            process.wait()
            start = time.time()
            while time.time() < start + FREE_PATIENCE_SECONDS and open_count() > before:
                time.sleep(0.1)
            times.append(time.time() - start)
        # States are looked at every two seconds, and take a moment to go round.
        time.sleep(5)
        left = [node["requests"] for node in fleet.health()["nodes"]]
    finally:
        fleet.stop()
    print(f"entry: {count} nodes with {layers} layers each: {len(times)} prompters killed; every stage "
          f"had freed the request after {statistics.median(times):.1f} s, {max(times):.1f} s at most; "
          f"requests at the nodes afterwards: {sum(left)}", flush=True)
    return sum(t >= FREE_PATIENCE_SECONDS for t in times) + (sum(left) > 0)


def series(binary, place, how, count, layers, runs, known, chance):
    fleet, equal, stalls, late, failures = Fleet(binary, place, count, layers), 0, [], 0, 0
    try:
        for number in range(runs):
            if not fleet.wait_until_covered():
                print(f"{how}, run {number}: the fleet is not covered twice", flush=True)
            case, alone = chance.choice(known)
            problem, stall, victims = run(fleet, case, alone, how, chance)
            if problem:
                failures += 1
                print(f"{how}, run {number}: {problem}", flush=True)
            else:
                equal += 1
            if stall is not None:
                stalls.append(stall)
            elif not problem:
                late += 1
            if how == "sleep":
                failures += wake(fleet, victims, chance.choice(known))
            else:
                fleet.restart_lost(victims)
    finally:
        fleet.stop()
    stalls.sort()
    words = f"{how}: {count} nodes with {layers} layers each: {equal} of {runs} texts equal"
    if stalls:
        p95 = stalls[min(len(stalls) - 1, int(0.95 * len(stalls)))]
        words += (f"; stall of {len(stalls)} mended chains: median {statistics.median(stalls):.0f} "
                  f"ms, 95th percentile {p95:.0f} ms, longest {stalls[-1]:.0f} ms")
    print(f"{words}; {late} texts ended before it mattered", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(main())
