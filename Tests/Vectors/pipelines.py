"""Writes pipelines.json: what an entry and a stage say to each other, built from Protocol.md's text
with Python's own BLAKE2b and the package `cryptography`. `Tests/PipelinesTests/VectorTests.swift`
holds the conversation with a stage."""
import json, os, struct
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fields import blake, blob, u16, u32, u64, varint

def public(key): return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

class Node:
    """Seeds are one byte, 32 times; the puzzle's nonce is 0."""
    def __init__(self, number):
        self.signer = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        self.key = public(self.signer)
        agreement = public(X25519PrivateKey.from_private_bytes(bytes([number + 100]) * 32))
        self.id = blake(blake(self.key + u64(0), "bored work"), "bored node id")
        body = bytes([1, 0, 1]) + u64(5) + self.key + agreement + u64(0) + blob(b"")
        address = b"\x04" + bytes(10) + b"\xff\xff" + bytes([10, 0, 0, number]) + u16(4000)
        self.record = self.signed(body + varint(1) + address + varint(0))
    def signed(self, message):
        return message + self.signer.sign(blake(message, "bored signature"))

ENTRY, STAGE, LATER = Node(1), Node(2), Node(3)
MODEL = blake(b"model", "bored manifest")
NUMBER = 0x0102030405
REQUEST = ENTRY.id + u64(NUMBER)
HIDDEN = 2

TO_LATER = blob(LATER.record) + varint(3) + varint(0) + varint(0)
TO_ENTRY = blob(b"") + varint(0) + varint(0) + varint(0)

def offer(model, seat, number=NUMBER, resume=(0, 0), hop=TO_LATER):
    """The stage runs layers 1 ..< 3; steps come from the entry, results go to seat 3."""
    body = b"\x40" + blob(ENTRY.record) + u64(number) + model + varint(1) + varint(3)
    body += varint(seat) + varint(HIDDEN) + varint(40) + varint(resume[0]) + varint(resume[1])
    body += ENTRY.id + varint(0)
    body += hop
    body += b"\x02"  # no giver; the entry may come back
    return ENTRY.signed(body)

def answer(kind, offered, seat, number=NUMBER, last=b"\x00"):
    """Ends with why it is refused, or with whether rows are kept."""
    body = bytes([kind]) + u64(number) + varint(seat) + blake(offered, "bored token") + last
    return STAGE.signed(body)

def rows(count, first): return b"".join(struct.pack("<f", first + i) for i in range(count * HIDDEN))

def step(
    kind, seat, index, position, wanted, times, data, size=4 * HIDDEN, count=None, request=REQUEST
):
    body = bytes([kind]) + request + varint(seat) + varint(index) + varint(position)
    body += varint(count or len(data) // size) + varint(wanted) + varint(len(times))
    return body + b"".join(u32(time) for time in times) + data

def names(layer, data):
    """Of all rows in front of a layer."""
    name = blake(blake(ENTRY.id + MODEL, "bored prefix") + u64(layer), "bored prefix")
    for start in range(0, len(data), 4 * HIDDEN):
        name = blake(name + data[start:start + 4 * HIDDEN], "bored prefix")
        yield name

def account(request, outputs, row_count):
    chain = bytes(32)
    for output in outputs: chain = blake(chain + output, "bored token")
    body = b"\x47" + request + MODEL + varint(1) + varint(3) + varint(1)
    body += varint(len(outputs)) + varint(row_count) + varint(250 * len(outputs)) + chain
    return STAGE.signed(body)

def vectors():
    opened, refused = offer(MODEL, 1), offer(bytes(32), 1, NUMBER + 1)
    given, made, done = rows(3, 1.0), rows(3, 10.0), rows(1, 20.0)
    last, last_offer = ENTRY.id + u64(NUMBER + 2), offer(MODEL, 1, NUMBER + 2, hop=TO_ENTRY)
    unknown = ENTRY.id + u64(NUMBER + 9)
    given_names, made_names = b"".join(names(1, given)), b"".join(names(3, made))
    return {
        "entryRecord": ENTRY.record, "stageRecord": STAGE.record, "laterRecord": LATER.record,
        "entryID": ENTRY.id, "stageID": STAGE.id, "laterID": LATER.id, "modelDigest": MODEL,
        "openStage": opened, "stageOpened": answer(0x41, opened, 1),
        "openOtherStage": refused,
        "stageRefused": answer(0x42, refused, 1, NUMBER + 1, b"\x01"),
        "step": step(0x43, 0, 0, 0, 2, [], given), "madeBytes": made,
        "passedStep": step(0x43, 1, 0, 0, 2, [250], made),
        # The same rows by their names, of which the stage knows what comes, or does not.
        "namedStep": step(0x4F, 0, 0, 0, 2, [], given_names, 32),
        "passedNamedStep": step(0x4F, 1, 0, 0, 2, [250], made_names, 32),
        "rowsWanted": b"\x56" + REQUEST + varint(0) + varint(0),
        "stageOpenedKeeping": answer(0x41, opened, 1, last=b"\x01"),
        "askStage": b"\x4b" + REQUEST + varint(1),
        "stageStatus": b"\x4c" + REQUEST + varint(1) + b"\x03" + varint(1) + varint(3),
        # Results go to a new seat from now on, beginning with step 1.
        "relinkStage": b"\x49" + REQUEST + varint(1) + b"\x01" + blob(LATER.record) + varint(4) + varint(1)
        + varint(0),
        "openLastStage": last_offer, "lastStageOpened": answer(0x41, last_offer, 1, NUMBER + 2),
        # Of three rows no result is wanted, then of three the last one's.
        "silentStep": step(0x43, 0, 0, 0, 0, [7], rows(3, 4.0), request=last), "noBytes": b"",
        "silentDone": step(0x44, 1, 0, 0, 0, [7, 250], b"", count=3, request=last),
        "lastStep": step(0x43, 0, 1, 3, 1, [7], rows(3, 7.0), request=last),
        "stepDone": step(0x44, 1, 1, 5, 1, [7, 250], done, request=last), "doneBytes": done,
        "closeLastStage": b"\x46" + last + varint(1),
        "lastStageAccount": account(last, [b"", done], 6),
        "unknownStep": b"\x43" + unknown + varint(0) + varint(0) + varint(0) + varint(1) + varint(1)
        + varint(0) + rows(1, 1.0),
        "stepFailed": b"\x45" + unknown + varint(0) + b"\x08" + varint(0),
        "closeStage": b"\x46" + REQUEST + varint(1), "cancel": b"\x48" + REQUEST + varint(1),
        "stageAccount": account(REQUEST, [made], 3),
        "layersWanted": b"\x55" + MODEL + varint(4) + varint(6),
    }

folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "pipelines.json"), "w") as file:
    json.dump({key: value.hex() for key, value in vectors().items()}, file, indent=1)
    file.write("\n")
