"""Writes unigrams.json: a small unigram model in the formats of SentencePiece and llama.cpp, and the
ids that each gives to texts (PyPI: sentencepiece, gguf, llama-cpp-python).

Run with: python3 Tests/Vectors/unigrams.py > Tests/Vectors/unigrams.json
"""
import base64
import io
import json
import tempfile
import gguf
import llama_cpp
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

CORPUS = [
    "A mesh is a group of machines that work together. Each machine holds a part of the model.",
    "The owner's car is idle; it can't drive, so it computes: 1, 23, 456 and 7890 tokens.",
    "Été, façade, naïve, Straße, İstanbul. 日本語の漢字。 한글 글자. नमस्ते",
]
# What becomes what: a character, clusters of a few bytes, a word, nothing.
REPLACED = {
    "½": "1/2", "\u00a0": " ", "\t": " ", "\n": " ", "\r": " ", "\u200b": "", "e\u0301": "é",
    "e": "E", "か\u3099": "が", "İ": "i", "Straße": "street", "\u2028": " ", "\ufeff": "",
    "Ⅷ": "VIII", "～": "~", "日本": "日",
}
TEXTS = [
    "Hello world", " leading", "trailing  ", "a  b   c", "It's the OWNER'S car; can't it?",
    "1234567 4½ Ⅷ", "line\n\nline\r\n\tindent", "été e\u0301te\u0301 Straße İX", "日本語の漢字 한글",
    "ガ か\u3099 नमस्ते", "😀👨‍👩‍👧!", "x\u00a0y\u3000z\u2028w", "\u001f\u200b\ufeff\u0085\ufffd",
    "▁marked ▁ space", "<0x41> <s> </s> <unk>", "", " ", "   ", "\n", "Été façade naïve together",
    "unbelievablylongwordwithoutanyspacesinit", "together machines hold a part", "～日本～Straßen",
]


def train(**settings):
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        for old, new in REPLACED.items():
            codes = [" ".join(f"{ord(c):X}" for c in text) for text in (old, new)]
            rules.write("\t".join(codes) + "\n")
        rules.flush()
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS), model_writer=model, minloglevel=2,
            normalization_rule_tsv=rules.name, **settings)
    return model.getvalue()


def gguf_file(model, adds_space, removes_spaces):
    """The same pieces as a GGUF file of a vocabulary."""
    with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
        writer = gguf.GGUFWriter(file.name, "bert")
        writer.add_tokenizer_model("t5")
        writer.add_tokenizer_pre("default")
        writer.add_token_list([piece.piece.encode() for piece in model.pieces])
        writer.add_token_scores([piece.score for piece in model.pieces])
        writer.add_token_types([piece.type for piece in model.pieces])
        writer.add_add_space_prefix(adds_space)
        writer.add_remove_extra_whitespaces(removes_spaces)
        writer.add_precompiled_charsmap(model.normalizer_spec.precompiled_charsmap)
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_unk_token_id(0)
        writer.add_add_bos_token(True)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        llama = llama_cpp.Llama(file.name, vocab_only=True, verbose=False)
        rows = [
            {"text": text, "plain": llama.tokenize(text.encode(), add_bos=False, special=False),
             "whole": llama.tokenize(text.encode(), add_bos=True, special=True)} for text in TEXTS]
        return file.read(), rows


def case(name, file, data, rows):
    return {"name": name, "file": file, "bytes": base64.b64encode(data).decode(), "rows": rows}


cases = []
for name, settings in (
        ("as usual", {"vocab_size": 76}), ("bytes", {"vocab_size": 330, "byte_fallback": True}),
        ("spaces as they are", {
            "vocab_size": 76, "add_dummy_prefix": False, "remove_extra_whitespaces": False})):
    data = train(model_type="unigram", **settings)
    processor = sentencepiece.SentencePieceProcessor(model_proto=data)
    rows = [{"text": text, "plain": processor.encode(text)} for text in TEXTS]
    cases.append(case(f"SentencePiece, {name}", "tokenizer.model", data, rows))
    model = sentencepiece_model_pb2.ModelProto.FromString(data)
    if name == "as usual":
        table = base64.b64encode(model.normalizer_spec.precompiled_charsmap).decode()
        for adds_space in (False, True):
            for removes_spaces in (False, True):
                data, rows = gguf_file(model, adds_space, removes_spaces)
                form = f"llama.cpp, space {adds_space}, single {removes_spaces}"
                cases.append(case(form, "vocabulary.gguf", data, rows))
data = train(model_type="bpe", vocab_size=120)
processor = sentencepiece.SentencePieceProcessor(model_proto=data)
rows = [{"text": text, "plain": processor.encode(text)} for text in TEXTS]
cases.append(case("SentencePiece's BPE with a table", "tokenizer.model", data, rows))
print(json.dumps({"table": table, "cases": cases}, ensure_ascii=False, separators=(",", ":"))
      .replace('{"name"', '\n{"name"').replace('{"text"', '\n{"text"'))
