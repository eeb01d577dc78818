"""Writes identity.json and wire.json: hashes, keys, signatures, records, states, ads and manifests,
built from Protocol.md's text with Python's own BLAKE2b and the package `cryptography`. Published
vectors stand in it as they were printed; what the package can check of them, it checks."""
import hashlib, hmac, json, os
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fields import blake, blob, u16, u32, u64, varint

def public(key): return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
def mac(key, data): return hmac.new(key, data, hashlib.sha256).digest()

# RFC 8032 section 7.1, test 1, and RFC 7748 section 6.1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
ALICE = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
BOB = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
SIGNER = Ed25519PrivateKey.from_private_bytes(SEED)
KEY, AGREEMENT = public(SIGNER), public(X25519PrivateKey.from_private_bytes(ALICE))

# RFC 8439 appendix A.5, whose nonce begins with four zero bytes, as Noise's does.
SEAL_KEY = bytes.fromhex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0")
SEAL_HEADER = bytes.fromhex("f33388860000000000004e91")
SEALED = bytes.fromhex(
    "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0"
    "bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
    "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e9"
    "9040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
    "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130"
    "305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38")

# draft-irtf-cfrg-xchacha-03 appendix A.3.1.
LADIES = (b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
          b"future, sunscreen would be it.")
XSEALED = bytes.fromhex(
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
    "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
    "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49")

def sign(message): return SIGNER.sign(blake(message, "bored signature"))

def node_id(nonce): return blake(blake(KEY + u64(nonce), "bored work"), "bored node id")

def solve(bits):
    nonce = 0
    while int.from_bytes(blake(KEY + u64(nonce), "bored work"), "big") >> (256 - bits): nonce += 1
    return nonce

def ipv4(a, b, c, d, port):
    return b"\x04" + bytes(10) + b"\xff\xff" + bytes([a, b, c, d]) + u16(port)

def record(nonce, extension=b""):
    body = bytes([1, 1, 1]) + u64(9) + KEY + AGREEMENT + u64(nonce) + blob(b"eu-west")
    body += varint(2) + ipv4(192, 0, 2, 7, 4242)
    body += b"\x06" + bytes.fromhex("20010db8000000000000000000000001") + u16(443) + blob(extension)
    return body + sign(body)

def expand(key, material):
    extracted = mac(key, material)
    first = mac(extracted, b"\x01")
    return first + mac(extracted, first + b"\x02")

def identity():
    plain = ChaCha20Poly1305(SEAL_KEY).decrypt(
        bytes.fromhex("000000000102030405060708"), SEALED, SEAL_HEADER)
    bob = public(X25519PrivateKey.from_private_bytes(BOB))
    shared = X25519PrivateKey.from_private_bytes(ALICE).exchange(X25519PublicKey.from_public_bytes(bob))
    assert KEY.hex().startswith("d75a980182b10ab7") and shared.hex().startswith("4a5d9d5ba4ce2de1")
    nonce = solve(8)
    return {
        "signingSeed": SEED, "signingKey": KEY, "agreementSecret": ALICE,
        "agreementKey": AGREEMENT, "bobSecret": BOB, "bobKey": bob, "shared": shared,
        "message": b"abc", "signature": sign(b"abc"),
        "nodeWork": blake(b"abc", "bored work"), "nodeID": blake(b"abc", "bored node id"),
        "swarm": blake(b"abc", "bored swarm"), "manifest": blake(b"abc", "bored manifest"),
        "piece": blake(b"abc", "bored piece"), "chunk": blake(b"abc", "bored chunk"),
        "layerTopic": blake(b"abc", "bored layers"), "nameTopic": blake(b"abc", "bored name"),
        "signatureHash": blake(b"abc", "bored signature"), "token": blake(b"abc", "bored token"),
        "handshakeMAC": blake(b"abc", "bored mac1"), "cookieKey": blake(b"abc", "bored cookie"),
        "entropy": blake(b"abc", "bored entropy"), "prefix": blake(b"abc", "bored prefix"),
        "simulated": blake(b"abc", "bored simulated"),
        "keyedHash": hashlib.blake2b(b"abc", digest_size=16, key=SEED).digest(),
        "sha256": hashlib.sha256(b"abc").digest(), "hmac": mac(b"key", b"abc"),
        "expanded": expand(SEED, ALICE),
        "entropyFirst": blake(SEED + u64(1), "bored entropy"),
        "entropySecond": blake(blake(SEED + u64(0), "bored entropy") + u64(1), "bored entropy"),
        "sealKey": SEAL_KEY, "sealHeader": SEAL_HEADER, "sealed": SEALED, "plain": plain,
        "xSealed": XSEALED, "xPlain": LADIES,
        "puzzleNonce": u64(nonce), "solvedID": node_id(nonce),
        "record": record(nonce), "extendedRecord": record(nonce, b"later"),
    }

def holding(model, lower, upper, count, disk):
    return model + varint(lower) + varint(upper) + varint(count) + bytes([disk])

def wire():
    nonce = solve(8)
    model = blake(b"model", "bored manifest")
    state = node_id(nonce) + u64(1_700_000_000_123) + b"\x01" + varint(3) + varint(4_096)
    state += varint(300) + varint(1_250)
    for axis in (1, -2, 300, -32_768): state += u16(axis)
    state += u16(65_535) + b"\x28"
    state += varint(2) + holding(model, 0, 3, 1_024, 1) + holding(bytes(32), 5, 5, 6, 2)
    state += varint(1) + holding(model, 200, 300, 1_024, 3)
    state += varint(25) + varint(0)  # demand for each holding, in tenths
    ad = blob(record(nonce)) + u64(77) + u32(600) + holding(model, 4, 12, 200, 1)
    pieces = b"".join(varint(size) + blake(bytes([size & 255]), "bored piece") for size in (100, 262_144, 262_145))
    manifest = b"\x01\x01" + blob("ling–1".encode()) + blob(b"Apache-2.0") + varint(2) + varint(64)
    manifest += blob(b"shape") + pieces
    return {
        "id": node_id(nonce), "model": model,
        "signedState": blob(record(nonce)) + blob(state + sign(state)),
        "ad": ad + sign(ad), "manifest": manifest, "manifestDigest": blake(manifest, "bored manifest"),
        "signedManifest": blob(manifest) + KEY + sign(manifest),
        "topicOfBlock3": blake(model + u64(3), "bored layers"),
        "topicOfName": blake(b"boredling", "bored name"),
    }

folder = os.path.dirname(os.path.abspath(__file__))
for name, vectors in (("identity", identity()), ("wire", wire())):
    with open(os.path.join(folder, name + ".json"), "w") as file:
        json.dump({key: value.hex() for key, value in vectors.items()}, file, indent=1)
        file.write("\n")
