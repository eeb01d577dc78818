"""Writes tekken.json: small files of the kind `tekken.json`, and the ids that mistral-common (PyPI:
mistral-common, tokenizers) gives to texts and chats with them.

Run with: python3 Tests/Vectors/tekken.py > Tests/Vectors/tekken.json
"""
import base64
import json
import os
import tempfile
from mistral_common.protocol.instruct.messages import (
    AssistantMessage, SystemMessage, UserMessage)
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer
from mistral_common.tokens.tokenizers.tekken import Tekkenizer
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

CORPUS = [
    "A mesh is a group of machines that work together. Each machine holds a part of the model.",
    "The owner's car is idle; it can't drive, so it computes: 1, 23, 456 and 7890 tokens.",
    "Été, façade, naïve, Straße. 日本語の漢字。 नमस्ते  \n\n\tx = (y + z) ** 2", "aaaaaaaa aaaa aaa",
] * 3
PATTERN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
TEXTS = [
    "Hello world", " leading", "trailing  ", "a  b   c", "It's the OWNER'S car; can't it?",
    "1234567 4½", "line\n\nline\r\n\tindent", "été e\u0301te\u0301 Straße", "日本語の漢字 नमस्ते",
    "😀 x\u00a0y", "\u001f\u200b\ufffd", "aaaaaaaaaaaaa aaaaa", "machinesMachines MACHINES", "",
    "https://a/b//c", "İǅʰ",
]
CHATS = [
    [("user", "Hello mesh")], [("system", "Be idle."), ("user", "Hello")],
    [("system", "Be idle."), ("user", "Hello"), ("assistant", "It computes"), ("user", "So?")],
    [("user", " x "), ("assistant", "y\n"), ("user", "日本 z")],
]
KINDS = {"user": UserMessage, "assistant": AssistantMessage, "system": SystemMessage}
ALL = [piece["token_str"].value for piece in Tekkenizer.DEPRECATED_SPECIAL_TOKENS]


def vocabulary():
    """The bytes, and what is made of them, the first made first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=360, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    letters = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet = {chr(byte): byte for byte in letters}
    alphabet |= {chr(256 + index): byte for index, byte in enumerate(
        byte for byte in range(256) if byte not in letters)}
    pieces = [bytes([byte]) for byte in range(256)]
    for left, right in model["merges"]:
        pieces.append(bytes(alphabet[letter] for letter in left + right))
    return [{"rank": rank, "token_bytes": base64.b64encode(piece).decode(), "token_str": None}
            for rank, piece in enumerate(pieces)]


def case(name, version, special_count, unused_count, special=None):
    pieces = vocabulary()
    file = {"config": {
        "pattern": PATTERN, "num_vocab_tokens": len(pieces), "version": version,
        "default_vocab_size": len(pieces) + special_count - unused_count,
        "default_num_special_tokens": special_count}, "vocab": pieces}
    if special is not None:
        file["special_tokens"] = [
            {"rank": id, "token_str": text, "is_control": True} for id, text in enumerate(special)]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tekken.json")
        with open(path, "w", encoding="utf-8") as out:
            json.dump(file, out)
        tokenizer, chats = Tekkenizer.from_file(path), MistralTokenizer.from_file(path)
    rows = []
    for text in TEXTS:
        plain = tokenizer.encode(text, bos=False, eos=False)
        rows.append({"text": text, "plain": plain, "special": plain,
                     "whole": tokenizer.encode(text, bos=True, eos=False)})
    written = []
    for chat in CHATS:
        request = ChatCompletionRequest(
            messages=[KINDS[role](content=text) for role, text in chat])
        written.append({
            "messages": [{"role": role, "content": text} for role, text in chat],
            "ids": chats.encode_chat_completion(request).tokens})
    return {"name": name, "file": json.dumps(file), "rows": rows, "chats": written}


print(json.dumps({"cases": [
    case("v3, special pieces not named", "v3", 24, 0),
    case("v7, pieces left over", "v7", 20, 30),
    case("v11, named", "v11", 32, 0, ALL + ["[ARGS]", "[CALL_ID]"]),
    case("v13, named", "v13", 40, 5, ALL + ["[ARGS]", "[CALL_ID]", "[THINK]", "[/THINK]"]),
]}, ensure_ascii=False, indent=1))
