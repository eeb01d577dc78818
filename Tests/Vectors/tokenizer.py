"""Writes tokenizer.json: encoded tokenizers, built from Protocol.md with nothing of BoredMesh.

Run with: python3 Tests/Vectors/tokenizer.py > Tests/Vectors/tokenizer.json
"""
import json
import struct

KINDS = {"sentencePiece": 1, "bytePairs": 2, "wordPiece": 3, "characterPairs": 4,
         "unigram": 5}
FLAGS = ["ignoresMerges", "takesLineFeedsWhole", "dropsFirstSpace", "fusesUnknown",
         "cutsLongestFirst"]


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def blob(data):
    return varint(len(data)) + data


def ids(values):
    return varint(len(values)) + b"".join(varint(value) for value in values)


def step(parts):
    """A byte for the kind, then bytes, texts, and lists of bytes."""
    return b"".join(
        blob(p.encode()) if isinstance(p, str) else blob(bytes(p)) if isinstance(p, list)
        else bytes([p]) for p in parts)


def encoded(t):
    out = b"BTK1" + bytes([KINDS[t["kind"]]])
    out += bytes([sum(1 << bit for bit, flag in enumerate(FLAGS) if t.get(flag))])
    out += varint(len(t["pieces"]))
    traits = t.get("traits", [0] * len(t["pieces"]))
    for piece, kind, trait in zip(t["pieces"], t["types"], traits):
        out += bytes([kind | trait << 3]) + blob(piece.encode())
    for score in t.get("scores", []):
        out += struct.pack("<d" if t["kind"] == "unigram" else "<f", score)
    merges = t.get("merges", [])
    out += varint(len(merges)) + b"".join(varint(i) for merge in merges for i in merge)
    for steps in (t.get("normalizations", []), t.get("splittings", [])):
        out += varint(len(steps)) + b"".join(step(parts) for parts in steps)
    out += varint(t.get("wordCharacterCount", 0))
    out += ids(t.get("prefixIDs", [])) + ids(t.get("suffixIDs", []))
    for key in ("bosID", "unknownID"):
        out += varint(t[key] + 1 if key in t else 0)
    out += ids(t.get("eosIDs", []))
    texts = t.get("templateTexts")
    out += bytes([("chatTemplate" in t) | 2 * ("toolTemplate" in t) | 4 * (texts is not None)])
    for key in ("chatTemplate", "toolTemplate"):
        if key in t:
            out += blob(t[key].encode())
    if texts is not None:
        out += varint(len(texts)) + b"".join(blob(s.encode()) for text in texts for s in text)
    return out


TOKENIZERS = [
    ("byte pairs of six pieces", {
        "kind": "bytePairs", "pieces": ["a", "b", "ab", " ", "<|end|>", "é"],
        "types": [1, 1, 1, 1, 3, 4], "traits": [0, 0, 0, 0, 2, 8], "merges": [[0, 1, 2]],
        "normalizations": [[1]], "splittings": [[1, 0, "\\s+"], [2], [4]], "ignoresMerges": True,
        "prefixIDs": [4], "suffixIDs": [4], "bosID": 4, "eosIDs": [4], "chatTemplate": "t",
    }),
    ("SentencePiece of two pieces", {
        "kind": "sentencePiece", "pieces": ["<unk>", "▁a"], "types": [2, 1], "scores": [0, -1.5],
        "normalizations": [[13, "▁"], [14, " ", "▁"]], "dropsFirstSpace": True,
        "cutsLongestFirst": True, "unknownID": 0,
    }),
    ("WordPiece of three pieces", {
        "kind": "wordPiece", "pieces": ["[UNK]", "a", "b"], "types": [3, 1, 1],
        "traits": [0, 0, 16], "unknownID": 0, "wordCharacterCount": 100,
        "normalizations": [[10], [11], [2], [7], [6], [12, 3], [15, "x+", "y"]],
        "splittings": [[1, 1, "\\s"], [1, 0x83, "z"]],
    }),
    ("character pairs of three pieces", {
        "kind": "characterPairs", "pieces": ["▁", "a", "▁a"], "types": [1, 1, 1],
        "merges": [[0, 1, 2]], "splittings": [[3, 0x81]], "fusesUnknown": True,
        "takesLineFeedsWhole": True, "chatTemplate": "{{ pad_token }}", "toolTemplate": "é",
        "templateTexts": [["bos_token", "▁"], ["pad_token", "<pad>"]],
    }),
    ("unigrams of two pieces, with a table of no replacements", {
        "kind": "unigram", "pieces": ["<unk>", "▁a"], "types": [2, 1], "scores": [0, -1.1],
        "normalizations": [[16, 1, [0, 0, 0, 0]]], "unknownID": 0,
    }),
]
vectors = [
    {"name": name, "encoded": encoded(tokenizer).hex(), "tokenizer": tokenizer}
    for name, tokenizer in TOKENIZERS
]
print(json.dumps({"comment": "Encoded tokenizers (Protocol.md), in hexadecimal.",
                  "vectors": vectors}, ensure_ascii=False, indent=1))
