#!/usr/bin/env python3
"""What guessing ahead makes of a slow way: the same texts over chains with and without it.

Node processes in network namespaces that this script makes and removes, 25 ms apart one way. Some
texts repeat what stands in their prompt (a story told again, with another hero or in another
place), others do not; each is asked with and without drafts in turn, and all must be those of
`--alone`. Needs root and iproute2; says SKIPPED and ends with 0 where it may not.
Usage: Scripts/measure-drafts.py [--binary PATH] [--texts 6] [--seed 1] [--delay 25]
Exit code: 0 measured, 1 a text differs or a prompt failed.
"""
import argparse
import importlib.util
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("namespaces", here + "/test-namespaces.py")
namespaces = importlib.util.module_from_spec(spec)
spec.loader.exec_module(namespaces)
recovery = namespaces.recovery

OPENING_WORDS = 9
CHANGES = [("city", "forest"), ("garden", "harbour"), ("door", "gate"), ("small", "large")]


def told_again(binary, place, count, chance):
    """Prompts that hold a story and the first words of another like it."""
    found = []
    while len(found) < count:
        case = ["Tell me a story", "--json", "--seed", str(chance.randrange(1 << 30)),
                "--temperature", "0.9", "--max-tokens", "200"]
        story = recovery.ask_alone(binary, place, case)["text"]
        opening = " ".join(story.split()[:OPENING_WORDS])
        for word, other in CHANGES:
            opening = opening.replace(word, other)
        found.append([f"{story}\n{opening}", "--raw", "--temperature", "0"])
    return found


def told_freely(count, chance):
    """Prompts for texts that nothing in the prompt foretells."""
    return [["Tell me a story", "--temperature", "0.9", "--seed", str(chance.randrange(1 << 30))]
            for _ in range(count)]


def ask(fleet, case, draft):
    """The answer over the mesh, with its statistics."""
    done = subprocess.run(
        [*fleet.inside(None), fleet.binary, "prompt", *case, "--draft", draft, "--stats", "--wait",
         "60", *fleet.peers(), "--data", fleet.place + "/prompter"],
        capture_output=True, text=True, timeout=recovery.PROMPT_PATIENCE_SECONDS)
    if done.returncode != 0:
        sys.exit(f"a prompt failed: {done.stderr.strip()}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def tokens_per_second(answer):
    times = answer["stats"]["tokenMicroseconds"]
    return (len(times) - 1) / (times[-1] - times[0]) * 1e6


def measure(fleet, binary, place, what, cases):
    """Prints the ratio of one kind of text; the number of texts that differ."""
    ratios, speeds, drafted, held, different = [], [], 0, 0, 0
    for case in cases:
        case = [*case, "--json", "--max-tokens", "120"]
        alone, speed = recovery.ask_alone(binary, place, case), {}
        for draft in ["none", "text"]:
            answer = ask(fleet, case, draft)
            different += any(answer[key] != alone[key] for key in ["ids", "text", "finish"])
            speed[draft] = tokens_per_second(answer)
        drafted += answer["stats"]["drafted"]
        held += answer["stats"]["draftsHeld"]
        ratios.append(speed["text"] / speed["none"])
        speeds.append(speed["none"])
    print(f"{what}: with drafts {statistics.median(ratios):.2f} times as fast in the median, "
          f"{min(ratios):.2f} to {max(ratios):.2f}, of {statistics.median(speeds):.1f} tokens/s; "
          f"{held} of {drafted} drafted ids held; {different} of {2 * len(cases)} texts differ",
          flush=True)
    return different


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=".build/release/bored")
    parser.add_argument("--texts", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--delay", type=float, default=25)
    options = parser.parse_args()
    if not namespaces.can_make_namespaces():
        return 0
    binary, chance = os.path.abspath(options.binary), random.Random(options.seed)
    random.seed(options.seed)
    town, fleet, different = namespaces.Town(namespaces.NODES + 1, options.delay), None, 0
    with tempfile.TemporaryDirectory(prefix="bored-drafts-") as place:
        try:
            fleet = namespaces.TownFleet(town, binary, place + "/")
            fleet.wait_until_covered()
            different += measure(
                fleet, binary, place, "texts that repeat",
                told_again(binary, place, options.texts, chance))
            different += measure(
                fleet, binary, place, "texts that do not", told_freely(options.texts, chance))
        finally:
            if fleet:
                fleet.stop()
            town.remove()
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
