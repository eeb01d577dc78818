"""Writes kademlia.json and shards.json: every message of the two rooms, built from the protocol's
text with Python's own BLAKE2b. Keys and signatures are the simulated suite's."""
import json, os
from fields import blake, blob, u16, u32, u64, varint

def public(secret): return blake(secret, "bored simulated")

def sign(message, key):
    half = blake(blake(message, "bored signature") + key, "bored simulated")
    return half + half

def ipv4(a, b, c, d, port):
    return b"\x04" + bytes(10) + b"\xff\xff" + bytes([a, b, c, d]) + u16(port)

def node(number, flags=0):
    key, agreement = public(bytes([number]) * 32), public(bytes([number + 100]) * 32)
    work = blake(key + u64(0), "bored work")
    body = bytes([1, flags, 1]) + u64(5) + key + agreement + u64(0) + blob(b"eu")
    body += varint(1) + ipv4(10, 0, 0, number, 4000) + varint(0)
    return {"key": key, "id": blake(work, "bored node id"), "record": body + sign(body, key)}

def log_distance(a, b):
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_length()

def kademlia():
    own, known, asker = node(1), node(2), node(3, flags=2)
    topic = bytes(range(32))
    holding = bytes([9]) * 32 + varint(4) + varint(12) + varint(200) + b"\x01"
    ad = blob(known["record"]) + u64(7) + u32(600) + holding
    ad += sign(ad, known["key"])
    distance = log_distance(own["id"], known["id"])
    number = u32(0x01020304)
    return {
        "own": own["record"], "ownID": own["id"], "known": known["record"], "asker": asker["record"],
        "findNodes": b"\x10" + number + varint(1) + u16(distance),
        "nodes": b"\x11" + number + varint(1) + blob(known["record"]),
        "putAd": b"\x12" + number + topic + blob(ad),
        "adStored": b"\x13" + number + b"\x00",
        "findAds": b"\x14" + number + topic,
        "ads": b"\x15" + number + varint(1) + u32(600) + blob(ad) + varint(1) + blob(known["record"]),
    }

def shards():
    chunk = bytes(range(200))
    digest = blake(chunk, "bored chunk")
    root = blake(digest, "bored piece")
    pieces = (varint(len(chunk)) + root) * 2
    manifest = b"\x01\x01" + blob(b"tiny") + blob(b"none") + varint(1) + varint(4) + blob(b"") + pieces
    publisher = public(bytes([1]) * 32)
    signed = blob(manifest) + publisher + sign(manifest, publisher)
    number = u32(0x01020304)
    return {
        "root": root, "chunkBytes": chunk, "signedManifest": signed, "chunkDigest": digest,
        "askManifest": b"\x30" + number + b"\x00" + blake(manifest, "bored manifest"),
        "askManifestByName": b"\x30" + number + b"\x01" + blob(b"tiny"),
        "manifest": b"\x31" + number + signed,
        "askChunkList": b"\x32" + number + root,
        "chunkList": b"\x33" + number + root + varint(1) + digest,
        "askChunk": b"\x34" + number + root + varint(0),
        "chunk": b"\x35" + number + root + varint(0) + chunk,
        "askAbsentChunk": b"\x34" + number + root + varint(1),
        "shardRefused": b"\x36" + number + b"\x00",
    }

folder = os.path.dirname(os.path.abspath(__file__))
for name, vectors in (("kademlia", kademlia()), ("shards", shards())):
    with open(os.path.join(folder, name + ".json"), "w") as file:
        json.dump({key: value.hex() for key, value in vectors.items()}, file, indent=1)
        file.write("\n")
