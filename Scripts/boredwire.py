"""The fields, records and states of Protocol.md, for the scripts beside this file.

Written from Protocol.md alone. Needs Python 3.9 and, for signatures, the package `cryptography`.
"""

import hashlib
import ipaddress
import struct
import unicodedata

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None


class WireError(Exception):
    """Bytes that the protocol forbids."""


def check(condition, what):
    if not condition:
        raise WireError(what)


class Reader:
    """Reads fields in wire order ("Conventions")."""

    def __init__(self, data):
        self.data, self.at = bytes(data), 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        check(self.left() >= count, "truncated")
        self.at += count
        return self.data[self.at - count : self.at]

    def u8(self):
        return self.take(1)[0]

    def number(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def u16(self):
        return self.number("H")

    def u32(self):
        return self.number("I")

    def u64(self):
        return self.number("Q")

    def varint(self, limit=2**64 - 1):
        value = 0
        for shift in range(0, 70, 7):
            byte = self.u8()
            value |= (byte & 127) << shift
            if byte < 128:
                check(byte != 0 or shift == 0, "a varint longer than needed")
                check(value < 2**64, "a varint over 64 bits")
                check(value <= limit, "over its limit")
                return value
        raise WireError("a varint of more than ten bytes")

    def blob(self, limit):
        return self.take(self.varint(limit))

    def string(self, limit):
        try:
            return self.blob(limit).decode("utf-8")
        except UnicodeDecodeError as error:
            raise WireError("no UTF-8") from error

    def list(self, limit, read):
        return [read(self) for _ in range(self.varint(limit))]

    def address(self):
        family, raw, port = self.u8(), ipaddress.IPv6Address(self.take(16)), self.u16()
        mapped = raw.ipv4_mapped
        check(family == (4 if mapped else 6), "family and address disagree")
        return (str(mapped or raw), port)

    def end(self):
        check(self.left() == 0, "bytes left over")


def varint(value):
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def blob(data):
    return varint(len(data)) + data


def address(host, port):
    raw = ipaddress.ip_address(host)
    family = raw.version
    packed = b"\0" * 10 + b"\xff\xff" + raw.packed if family == 4 else raw.packed
    return bytes([family]) + packed + struct.pack("<H", port)


def digest(purpose, data):
    """H[purpose](data)."""
    person = purpose.encode().ljust(16, b"\0")
    return hashlib.blake2b(data, digest_size=32, person=person).digest()


def is_signed(key, message, signature):
    """An Ed25519 signature over H[bored signature](message); None where none can be checked."""
    if Ed25519PublicKey is None:
        return None
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(
            signature, digest("bored signature", message)
        )
        return True
    except (InvalidSignature, ValueError):
        return False


class Record:
    """A node's signed description of itself ("Record")."""

    def __init__(self, data):
        check(len(data) <= 320, "a record over 320 bytes")
        reader = Reader(data)
        self.encoded = bytes(data)
        check(reader.u8() == 1, "an unknown version of the record")
        self.flags, self.scheme, self.sequence = reader.u8(), reader.u8(), reader.u64()
        self.signing_key, self.agreement_key = reader.take(32), reader.take(32)
        nonce = reader.take(8)
        self.region = reader.string(8)
        self.addresses = reader.list(4, Reader.address)
        reader.blob(320)
        check(reader.left() == 64, "a signature ends the record")
        self.signature = reader.take(64)
        self.work = digest("bored work", self.signing_key + nonce)
        self.id = digest("bored node id", self.work)

    def is_authentic(self, bits=16):
        return int.from_bytes(self.work, "big") >> (256 - bits) == 0 and is_signed(
            self.signing_key, self.encoded[:-64], self.signature
        )


def holding(reader):
    model = reader.take(32)
    lower, upper, count = reader.varint(1024), reader.varint(1024), reader.varint(1024)
    disk = reader.u8()
    check(lower <= upper <= count and disk <= 3, "a holding that contradicts itself")
    return {"model": model, "layers": (lower, upper), "count": count, "disk": disk}


class State:
    """A signed state with its owner's record ("Node state")."""

    def __init__(self, reader):
        self.record = Record(reader.blob(320))
        data = reader.blob(896)
        check(len(data) > 64, "truncated")
        self.encoded, self.signature = data[:-64], data[-64:]
        inner = Reader(self.encoded)
        self.id, self.sequence, self.presence = inner.take(32), inner.u64(), inner.u8()
        check(self.presence <= 11, "an unknown presence")
        self.requests = inner.varint(2**20)
        self.memory, self.used = inner.varint(2**30), inner.varint(2**30)
        self.layer_time = inner.varint(2**40)
        self.coordinate = [inner.number("h") for _ in range(4)] + [inner.u16(), inner.u8()]
        self.holdings, self.pending = inner.list(8, holding), inner.list(8, holding)
        self.demands = [inner.varint(2**20) for _ in self.holdings]
        inner.end()
        check(self.id == self.record.id, "the state is somebody else's")

    def is_authentic(self):
        return is_signed(self.record.signing_key, self.encoded, self.signature)


def read_states(message):
    """Kind 0x2A: how many items the whole answer has (None: nobody asked), the items here."""
    reader = Reader(message)
    check(reader.u8() == 0x2A, "not states")
    flags = reader.u8()
    check(flags <= 1, "an unknown flag")
    count = reader.varint(65_535) if flags else None
    items = reader.list(12, lambda inner: (inner.u8(), inner.u8(), State(inner)))
    reader.end()
    return count, items


class Manifest:
    """A signed manifest ("Manifest")."""

    def __init__(self, reader):
        data = reader.blob(131_072)
        self.publisher, self.signature = reader.take(32), reader.take(64)
        self.digest, self.encoded = digest("bored manifest", data), data
        inner = Reader(data)
        check(inner.u8() == 1, "an unknown version of the manifest")
        self.scheme = inner.u8()
        self.name, self.license = inner.string(64), inner.string(64)
        self.layer_count, self.hidden_size = inner.varint(1024), inner.varint(2**20)
        self.shape = inner.blob(8192)
        self.pieces = []
        for _ in range(self.layer_count + 1):
            self.pieces.append((inner.varint(2**40 - 1), inner.take(32)))
        inner.end()
        check(self.name and self.layer_count > 0 and self.hidden_size > 0, "an empty manifest")
        text = self.name + self.license
        check(all(unicodedata.category(sign) != "Cc" for sign in text), "a control character")

    def is_authentic(self):
        return is_signed(self.publisher, self.encoded, self.signature)


class Ad:
    """A signed ad ("Ad")."""

    def __init__(self, data):
        check(len(data) <= 640, "an ad over 640 bytes")
        reader = Reader(data)
        self.record = Record(reader.blob(320))
        self.sequence, self.lifetime = reader.u64(), reader.u32()
        self.holding = holding(reader)
        check(reader.left() == 64, "a signature ends the ad")
        self.encoded, self.signature = data[:-64], reader.take(64)

    def is_authentic(self):
        return is_signed(self.record.signing_key, self.encoded, self.signature)


def lz4_block(data, size):
    """Decompresses one LZ4 block of exactly `size` bytes."""
    reader, out = Reader(data), bytearray()

    def length(first):
        total = first
        while first == 15 or first == 255:
            first = reader.u8()
            total += first
        return total

    while True:
        token = reader.u8()
        out += reader.take(length(token >> 4))
        check(len(out) <= size, "more than was announced")
        if reader.left() == 0:
            check(len(out) == size, "less than was announced")
            return bytes(out)
        offset = reader.u16()
        check(0 < offset <= len(out), "a match before the beginning")
        for _ in range(length(token & 15) + 4):
            out.append(out[-offset])
