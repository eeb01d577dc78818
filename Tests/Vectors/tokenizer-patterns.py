"""Writes tokenizer-patterns.json: regular expressions that cut a text, and the words that the
tokenizers library (PyPI: tokenizers) makes of it, as ids of a vocabulary of these words.

Run with: python3 Tests/Vectors/tokenizer-patterns.py > Tests/Vectors/tokenizer-patterns.json
"""
import json
from tokenizers import Regex, Tokenizer
from tokenizers import models, normalizers, pre_tokenizers

TEXTS = [
    " aab12", "1234567 and 1234", "axxb xx", "line\n  second \n\nthird\n", "a\nb a-b amb",
    "日本、ー㍿の〇テーブル のーの", "aⒶb½c²d٣e\u200df", "été e\u0301te\u0300 Straße", "[]a]b[", "ABC abc, DEF; ghi!",
    "dead beef 0xFF µ$+~€", "x\u000b\u0085\u00a0\u180ey z", "abaab aabb a{ 7\u094d 8", "Qx Ex Query", "😀👨\u200d👩!",
]
PATTERNS = [  # what a group is, matches of nothing
    r"(a)", r"(\d)(\d)", r"(?:(a)|(b))+", r"x*", r"(?=(\d{3})+(?!\d))", r"(?<=a)(?=b)", r"(?i:(b|C))",
    # kinds of characters
    r"\w+", r"\W+", r"[\W\d]+", r"\s+", r"[^\s]+", r"[\S]", r"\h+", r"\H", r"\d", r"\v", r"\p{Han}+",
    r"\p{Hiragana}+", r"[\p{Katakana}]+", r"\P{Han}+", r"\p{^L}+", r"\p{Letter}+", r"[^\p{Number}]",
    "[\u0301\u0300]", "[\\u00e9\\u0300-\\u036f]", r"\u00e9|\Q", r"\x{df}",
    # names of POSIX
    r"[[:alpha:]]+", r"[[:^alpha:]]+", r"[[:punct:]]", r"[^[:space:][:upper:]]+", r"[[:alnum:]_-]+",
    r"[[:lower:]]+", r"[[:digit:]]", r"[[:word:]]+", r"[[:xdigit:]]+", r"[[:blank:]]",
    # classes of classes
    r"[\p{L}&&[^a-m]]+", r"[^\p{L}&&[^a-m]]+", r"[a-e[x-z]]+", r"[^a-e[x-z\d]]+", r"[a-z&&[^b]&&[^x]]+",
    r"[\p{Lu}\p{M}&&[^\p{Han}]]*[\p{Ll}&&[^\p{Han}]]+", r"[\]a]+", r"[a&b]", r"[a\-c]+",
    # lines
    r"^\s*", r"\s+$|^\s+", r"^.", r"$", r"a.b", r"(?m:a.b)", r"(?m)a.b", r"(?i-m:A.B)",
    # counts, edges of words
    r"\d{1,2}(?=\d{3}+(?!\d))", r"(ab?){2}+", r"[ab]{1,2}+b", r"a{,2}b", r"a{", r"x{2,}", r"\b", r"\B.", r"\d(?=\b)",
]


def words(tokenizer, text):
    if tokenizer.normalizer:
        text = tokenizer.normalizer.normalize_str(text)
    if not tokenizer.pre_tokenizer:
        return [text]
    return [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)]


def case(name, splitter=None, normalizer=None):
    tokenizer = Tokenizer(models.WordPiece({}, unk_token="[UNK]"))
    if splitter:
        tokenizer.pre_tokenizer = splitter
    if normalizer:
        tokenizer.normalizer = normalizer
    known = sorted({word for text in TEXTS for word in words(tokenizer, text)})
    vocabulary = {word: index + 1 for index, word in enumerate(known)}
    tokenizer.model = models.WordPiece({"[UNK]": 0, **vocabulary}, unk_token="[UNK]")
    rows = []
    for text in TEXTS:
        ids = [vocabulary[word] for word in words(tokenizer, text)]
        assert tokenizer.encode(text).ids == ids, (name, text)
        rows.append(ids)
    return {"name": name, "file": json.loads(tokenizer.to_str()), "ids": rows}


cases = [case("Whitespace", pre_tokenizers.Whitespace())]
for pattern in PATTERNS:
    cases.append(case(pattern, pre_tokenizers.Split(Regex(pattern), "isolated")))
for pattern in [r"(\d)", r"(?=(\d{3})+(?!\d))", r"x*", r"\w+"]:
    for behavior in ["removed", "merged_with_previous", "merged_with_next", "contiguous"]:
        for invert in [False, True]:
            cases.append(case(f"{pattern} {behavior} {invert}",
                              pre_tokenizers.Split(Regex(pattern), behavior, invert)))
for pattern in [r"(\d)(\d)", r"x*", r"^", r"\w", r"(?=(\d{3})+(?!\d))"]:
    cases.append(case(f"{pattern} replaced", pre_tokenizers.WhitespaceSplit(),
                      normalizers.Replace(Regex(pattern), "_")))
print(json.dumps({"texts": TEXTS, "cases": cases}, separators=(",", ":")).replace(
    '{"name"', '\n{"name"'))
