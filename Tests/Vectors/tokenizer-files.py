"""Writes tokenizer-files.json: small tokenizer.json files of many forms, and the ids that the
tokenizers library (PyPI: tokenizers) gives to texts with them.

Run with: python3 Tests/Vectors/tokenizer-files.py > Tests/Vectors/tokenizer-files.json
"""
import json
import pathlib
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

CORPUS = [
    "A mesh is a group of machines that work together. Each machine holds a part of the model.",
    "The owner's car is idle; it can't drive, so it computes: 1, 23, 456 and 7890 tokens.",
    "Été, façade, naïve, Straße, İstanbul. 日本語の漢字。 한글 글자. नमस्ते  \n\n\tx = (y + z) ** 2",
] * 3
TEXTS = [
    "Hello world", " leading", "trailing  ", "a  b   c", "It's the OWNER'S car; can't it?",
    "1234567 4½ Ⅷ", "line\n\nline\r\n\tindent", "été e\u0301te\u0301 Straße İX", "日本語の漢字 한글",
    "ガ か\u3099 नमस्ते", "😀👨‍👩‍👧!", "x\u00a0y\u3000z\u2028w", "\u0000\u001f\u200b\ufeff\u0085\ufffd",
    "▁marked ▁ space", "##part [MASK]", "<s> begin </s>", "a<tool>b word sword word,",
    "x <left> y <right>   z <both>  </s>", "", " ", "İx i̇x", "-a-b--", "(y+z)**2=~`^|<>$",
    "Été façade naïve together machines", "unbelievablylongwordwithoutanyspacesinit",
]
ADDED = [
    AddedToken("<tool>", normalized=True), AddedToken("<left>", lstrip=True, special=True),
    AddedToken("<right>", rstrip=True, special=True), AddedToken("  ", normalized=False),
    AddedToken("word", single_word=True, normalized=False), AddedToken("İx", normalized=True),
    AddedToken("<both>", lstrip=True, rstrip=True, normalized=False),
]
BYTES = pre_tokenizers.ByteLevel.alphabet()
MODERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
cases = []


def add_case(name, tokenizer, added=()):
    for token in added:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
    rows = []
    for text in TEXTS:
        row = {"text": text}
        for key, reads_special, surrounds in (
                ("plain", False, False), ("special", True, False), ("whole", True, True)):
            tokenizer.encode_special_tokens = not reads_special
            row[key] = tokenizer.encode(text, add_special_tokens=surrounds).ids
        rows.append(row)
    tokenizer.encode_special_tokens = False
    cases.append({"name": name, "file": json.loads(tokenizer.to_str()), "rows": rows})


def pairs(name, added=ADDED, normalizer=None, splitter=None, decoder=None, alphabet=None,
          surrounds=False, **settings):
    tokenizer = Tokenizer(models.BPE(**settings))
    if normalizer:
        tokenizer.normalizer = normalizer
    if splitter:
        tokenizer.pre_tokenizer = splitter
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=330 if alphabet else 120, special_tokens=["<s>", "</s>", "<unk>"],
        initial_alphabet=alphabet or [], show_progress=False))
    if settings.get("byte_fallback"):
        file = json.loads(tokenizer.to_str())
        vocabulary = file["model"]["vocab"]
        for byte in range(256):
            vocabulary[f"<0x{byte:02X}>"] = len(vocabulary)
        tokenizer = Tokenizer.from_str(json.dumps(file))
    if decoder:
        tokenizer.decoder = decoder
    if surrounds:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)])
    add_case(name, tokenizer, added)


def byte_level(**settings):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, **settings)


def split(pattern, behavior, invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


pairs("GPT-2", splitter=byte_level(), alphabet=BYTES, surrounds=True)
pairs("RoBERTa", splitter=pre_tokenizers.ByteLevel(add_prefix_space=True), alphabet=BYTES)
pairs("Llama 3", splitter=pre_tokenizers.Sequence(
    [split(MODERN, "isolated"), byte_level(use_regex=False)]), alphabet=BYTES, ignore_merges=True)
pairs("Qwen", normalizer=normalizers.NFC(), splitter=pre_tokenizers.Sequence(
    [split(MODERN, "isolated"), byte_level(use_regex=False)]), alphabet=BYTES)
pairs("SmolLM", splitter=pre_tokenizers.Sequence(
    [pre_tokenizers.Digits(True), byte_level()]), alphabet=BYTES, added=())
# Behind the step that makes letters of bytes, some letters are digits, spaces are none.
pairs("Falcon", splitter=pre_tokenizers.Sequence(
    [pre_tokenizers.Punctuation("contiguous"), byte_level(), pre_tokenizers.Digits(False),
     split("[0-9][0-9][0-9]", "isolated")]), alphabet=BYTES, added=())
pairs("letters of bytes, cut by any rule", splitter=pre_tokenizers.Sequence(
    [byte_level(), pre_tokenizers.Punctuation("isolated"), pre_tokenizers.Digits(True),
     split(r"\p{Lu}|\s", "isolated")]), alphabet=BYTES)
PREPEND = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
pairs("Llama 2", normalizer=PREPEND, decoder=decoders.Strip(" ", 1, 0), unk_token="<unk>",
      byte_fallback=True, fuse_unk=True, surrounds=True)
pairs("no bytes, fused", normalizer=PREPEND, unk_token="<unk>", fuse_unk=True)
pairs("no bytes, apart", normalizer=PREPEND, unk_token="<unk>")
pairs("no unknown piece", normalizer=PREPEND)
for scheme, splits in (("first", True), ("first", False), ("always", True), ("never", True)):
    pairs(f"Metaspace {scheme} {splits}", unk_token="<unk>",
          splitter=pre_tokenizers.Metaspace(prepend_scheme=scheme, split=splits))
pairs("Gemma", normalizer=normalizers.Replace(" ", "▁"), unk_token="<unk>", byte_fallback=True,
      splitter=pre_tokenizers.Split(" ", "merged_with_previous"), fuse_unk=True)
for behavior in ("removed", "merged_with_previous", "merged_with_next", "contiguous"):
    for invert in (False, True):
        pairs(f"{behavior} {invert}", unk_token="<unk>", added=(), splitter=pre_tokenizers.Sequence(
            [split("[aeiou ]", behavior, invert), pre_tokenizers.Punctuation(behavior)]))
pairs("NFKC, lower case, words", unk_token="<unk>", splitter=pre_tokenizers.Whitespace(),
      normalizer=normalizers.Sequence(
          [normalizers.NFKC(), normalizers.Lowercase(), normalizers.Strip(),
           normalizers.Replace(Regex(r"\s+"), " ")]))
pairs("NFD without accents", unk_token="<unk>", splitter=pre_tokenizers.WhitespaceSplit(),
      normalizer=normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()]))


def unigrams(name, steps, splitter, surrounds=False, bytes_=False):
    """Trained without special pieces, so that plain text can't be read as one of them."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(CORPUS, trainers.UnigramTrainer(
        vocab_size=140, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False))
    file = json.loads(tokenizer.to_str())
    file["normalizer"] = {"type": "Sequence", "normalizers": steps} if steps else None
    if bytes_:
        file["model"]["byte_fallback"] = True
        file["model"]["vocab"] += [[f"<0x{byte:02X}>", -9.5] for byte in range(256)]
    tokenizer = Tokenizer.from_str(json.dumps(file))
    if splitter:
        tokenizer.pre_tokenizer = splitter
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<s>", "</s>"])
    if surrounds:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", special_tokens=[
                (text, tokenizer.token_to_id(text)) for text in ("<s>", "</s>")])
    add_case(name, tokenizer, ADDED)


TABLE = json.loads((pathlib.Path(__file__).parent / "unigrams.json").read_text())["table"]
MAPPED = {"type": "Precompiled", "precompiled_charsmap": TABLE}
SINGLE = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
METASPACE = pre_tokenizers.Metaspace(prepend_scheme="always")
unigrams("XLM-RoBERTa", [MAPPED, SINGLE], METASPACE, surrounds=True)
unigrams("T5", [MAPPED], pre_tokenizers.Sequence(
    [pre_tokenizers.WhitespaceSplit(), METASPACE]))
unigrams("unigrams, bytes", [{"type": "NFKC"}, MAPPED], METASPACE, bytes_=True)
unigrams("unigrams of whole texts", [], None)
for settings in ({}, {"lowercase": False}, {"strip_accents": False}, {"clean_text": False},
                 {"handle_chinese_chars": False, "lowercase": False, "strip_accents": True}):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=20))
    tokenizer.normalizer = normalizers.BertNormalizer(**settings)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(
        vocab_size=150, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
        show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    add_case(f"BERT {settings}", tokenizer)
print(json.dumps({"cases": cases}, ensure_ascii=False, separators=(",", ":")).replace(
    '{"name"', '\n{"name"').replace('{"text"', '\n{"text"'))
