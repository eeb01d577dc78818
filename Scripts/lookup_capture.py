#!/usr/bin/env python3
"""What hostile nodes do to lookups of ads: the figures of docs/decisions/0013-ads-kept-by-region.md.

Every node knows 256, 128, 64, 32 and then 16 nodes of each log-distance. An honest one answers with
the 16 it knows nearest to the key; a hostile one keeps no ads and names the 16 nearest of its friends.
A publisher stores where its lookup ends, a searcher asks; found means that it asked an honest keeper.

    lookup_capture.py [NODES [TRIALS]]
"""

import bisect
import random
import sys

BITS = 62
CAPACITIES = [256, 128, 64, 32]
CLOSEST = 16


def nearest(ids, target, count):
    """Of sorted ids the nearest by XOR: within the smallest aligned block that holds enough."""
    first, last = 0, len(ids)
    for prefix in range(1, BITS):
        shift = BITS - prefix
        base = target >> shift << shift
        low = bisect.bisect_left(ids, base)
        high = bisect.bisect_left(ids, base + (1 << shift))
        if high - low < count:
            break
        first, last = low, high
    return sorted(ids[first:last], key=lambda node: node ^ target)[:count]


class World:
    def __init__(self, count, hostile, besiegers, seed):
        self.random = random.Random(seed)
        ids = self.random.sample(range(1 << BITS), count)
        self.target = self.random.getrandbits(BITS)
        self.hostile = set(self.random.sample(ids, int(count * hostile)))
        margin = min(node ^ self.target for node in ids)
        beside = set()
        while len(beside) < besiegers:
            beside.add(self.target ^ self.random.randrange(1, margin))
        self.hostile |= beside
        self.ids = sorted(set(ids) | beside)
        self.friends = sorted(self.hostile)
        self.region = (1 << BITS) // count * CLOSEST
        self.tables = {}

    def far(self, node):
        return node ^ self.target

    def table(self, own):
        if own not in self.tables:
            known = []
            for top in range(BITS - 1, BITS - 42, -1):
                base = (own >> top ^ 1) << top
                low = bisect.bisect_left(self.ids, base)
                high = bisect.bisect_left(self.ids, base + (1 << top))
                place = BITS - 1 - top
                room = CAPACITIES[place] if place < len(CAPACITIES) else CLOSEST
                bucket = self.ids[low:high]
                known += bucket if len(bucket) <= room else self.random.sample(bucket, room)
            self.tables[own] = sorted(known, key=self.far)
        return self.tables[own]

    def answer(self, node):
        if node in self.hostile:
            return nearest(self.friends, self.target, CLOSEST)
        return self.table(node)[:CLOSEST]

    def ends(self, nodes, region):
        """The nearest of nodes, and those of the region."""
        order = sorted(nodes, key=self.far)
        return order[:CLOSEST] + [n for n in order[CLOSEST:] if region and self.far(n) <= self.region]

    def path(self, seeds, asked, region):
        """One iterative lookup; `asked` is what other paths asked, and grows."""
        candidates, own = set(seeds), set()
        for _ in range(128):
            best = sorted(candidates, key=self.far)[:64]
            fresh = [node for node in self.ends(best, region) if node not in asked]
            if not fresh:
                break
            own.add(fresh[0])
            asked.add(fresh[0])
            candidates |= set(self.answer(fresh[0]))
        return own

    def lookup(self, start, paths, region):
        seeds, asked, own = self.table(start)[: CLOSEST * paths], set(), set()
        for index in range(paths):
            own |= self.path(seeds[index::paths], asked, region)
        return own


def measure(count, trials, hostile, besiegers, paths, region):
    found = asked_count = 0
    for seed in range(trials):
        world = World(count, hostile, besiegers, seed)
        honest = [node for node in world.ids if node not in world.hostile]
        publisher, searcher = world.random.sample(honest, 2)
        stored = world.ends(world.lookup(publisher, paths, region), region)
        asked = world.lookup(searcher, paths, region)
        found += any(node in asked and node not in world.hostile for node in stored)
        asked_count += len(asked)
    return f"found {found / trials:6.1%}, asked {asked_count / trials:5.1f}"


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    trials = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    for hostile in (0.1, 0.2, 0.3, 0.5):
        for paths in (1, 3):
            told = measure(count, trials, hostile, 0, paths, False)
            print(f"{hostile:.0%} hostile, {paths} path(s): {told}", flush=True)
    for besiegers in (8, 16, 32, 64):
        for region in (False, True):
            told = measure(count, trials, 0, besiegers, 1, region)
            place = "region" if region else "16 nearest"
            print(f"{besiegers} beside the key, {place}: {told}", flush=True)
