"""Writes older-vocabularies.json: folders with vocab.json and merges.txt, or vocab.txt, and without
tokenizer.json, and the ids that transformers (PyPI: transformers, tokenizers) gives to texts with
them.

Run with: python3 Tests/Vectors/older-vocabularies.py > Tests/Vectors/older-vocabularies.json
"""
import json
import os
import tempfile
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer

CORPUS = [
    "A mesh is a group of machines that work together. Each machine holds a part of the model.",
    "The owner's car is idle; it can't drive, so it computes: 1, 23, 456 and 7890 tokens.",
    "Été, façade, naïve, Straße. 日本語の漢字。 नमस्ते  \n\n\tx = (y + z) ** 2",
] * 3
TEXTS = [
    "Hello world", " leading", "trailing  ", "a  b   c", "It's the OWNER'S car; can't it?",
    "1234567 4½", "line\n\nline\r\n\tindent", "été e\u0301te\u0301 Straße", "日本語の漢字 नमस्ते",
    "😀 x\u00a0y", "\u001f\u200b\ufffd", "<|endoftext|>a<|turn|> b<tool>", "[CLS] machine [MASK]s",
    "<s> begin <mask> </s>", "", "Été façade naïve together machines",
]
cases = []


def byte_pairs():
    """A vocabulary and its merges."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=330, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    lines = ["#version: 0.2", *[" ".join(merge) for merge in model["merges"]]]
    return {"vocab.json": json.dumps(model["vocab"]), "merges.txt": "\n".join(lines) + "\n"}


def words(lowercase):
    """A list of pieces of words."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(
        vocab_size=160, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
        show_progress=False))
    vocabulary = json.loads(tokenizer.to_str())["model"]["vocab"]
    return {"vocab.txt": "\n".join(sorted(vocabulary, key=vocabulary.get)) + "\n"}


def add(name, files, model_type, configuration=None, **others):
    files = dict(files)
    files["config.json"] = json.dumps({"model_type": model_type})
    if configuration is not None:
        files["tokenizer_config.json"] = json.dumps(configuration)
    for other, value in others.items():
        files[other + ".json"] = json.dumps(value)
    with tempfile.TemporaryDirectory() as folder:
        for file, text in files.items():
            with open(os.path.join(folder, file), "w", encoding="utf-8", newline="") as out:
                out.write(text)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = []
    for text in TEXTS:
        row = {"text": text}
        for key, splits, surrounds in (
                ("plain", True, False), ("special", False, False), ("whole", False, True)):
            row[key] = tokenizer(
                text, add_special_tokens=surrounds, split_special_tokens=splits)["input_ids"]
        rows.append(row)
    cases.append({"name": name, "files": files, "rows": rows})


def piece(text, special, **traits):
    return {"content": text, "special": special, "lstrip": False, "rstrip": False,
            "normalized": False, "single_word": False, **traits}


pairs = byte_pairs()
count = len(json.loads(pairs["vocab.json"]))
decoder = {str(count): piece("<|endoftext|>", True), str(count + 1): piece("<|turn|>", True),
           str(count + 2): piece("<tool>", False, rstrip=True)}
add("Qwen2", pairs, "qwen2", {
    "tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": decoder, "bos_token": None,
    "eos_token": "<|turn|>", "pad_token": "<|endoftext|>", "unk_token": None})
add("Qwen2, which names nothing", pairs, "qwen2", {"tokenizer_class": "Qwen2Tokenizer"})
add("Qwen2 by its architecture", pairs, "qwen2")
add("GPT-2", pairs, "llama", {"tokenizer_class": "GPT2TokenizerFast"})
add("GPT-2 that begins and ends", pairs, "llama", {
    "tokenizer_class": "GPT2Tokenizer", "add_bos_token": True, "add_eos_token": True,
    "add_prefix_space": True, "eos_token": "<|turn|>"})
add("CodeGen with added pieces", pairs, "phi", {"tokenizer_class": "CodeGenTokenizer"},
    added_tokens={"  ": count, "<|turn|>": count + 1},
    special_tokens_map={"eos_token": {"content": "<|turn|>"}})
add("CodeGen by its architecture", pairs, "phi")
add("RoBERTa", pairs, "roberta", {"tokenizer_class": "RobertaTokenizer"})
crlf = {name: text.replace("\n", "\r\n") for name, text in pairs.items()}
add("GPT-2, of lines that end in CR LF", crlf, "llama", {"tokenizer_class": "GPT2Tokenizer"})
add("BERT", words(True), "bert", {"tokenizer_class": "BertTokenizer"})
add("BERT by its architecture", words(True), "bert")
add("BERT with cases", words(False), "bert", {
    "tokenizer_class": "BertTokenizer", "do_lower_case": False,
    "tokenize_chinese_chars": False, "strip_accents": False})
print(json.dumps({"cases": cases}, ensure_ascii=False, indent=1))
