#!/usr/bin/env python3
"""Cuts the line of a node in the middle of texts: each text must end as one process alone writes it,
and the node must come back when its line does.

Every node and the prompter run in network namespaces that this script makes and removes; nothing
leaves them. A switch joins them: the kernel's bridge, or, with a delay, a process that forwards each
frame so much later. Needs root and iproute2; says SKIPPED and ends with 0 where it may not.
Usage: Scripts/test-namespaces.py [--binary PATH] [--runs 10] [--seed 1] [--delays 0,10,25]
  A delay is that of one way in milliseconds: a round trip takes twice as long.
Exit code: 0 all equal and back, 1 a difference or a failure.
"""
import argparse
import heapq
import importlib.util
import os
import random
import select
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("recovery", here + "/test-recovery.py")
recovery = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recovery)

NODES, LAYERS = 6, 2
BACK_PATIENCE_SECONDS = 60
ETHERNET_IPV4, UDP = 0x0800, 17
# Until the node at a cut line notices and everybody has forgotten it.
CUT_SECONDS = 12
# What a slow line's modem lets wait.
QUEUE_SECONDS = 0.25


def can_make_namespaces():
    """Whether this process may; says so where it may not."""
    try:
        Town(1, 0).remove()
        return True
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"SKIPPED: no network namespaces can be made here: {error}")
        return False


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True)


class Town:
    """Namespaces: one for each node, one for the prompter, one for the switch between them, with a
    delay in milliseconds and, where it is not 0, so many megabits a second from each of them."""

    def __init__(self, count, delay, rate=0):
        self.rate = rate
        self.prefix, self.count, self.switch = f"bored-{os.getpid()}", count, None
        self.names = [f"{self.prefix}-{index}" for index in range(count)]
        self.middle = self.prefix + "-switch"
        self.made = []
        try:
            self.build(delay)
        except Exception:
            self.remove()
            raise

    def build(self, delay):
        for name in [self.middle, *self.names]:
            ip("netns", "add", name)
            self.made.append(name)
            ip("-n", name, "link", "set", "lo", "up")
        if delay == 0:
            ip("-n", self.middle, "link", "add", "bridge", "type", "bridge")
            ip("-n", self.middle, "link", "set", "bridge", "up")
        for index, name in enumerate(self.names):
            ip("-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", f"port{index}",
               "netns", self.middle)
            ip("-n", name, "address", "add", f"10.77.0.{index + 1}/24", "dev", "eth0")
            # The switch takes frames as a cable does, not datagrams by the dozen.
            ip("-n", name, "link", "set", "eth0", "gso_max_segs", "1")
            ip("-n", name, "link", "set", "eth0", "up")
            if delay == 0:
                ip("-n", self.middle, "link", "set", f"port{index}", "master", "bridge")
            self.join(index)
        if delay > 0:
            ports = [f"port{index}" for index in range(self.count)]
            self.switch = subprocess.Popen(
                ["ip", "netns", "exec", self.middle, sys.executable, os.path.abspath(__file__),
                 "--switch", str(delay), str(self.rate), *ports])

    def join(self, index):
        ip("-n", self.middle, "link", "set", f"port{index}", "up")

    def cut(self, index):
        ip("-n", self.middle, "link", "set", f"port{index}", "down")

    def remove(self):
        if self.switch:
            self.switch.kill()
            self.switch.wait()
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def forward(delay, rate, ports):
    """A switch that keeps each frame for a while; in its own namespace, until it is killed.

    Where there is a rate, a port's frames follow each other no faster, and what would wait for
    longer than QUEUE_SECONDS is lost.
    """
    sockets, places, waiting, order = {}, {}, [], 0
    free_at = {port: 0 for port in ports}
    for port in ports:
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        end.bind((port, 0))
        end.setblocking(False)
        sockets[end] = port
    by_port = {port: end for end, port in sockets.items()}
    while True:
        pause = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        for end in select.select(list(sockets), [], [], pause)[0]:
            try:
                frame, address = end.recvfrom(65_536)
            except OSError:
                continue
            # A frame that this process sent, seen on its way out.
            if address[2] == socket.PACKET_OUTGOING:
                continue
            port, now = sockets[end], time.monotonic()
            places[frame[6:12]] = port
            order += 1
            left_at = now
            if rate > 0:
                left_at = max(now, free_at[port]) + 8 * len(frame) / (rate * 1e6)
                if left_at > now + QUEUE_SECONDS:
                    continue
                free_at[port] = left_at
            heapq.heappush(waiting, (left_at + delay, order, without_checksum(frame), port))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, frame, origin = heapq.heappop(waiting)
            known = places.get(frame[0:6])
            for port in [known] if known else [port for port in ports if port != origin]:
                try:
                    by_port[port].send(frame)
                except OSError:
                    pass


def without_checksum(frame):
    """Between namespaces the kernel leaves checksums of UDP undone; 0 says that there is none."""
    if struct.unpack_from("!H", frame, 12)[0] != ETHERNET_IPV4 or frame[23] != UDP:
        return frame
    place = 14 + 4 * (frame[14] & 15) + 6
    return frame[:place] + b"\0\0" + frame[place + 2:]


class TownFleet(recovery.Fleet):
    """Nodes that each have a machine of their own, as far as the network goes."""
    listen = "0.0.0.0:7777"

    def __init__(self, town, binary, place):
        self.town, self.cut_at = town, {}
        super().__init__(binary, place, NODES, LAYERS)

    def inside(self, index):
        name = self.town.names[NODES if index is None else index]
        return ["ip", "netns", "exec", name]

    def start(self, index):
        super().start(index)
        self.addresses[index] = f"10.77.0.{index + 1}:7777"

    def hurt(self, index, how):
        self.town.cut(index)
        self.cut_at[index] = time.time()

    def restart_lost(self, hurt):
        """Joins the lines again once the nodes are forgotten; seconds until each is seen again."""
        times = []
        for index in hurt:
            time.sleep(max(0, self.cut_at[index] + CUT_SECONDS - time.time()))
            self.town.join(index)
            start = time.time()
            while time.time() < start + BACK_PATIENCE_SECONDS and not self.sees(index):
                time.sleep(0.2)
            times.append(time.time() - start)
        return times

    def sees(self, index):
        """Whether the others count a node among those that work."""
        try:
            return any(
                self.index_of.get(node["id"]) == index and node["presence"] == "idle"
                and node["holdings"] for node in self.health()["nodes"])
        except (ValueError, LookupError):
            return False

    def peers(self):
        others = [a for index, a in enumerate(self.addresses) if index not in self.cut_at]
        words = []
        for address in random.sample(others, 2):
            words += ["--peer", address]
        return words + ["--swarm", self.swarm]


def series(binary, place, delay, runs, known, chance):
    town = Town(NODES + 1, delay)
    fleet, stalls, back, failures, late = None, [], [], 0, 0
    try:
        fleet = TownFleet(town, binary, place)
        for number in range(runs):
            fleet.cut_at = {}
            if not fleet.wait_until_covered():
                print(f"run {number}: the fleet is not covered twice", flush=True)
            case, alone = chance.choice(known)
            problem, stall, victims = recovery.run(fleet, case, alone, "cut", chance)
            if problem:
                failures += 1
                print(f"delay {delay} ms, run {number}: {problem}", flush=True)
            elif stall is None:
                late += 1
            else:
                stalls.append(stall)
            times = fleet.restart_lost(victims)
            back += times
            failures += sum(t >= BACK_PATIENCE_SECONDS for t in times)
    finally:
        if fleet:
            fleet.stop()
        town.remove()
    stalls.sort()
    words = f"lines cut, round trip {2 * delay} ms: {runs - failures} of {runs} texts equal and back"
    if stalls:
        words += (f"; stall of {len(stalls)}: median {statistics.median(stalls):.0f} ms, longest "
                  f"{stalls[-1]:.0f} ms")
    if back:
        words += (f"; seen again {statistics.median(back):.1f} s after the line came back, "
                  f"{max(back):.1f} s at most")
    print(f"{words}; {late} texts ended before it mattered", flush=True)
    return failures


def main():
    if sys.argv[1:2] == ["--switch"]:
        return forward(float(sys.argv[2]) / 1000, float(sys.argv[3]), sys.argv[4:])
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=".build/release/bored")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--delays", default="0,10,25")
    options = parser.parse_args()
    if not can_make_namespaces():
        return 0
    binary, chance = os.path.abspath(options.binary), random.Random(options.seed)
    random.seed(options.seed)
    failures = 0
    with tempfile.TemporaryDirectory(prefix="bored-namespaces-") as place:
        known = recovery.cases(binary, place, min(options.runs, 20), chance)
        for delay in options.delays.split(","):
            failures += series(
                binary, place + "/", float(delay), options.runs, known, chance)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
