"""Reads gossip.json by docs/protocol/gossip.md alone; exits with 1 where a byte does not fit.

Python's standard library only: structure, ids (BLAKE2b) and the simple messages byte for byte.
"""

import hashlib
import json
import pathlib
import struct


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        part = self.data[self.at : self.at + count]
        assert len(part) == count, "truncated"
        self.at += count
        return part

    def u8(self):
        return self.take(1)[0]

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.u8()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def blob(self):
        return self.take(self.varint())


def digest(data, purpose):
    person = purpose.encode().ljust(16, b"\0")
    return hashlib.blake2b(data, digest_size=32, person=person).digest()


def record(data):
    reader = Reader(data)
    assert reader.u8() == 1
    reader.take(2)
    reader.take(8)
    key = reader.take(32)
    reader.take(32)
    nonce = reader.take(8)
    reader.blob()
    for _ in range(reader.varint()):
        assert reader.u8() in (4, 6)
        reader.take(18)
    reader.blob()
    reader.take(64)
    assert reader.at == len(data)
    return digest(digest(key + nonce, "bored work"), "bored node id")


def state(reader):
    owner = record(reader.blob())
    assert Reader(reader.blob()).take(32) == owner, "state of another node"


def lines(reader):
    for _ in range(reader.varint()):
        reader.take(11)


def check(name, data):
    reader = Reader(data)
    kind = reader.u8()
    if kind in (0x20, 0x2C):
        state(reader)
    elif kind in (0x21, 0x22, 0x23):
        assert reader.u8() <= 8
        state(reader)
    elif kind == 0x25:
        assert reader.u8() <= 8
        record(reader.blob())
        for _ in range(reader.varint()):
            record(reader.blob())
    elif kind == 0x26:
        for _ in range(reader.varint()):
            record(reader.blob())
    elif kind == 0x27:
        reader.take(9)
        lines(reader)
        lines(reader)
    elif kind == 0x2A:
        assert reader.u8() <= 3
        for _ in range(reader.varint()):
            reader.take(2)
            state(reader)
    elif kind == 0x2B:
        reader.take(6 * reader.varint())
    elif kind == 0x28:
        reader.take(5)
    elif kind == 0x29:
        reader.take(36)
    else:
        assert kind == 0x24
    assert reader.at == len(data), name + ": bytes left over"


table = json.loads(pathlib.Path(__file__).with_name("gossip.json").read_text())
for name, text in table.items():
    check(name, bytes.fromhex(text))
line = bytes([1, 2, 3, 4, 5, 6]) + struct.pack("<IB", 7, 9)
probe = struct.pack("<BIBI", 0x27, 258, 1, 7) + b"\1" + line + b"\2" + line + line
assert table["probe"] == probe.hex()
assert table["probeReply"] == struct.pack("<BIB", 0x28, 258, 1).hex()
assert table["askStates"] == "2b01010203040506" and table["askAllStates"] == "2b00"
assert table["disconnect"] == "24"
print(len(table), "messages fit")
