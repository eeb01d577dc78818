#!/usr/bin/env python3
"""Reads the vectors of Tests/Vectors by Protocol.md alone; exits with 1 where a byte does not fit.

Gossip field by field with its signatures; Kademlia and shards field by field (their signatures are
the simulator's); Noise against published messages; encoded tokenizers. Vectors that are not there,
and signatures where the package `cryptography` is missing, are named as skipped. `exact_1.py` does
the arithmetic, and `Tests/Vectors/sampling.py` the sampling.
"""

import json
import pathlib
import sys

import boredwire as wire
from boredwire import Ad, Manifest, Reader, Record, State, check, digest

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "Vectors"
skipped = set()


def believe(signed, what):
    """A signature that does not hold is a fault; one that can't be checked is skipped."""
    verdict = signed.is_authentic(0) if isinstance(signed, Record) else signed.is_authentic()
    if verdict is None:
        skipped.add("signatures: the Python package 'cryptography' is not here")
    check(verdict is not False, "a signature of " + what)


def record(reader, what):
    found = Record(reader.blob(320))
    believe(found, what)
    return found


def state(reader, what):
    found = State(reader)
    believe(found.record, what)
    believe(found, what)
    return found


def gossip(name, reader):
    kind = reader.u8()
    if kind in (0x20, 0x2C):
        state(reader, name)
    elif kind in (0x21, 0x22, 0x23):
        check(reader.u8() <= {0x21: 8, 0x22: 2, 0x23: 1}[kind], "over its limit")
        state(reader, name)
    elif kind in (0x25, 0x26):
        if kind == 0x25:
            check(reader.u8() <= 8, "too many hops")
            record(reader, name)
        reader.list(16, lambda inner: record(inner, name))
    elif kind == 0x27:
        reader.u32()
        check(reader.u8() <= 1, "isLink")
        reader.u32()
        for _ in range(2):
            reader.list(64, lambda inner: inner.take(11))
    elif kind == 0x28:
        reader.u32()
        check(reader.u8() <= 2, "outcome")
        reader.list(64, lambda inner: inner.take(11))
    elif kind == 0x29:
        reader.take(36)
    elif kind == 0x2A:
        for _, _, item in wire.read_states(reader.data)[1]:
            believe(item, name)
        reader.take(reader.left())
    elif kind == 0x2B:
        reader.list(64, lambda inner: inner.take(6))
    else:
        check(kind == 0x24, "an unknown kind")


def kademlia(name, reader):
    kind = reader.u8()
    reader.u32()
    if kind == 0x10:
        distances = reader.list(3, Reader.u16)
        check(distances and len(set(distances)) == len(distances), "distances")
        check(all(1 <= distance <= 256 for distance in distances), "a distance out of bounds")
    elif kind == 0x11:
        reader.list(16, lambda inner: Record(inner.blob(320)))
    elif kind == 0x12:
        reader.take(32)
        Ad(reader.blob(640))
    elif kind == 0x13:
        check(reader.u8() <= 2, "verdict")
    elif kind == 0x14:
        reader.take(32)
    elif kind == 0x15:
        reader.list(10, lambda inner: (inner.u32(), Ad(inner.blob(640))))
        reader.list(16, lambda inner: Record(inner.blob(320)))
    else:
        check(False, "an unknown kind")


def shards(name, reader):
    kind = reader.u8()
    reader.u32()
    if kind == 0x30:
        reader.take(32) if reader.u8() == 0 else reader.string(64)
    elif kind == 0x31:
        Manifest(reader)
    elif kind == 0x33:
        root, chunks = reader.take(32), reader.list(100_000, lambda inner: inner.take(32))
        check(digest("bored piece", b"".join(chunks)) == root, "the list is not the root's")
    elif kind in (0x32, 0x34, 0x35):
        reader.take(32)
        if kind != 0x32:
            reader.varint(99_999)
        if kind == 0x35:
            check(reader.left() <= 262_144, "a chunk over its limit")
            reader.take(reader.left())
    elif kind == 0x36:
        check(reader.u8() <= 1, "reason")
    else:
        check(False, "an unknown kind")


def hop(reader):
    """Where a seat's results go: record, seat, first step, replayed positions."""
    data = reader.blob(320)
    found = Record(data) if data else None
    seat, _, replayed = reader.varint(), reader.varint(), reader.varint()
    check((found is None) == (seat == 0), "a hop without its seat")
    check(found is not None or replayed == 0, "a replay to the entry")


def pipelines(name, reader):
    kind = reader.u8()
    if kind == 0x40:
        record(reader, name)
        reader.take(40)
        lower, upper, seat = reader.varint(1024), reader.varint(1024), reader.varint()
        check(lower < upper and seat > 0, "an offer that contradicts itself")
        for _ in range(4):
            reader.varint()
        reader.take(32)
        reader.varint()
        hop(reader)
        options = reader.u8()
        check(options < 4, "the options of an offer")
        if options & 1:
            reader.take(32)
        reader.take(64)
    elif kind in (0x41, 0x42):
        reader.u64()
        reader.varint()
        reader.take(32)
        last = reader.u8()
        check(last <= 1 if kind == 0x41 else 1 <= last <= 9, "how an offer is answered")
        reader.take(64)
    else:
        reader.take(40)
        if kind == 0x47:
            reader.take(32)
            for _ in range(6):
                reader.varint()
            reader.take(32 + 64)
            return
        reader.varint()
        if kind in (0x43, 0x44, 0x4F):
            reader.varint()
            reader.varint()
            count, wanted, times = reader.varint(256), reader.varint(256), reader.varint(64)
            reader.take(4 * times)
            check(wanted <= count, "more results than rows")
            check(kind != 0x44 or wanted in (0, count), "rows whose results nobody wants")
            check((reader.left() == 0) == (kind == 0x44 and wanted == 0), "rows or none")
            check(reader.left() % count == 0, "rows of unequal lengths")
            check(kind != 0x4F or reader.left() == 32 * count, "names of another length")
            reader.take(reader.left())
        elif kind == 0x45:
            check(1 <= reader.u8() <= 9, "reason")
            reader.varint()
        elif kind == 0x49:
            check(reader.u8() == 1, "side")
            hop(reader)
        elif kind == 0x4C:
            check(reader.u8() <= 4, "phase")
            reader.varint()
            reader.varint()
        elif kind == 0x56:
            reader.varint()
        else:
            check(kind in (0x46, 0x48, 0x4B), "an unknown kind")


def messages(file, kinds, read):
    path = FOLDER / file
    if not path.exists():
        skipped.add(f"{file} is not here")
        return 0
    count = 0
    for name, text in json.loads(path.read_text()).items():
        data = bytes.fromhex(text)
        if not data or data[0] not in kinds or name in ("root", "own", "known", "asker"):
            continue
        if name.endswith(("ID", "Bytes", "Digest", "Manifest", "Record")):
            if not name.startswith("ask"):
                continue
        reader = Reader(data)
        try:
            read(name, reader)
            reader.end()
        except wire.WireError as error:
            sys.exit(f"{file}, {name}: {error}")
        count += 1
    return count


def parts():
    """Records, states, ads and manifests of identity.json and wire.json, with their signatures."""
    told = {}
    for file in ("identity.json", "wire.json"):
        told.update(json.loads((FOLDER / file).read_text()))
    field = lambda name: bytes.fromhex(told[name])
    try:
        records = [Record(field(name)) for name in ("record", "extendedRecord")]
        signed, manifest = Reader(field("signedState")), Reader(field("signedManifest"))
        found = records + [State(signed), Ad(field("ad")), Manifest(manifest)]
        signed.end()
        manifest.end()
    except wire.WireError as error:
        sys.exit(f"identity.json or wire.json: {error}")
    for one in found:
        believe(one, type(one).__name__)
    check(all(one.id == field("id") for one in records), "the id of a record")
    check(found[-1].digest == field("manifestDigest"), "the digest of a manifest")
    check(digest("bored name", b"boredling") == field("topicOfName"), "the topic of a name")
    return len(found)


def normalization(reader):
    step = reader.u8()
    check(1 <= step <= 16, "a step of normalization")
    if step == 12:
        check(reader.u8() <= 3, "sides")
    for _ in range({13: 1, 14: 2, 15: 2}.get(step, 0)):
        reader.string(4096)
    if step == 16:
        check(reader.u8() <= 1, "how a table is read")
        reader.blob(1_048_576)


def splitting(reader):
    step = reader.u8()
    check(1 <= step <= 4, "a step of splitting")
    if step in (1, 3):
        check(reader.u8() & 127 <= {1: 4, 3: 2}[step], "how a step splits")
    if step == 1:
        reader.string(4096)


def tokenizers():
    count = 0
    for vector in json.loads((FOLDER / "tokenizer.json").read_text())["vectors"]:
        reader = Reader(bytes.fromhex(vector["encoded"]))
        check(reader.take(4) == b"BTK1", "magic")
        kind, flags = reader.u8(), reader.u8()
        check(1 <= kind <= 5 and flags < 32, "kind or flags")
        pieces = [(reader.u8(), reader.blob(4096)) for _ in range(reader.varint(1_048_576))]
        check(all(1 <= piece[0] & 7 <= 6 for piece in pieces), "a piece's type")
        read = {1: Reader.u32, 5: Reader.u64}.get(kind)
        scores = [read(reader) for _ in pieces] if read else []
        merges = reader.list(1_048_576, lambda r: (r.varint(), r.varint(), r.varint()))
        check(all(part < len(pieces) for merge in merges for part in merge), "a merge's id")
        check(kind in (2, 4) or not merges, "merges without byte or character pairs")
        reader.list(16, normalization)
        reader.list(16, splitting)
        reader.varint(4096)
        around = reader.list(8, Reader.varint) + reader.list(8, Reader.varint)
        check(all(part < len(pieces) for part in around), "an id out of bounds")
        ends = [reader.varint(), reader.varint()] + reader.list(64, Reader.varint)
        check(all(part <= len(pieces) for part in ends), "an id out of bounds")
        chat = reader.u8()
        check(chat < 8 and (chat == 0 or chat & 1), "parts of a chat")
        for bit in (1, 2):
            if chat & bit:
                reader.string(131_072)
        if chat & 4:
            texts = reader.list(64, lambda r: (r.string(4096), r.string(4096)))
            names = [name for name, _ in texts]
            check(names == sorted(set(names)), "names out of order")
        reader.end()
        told = vector["tokenizer"]
        check(len(told["pieces"]) == len(pieces), "the count of pieces")
        check(len(scores) == len(told.get("scores", scores)), "the count of scores")
        check([list(merge) for merge in merges] == told.get("merges", []), "merges")
        count += 1
    return count


def noise():
    try:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
        from visitor import NoiseIK
    except (ImportError, SystemExit):
        skipped.add("noise-ik.json: the Python package 'cryptography' is not here")
        return 0
    told = json.loads((FOLDER / "noise-ik.json").read_text())
    field = lambda name: bytes.fromhex(told[name])
    handshake = NoiseIK(
        X25519PrivateKey.from_private_bytes(field("init_static")),
        field("init_remote_static"),
        field("init_prologue"),
        X25519PrivateKey.from_private_bytes(field("init_ephemeral")),
    )
    first, second = told["messages"][:2]
    sent = handshake.write_initiation(bytes.fromhex(first["payload"]))
    check(sent.hex() == first["ciphertext"], "noise: the initiation")
    read = handshake.read_response(bytes.fromhex(second["ciphertext"]))
    check(read.hex() == second["payload"], "noise: the response")
    check(handshake.hash == field("handshake_hash"), "noise: the transcript")
    return 2


if __name__ == "__main__":
    counts = {
        "gossip": messages("gossip.json", range(0x20, 0x2D), gossip),
        "kademlia": messages("kademlia.json", range(0x10, 0x16), kademlia),
        "shards": messages("shards.json", range(0x30, 0x37), shards),
        "pipelines": messages("pipelines.json", [*range(0x40, 0x50), 0x56], pipelines),
        "parts": parts(),
        "tokenizer": tokenizers(),
        "noise": noise(),
    }
    for reason in sorted(skipped):
        print("SKIPPED:", reason)
    print(", ".join(f"{name}: {count} fit" for name, count in counts.items()))
