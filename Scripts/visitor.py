#!/usr/bin/env python3
"""A visitor of a BoredMesh, written from Protocol.md alone: asks a node who is there.

    Scripts/visitor.py ADDR:PORT [SWARM]

Inquiry, handshake, askStates, askManifest, close. Needs the package `cryptography`.
"""

import hashlib
import hmac
import os
import socket
import struct
import sys
import time

import boredwire as wire
from boredwire import Reader, Record, WireError, blob, check, digest, varint

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
except ImportError:
    print("SKIPPED: the Python package 'cryptography' is not here (pip install cryptography).")
    sys.exit(77)

TRANSIENT = 2


def header(kind):
    return bytes([kind, 1, 0, 0])


def mac(key, data):
    return hashlib.blake2b(data, digest_size=16, key=key).digest()


class Identity:
    """Keys made for the occasion, and a record that says so."""

    def __init__(self):
        self.signing, self.agreement = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
        key = self.signing.public_key().public_bytes_raw()
        nonce = 0
        while True:
            work = digest("bored work", key + struct.pack("<Q", nonce))
            if work[0] == 0 and work[1] == 0:
                break
            nonce += 1
        body = bytes([1, TRANSIENT, 1]) + struct.pack("<Q", int(time.time() * 1000))
        body += key + self.agreement.public_key().public_bytes_raw() + struct.pack("<Q", nonce)
        body += blob(b"") + varint(0) + blob(b"")
        self.record = Record(body + self.signing.sign(digest("bored signature", body)))


class NoiseIK:
    """The initiator's side of Noise_IK_25519_ChaChaPoly_SHA256."""

    def __init__(self, secret, responder, prologue, ephemeral=None):
        self.chaining = self.hash = b"Noise_IK_25519_ChaChaPoly_SHA256"
        self.secret, self.responder = secret, responder
        self.ephemeral = ephemeral or X25519PrivateKey.generate()
        self.key, self.counter = None, 0
        self.mix_hash(prologue)
        self.mix_hash(responder)

    def mix_hash(self, data):
        self.hash = hashlib.sha256(self.hash + data).digest()

    def expand(self, material):
        extracted = hmac.digest(self.chaining, material, "sha256")
        first = hmac.digest(extracted, b"\1", "sha256")
        return first, hmac.digest(extracted, first + b"\2", "sha256")

    def mix_key(self, secret, public):
        shared = secret.exchange(X25519PublicKey.from_public_bytes(public))
        self.chaining, self.key = self.expand(shared)
        self.counter = 0

    def seal(self, text):
        nonce = struct.pack("<IQ", 0, self.counter)
        sealed = ChaCha20Poly1305(self.key).encrypt(nonce, text, self.hash)
        self.counter += 1
        self.mix_hash(sealed)
        return sealed

    def open(self, sealed):
        nonce = struct.pack("<IQ", 0, self.counter)
        text = ChaCha20Poly1305(self.key).decrypt(nonce, sealed, self.hash)
        self.counter += 1
        self.mix_hash(sealed)
        return text

    def write_initiation(self, payload):
        own = self.ephemeral.public_key().public_bytes_raw()
        self.mix_hash(own)
        self.mix_key(self.ephemeral, self.responder)
        static = self.seal(self.secret.public_key().public_bytes_raw())
        self.mix_key(self.secret, self.responder)
        return own + static + self.seal(payload)

    def read_response(self, message):
        other = message[:32]
        self.mix_hash(other)
        self.mix_key(self.ephemeral, other)
        self.mix_key(self.secret, other)
        return self.open(message[32:])

    def split(self):
        return self.expand(b"")


class Session:
    """Data packets, frames and messages of one session."""

    def __init__(self, socket_, peer, index, keys):
        self.socket, self.peer, self.index = socket_, peer, index
        self.sealing, self.opening = map(ChaCha20Poly1305, keys)
        self.counter, self.next_id = 0, 0
        self.seen, self.owes_ack = set(), False
        self.partial, self.delivered, self.messages = {}, set(), []
        self.is_closed = False

    def send(self, frames):
        front = header(4) + struct.pack("<IQ", self.index, self.counter)
        nonce = struct.pack("<IQ", 0, self.counter)
        self.counter += 1
        self.socket.sendto(front + self.sealing.encrypt(nonce, frames, front), self.peer)

    def fragment(self, message):
        """A whole message, of control priority, in one fragment."""
        frame = bytes([3, 1]) + varint(self.next_id) + varint(len(message)) + varint(0)
        self.next_id += 1
        return frame + blob(message)

    def ack(self):
        """Frame 2: what arrived, in at most 32 ranges, highest first."""
        ranges = []
        for number in sorted(self.seen, reverse=True):
            if ranges and ranges[-1][0] == number + 1:
                ranges[-1][0] = number
            else:
                ranges.append([number, number])
        ranges = ranges[:32]
        frame = b"\2" + varint(ranges[0][1]) + varint(0) + varint(len(ranges))
        for place, (low, high) in enumerate(ranges):
            if place > 0:
                frame += varint(ranges[place - 1][0] - high - 2)
            frame += varint(high - low)
        return frame

    def receive(self, packet):
        if len(packet) < 32 or packet[:4] != header(4):
            return
        counter = struct.unpack("<Q", packet[8:16])[0]
        nonce = struct.pack("<IQ", 0, counter)
        try:
            frames = self.opening.decrypt(nonce, packet[16:], packet[:16])
        except InvalidTag:
            return
        if counter in self.seen:
            return
        self.seen.add(counter)
        reader = Reader(frames)
        while reader.left() > 0:
            self.frame(reader)
        if self.owes_ack:
            self.send(self.ack())
            self.owes_ack = False

    def frame(self, reader):
        kind = reader.u8()
        if kind == 0:
            return
        if kind == 2:
            reader.varint(), reader.varint()
            for place in range(reader.varint(32)):
                if place > 0:
                    reader.varint()
                reader.varint()
            return
        if kind == 4:
            self.send(b"\5" + reader.take(8))
            return
        if kind == 5:
            reader.take(8)
            return
        if kind == 8:
            self.is_closed = True
            reader.u8()
            return
        self.owes_ack = True
        if kind == 3:
            self.take_fragment(reader)
        elif kind == 6:
            Record(reader.blob(320))
        elif kind == 7:
            reader.address()
        else:
            check(kind == 1, "an unknown frame")

    def take_fragment(self, reader):
        flags, number, total = reader.u8(), reader.varint(), reader.varint(4 << 20)
        whole = reader.varint(4 << 20) if flags & 4 else 0
        offset, data = reader.varint(), reader.blob(1200)
        name = (flags & 3, number)
        if name in self.delivered:
            return
        parts = self.partial.setdefault(name, bytearray(total)), self.partial.setdefault(
            (name, "have"), set()
        )
        parts[0][offset : offset + len(data)] = data
        parts[1].update(range(offset, offset + len(data)))
        if len(parts[1]) < total:
            return
        self.delivered.add(name)
        del self.partial[name], self.partial[(name, "have")]
        message = bytes(parts[0])
        self.messages.append(wire.lz4_block(message, whole) if flags & 4 else message)


class Visitor:
    def __init__(self, host, port, swarm):
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        self.socket = socket.socket(found[0], socket.SOCK_DGRAM)
        self.peer, self.swarm = found[4], digest("bored swarm", swarm.encode())
        self.own = Identity()
        self.initiations = 0

    def ask(self, make, read, waits):
        """Sends what `make` gives after each wait, until `read` takes an answer."""
        for wait in waits:
            self.socket.sendto(make(), self.peer)
            until = time.monotonic() + wait
            while (left := until - time.monotonic()) > 0:
                self.socket.settimeout(left)
                try:
                    packet, source = self.socket.recvfrom(2048)
                except socket.timeout:
                    break
                if source[:2] == self.peer[:2] and (answer := read(packet)) is not None:
                    return answer
        return None

    def inquire(self):
        nonce = os.urandom(8)
        question = (header(6) + nonce + self.swarm).ljust(352, b"\0")

        def read(packet):
            if packet[:4] != header(7) or packet[4:12] != nonce:
                return None
            reader = Reader(packet[12:])
            record = Record(reader.blob(320))
            reader.end()
            return record if record.is_authentic() else None

        return self.ask(lambda: question, read, [0.25, 0.25, 0.5, 1, 1])

    def connect(self, record):
        prologue = b"BoredMesh\1" + self.swarm + record.id
        mac_key = digest("bored mac1", self.swarm + record.agreement_key)
        current = {}

        def make():
            self.initiations += 1
            index = os.urandom(4)
            noise = NoiseIK(self.own.agreement, record.agreement_key, prologue)
            payload = struct.pack("<QI", self.initiations, 0) + blob(self.own.record.encoded)
            packet = header(1) + index + noise.write_initiation(payload.ljust(376, b"\0"))
            packet += mac(mac_key, packet)
            current.update(noise=noise, index=index)
            return packet + b"\0" * 16

        def read(packet):
            if packet[:4] == header(3):
                print("The node is under load and wants a cookie: try again in a second.")
                sys.exit(1)
            if packet[:4] != header(2) or packet[8:12] != current["index"]:
                return None
            reader = Reader(current["noise"].read_response(packet[12:]))
            check(reader.u8() & 1 == 0, "nothing was continued")
            self.seen_at = reader.address()
            answer = Record(reader.blob(320))
            reader.end()
            check(answer.id == record.id and answer.is_authentic(), "somebody else answered")
            index = struct.unpack("<I", packet[4:8])[0]
            return Session(self.socket, self.peer, index, current["noise"].split())

        return self.ask(make, read, [0.25, 0.5, 1, 1, 1])

    def converse(self, session, frames, is_done, seconds=5):
        """Sends frames, again each second, and hands messages on until `is_done` says so."""
        until, again = time.monotonic() + seconds, 0
        while (now := time.monotonic()) < until and not session.is_closed:
            if now >= again:
                session.send(frames)
                again = now + 1
            self.socket.settimeout(max(0.01, min(again, until) - now))
            try:
                packet, source = self.socket.recvfrom(2048)
            except socket.timeout:
                continue
            if source[:2] == self.peer[:2]:
                session.receive(packet)
            while session.messages:
                if is_done(session.messages.pop(0)):
                    return True
        return False


def ask_states(visitor, session):
    states = {}
    received = 0

    def read(message):
        nonlocal received
        if message[0] != 0x2A:
            return False
        count, items = wire.read_states(message)
        for _, _, state in items:
            if state.record.is_authentic() and state.is_authentic():
                states[state.id] = state
        received += len(items) if count is not None else 0
        return count is not None and received >= count

    hello = b"\1\7" + wire.address(*visitor.peer[:2]) + session.fragment(b"\x2b\0")
    if not visitor.converse(session, hello, read):
        raise WireError("no answer to askStates")
    return states


def ask_manifests(visitor, session, models):
    names, questions = {}, b""
    for request, model in enumerate(models):
        questions += session.fragment(b"\x30" + struct.pack("<I", request) + b"\0" + model)

    def read(message):
        if message[0] != 0x31:
            return False
        reader = Reader(message[5:])
        manifest = wire.Manifest(reader)
        reader.end()
        if manifest.is_authentic():
            names[manifest.digest] = manifest
        return len(names) == len(models)

    if models:
        visitor.converse(session, questions, read, seconds=3)
    return names


def main(arguments):
    if len(arguments) not in (1, 2) or ":" not in arguments[0]:
        print(__doc__)
        return 64
    host, port = arguments[0].rsplit(":", 1)
    visitor = Visitor(host.strip("[]"), int(port), (arguments + ["public"])[1])
    record = visitor.inquire()
    if record is None:
        print("Nobody of this swarm answers there.")
        return 2
    print(f"node {record.id.hex()[:8]} answers")
    session = visitor.connect(record)
    if session is None:
        print("It does not answer the handshake.")
        return 2
    print("session established; it sees us at %s:%d" % visitor.seen_at)
    states = ask_states(visitor, session)
    models = sorted({held["model"] for state in states.values() for held in state.holdings})
    names = ask_manifests(visitor, session, models)
    for state in sorted(states.values(), key=lambda state: state.id):
        presence = (
            "idle", "user active", "paused", "leaving", "foreign load", "battery low",
            "not charging", "too warm", "metered line", "data budget spent", "outside hours",
            "vehicle moving")[state.presence]
        print(f"{state.id.hex()[:8]}  {presence}, {state.used} of {state.memory} MiB")
        for held in state.holdings:
            manifest = names.get(held["model"])
            name = manifest.name if manifest else held["model"].hex()[:8]
            lower, upper = held["layers"]
            print(f"          {name}: layers {lower}..<{upper} of {held['count']}")
    session.send(b"\x08\0")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
