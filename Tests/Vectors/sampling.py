"""Writes sampling.json: draws computed from Protocol.md with nothing of BoredMesh.

Run with: python3 Tests/Vectors/sampling.py > Tests/Vectors/sampling.json
"""
import json
import math
import struct
from fractions import Fraction

MASK = (1 << 64) - 1
INCREMENT = 0x9E3779B97F4A7C15


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def word(seed, position):
    key = mix((seed + INCREMENT) & MASK)
    return mix((key + (position + 1) * INCREMENT) & MASK)


def factorial(n):
    return 1 if n < 2 else n * factorial(n - 1)


COEFFICIENTS = [float(Fraction(1, factorial(n))) for n in range(13, -1, -1)]


def exponential(x):
    if not x >= -708:
        return 0.0
    n = (x * float.fromhex("0x1.71547652b82fep+0") + 1.5 * 2.0**52) - 1.5 * 2.0**52
    r = (x - n * float.fromhex("0x1.62e42feep-1")) - n * float.fromhex("0x1.a39ef35793c76p-33")
    total = COEFFICIENTS[0]
    for coefficient in COEFFICIENTS[1:]:
        total = total * r
        total = total + coefficient
    return total * 2.0 ** int(n)


def single(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def logarithm(x):
    exponent = math.frexp(x)[1] - 1
    mantissa = x / 2.0**exponent
    if mantissa >= 1.5:
        mantissa, exponent = mantissa * 0.5, exponent + 1
    s = (mantissa - 1) / (mantissa + 1)
    square = s * s
    total = 1.0 / 23
    for n in range(21, 0, -2):
        total = total * square
        total = total + 1.0 / n
    small = exponent * float.fromhex("0x1.a39ef35793c76p-33") + (2 * s) * total
    return exponent * float.fromhex("0x1.62e42feep-1") + small


def changed(logits, biases, repetition, frequency, presence, ids, prompt_count):
    logits = list(logits)
    for token, bias in sorted(biases):
        if token < len(logits):
            logits[token] = single(logits[token] + bias)
    for token in range(len(logits)):
        if token not in ids:
            continue
        logit = logits[token]
        if repetition != 1:
            logit = single(logit / repetition) if logit > 0 else single(logit * repetition)
        count = ids[prompt_count:].count(token)
        if count > 0:
            logit = single(logit - single(count * frequency))
            logit = single(logit - presence)
        logits[token] = -math.inf if logit != logit else logit
    return logits


def draw(logits, temperature, top_k, top_p, seed, position, min_p=0.0):
    infinity = float("inf")
    logits = [-infinity if x != x else x for x in logits]
    ranked = sorted(range(len(logits)), key=lambda i: (-logits[i], i))
    highest = logits[ranked[0]]
    if temperature == 0 or highest in (infinity, -infinity):
        return ranked[0]
    selected = ranked if top_k == 0 else ranked[:top_k]
    weights = {i: exponential((logits[i] - highest) / temperature) for i in selected}
    total = 0.0
    for i in sorted(selected):
        total = total + weights[i]
    nucleus = selected
    limit = total
    if top_p < 1 or min_p > 0:
        limit, nucleus = 0.0, []
        for i in selected:
            if weights[i] < min_p:
                break
            limit = limit + weights[i]
            nucleus.append(i)
            if top_p < 1 and limit >= top_p * total:
                break
    target = (word(seed, position) >> 11) * 2.0**-53 * limit
    reached, chosen = 0.0, nucleus[0]
    for i in nucleus:
        if weights[i] == 0:
            break
        chosen = i
        reached = reached + weights[i]
        if reached > target:
            break
    return chosen


def log_probabilities(logits, count):
    infinity = float("inf")
    logits = [-infinity if x != x else x for x in logits]
    ranked = sorted(range(len(logits)), key=lambda i: (-logits[i], i))
    highest = logits[ranked[0]]
    if highest in (infinity, -infinity):
        values = [0.0 if x == highest else -infinity for x in logits]
    else:
        total = 0.0
        for x in logits:
            total = total + exponential(x - highest)
        values = [(x - highest) - logarithm(total) for x in logits]
    return ranked[:count], values


def bits(x):
    return struct.pack(">f", x).hex()


def make_logits(seed, count, scale):
    values = [single(((word(seed, i) >> 40) / 2.0**23 - 1) * scale) for i in range(count)]
    for i in range(count):
        if word(seed + 1, i) % 5 == 0:  # ties
            values[i] = values[word(seed + 2, i) % count]
    return values


words = [
    {"seed": str(s), "position": p, "word": f"{word(s, p):016x}"}
    for s in (0, 1, 42, MASK)
    for p in (0, 1, 2, 1000, 1 << 31)
]
points = [0.0, -1e-300, -0.25, -0.5, -1.0, -3.3, -10.0, -88.8, -300.0, -700.5, -708.0, -708.1]
exponentials = [
    {"x": struct.pack(">d", x).hex(), "y": struct.pack(">d", exponential(x)).hex()}
    for x in points + [-(word(7, i) >> 11) * 2.0**-53 * 40 for i in range(40)]
]
tables = [make_logits(100, 1, 3), make_logits(200, 7, 4), make_logits(300, 100, 6),
          make_logits(400, 513, 12)]
special = make_logits(500, 20, 5)
special[3], special[7], special[11] = float("nan"), float("-inf"), -0.0
tables.append(special)
tables.append([float("nan"), float("inf"), 1.0, float("inf")])
tables.append([float("-inf")] * 4)
draws = []
for index, logits in enumerate(tables):
    for temperature in (0.0, 0.1, 0.7, 1.0, 1.7):
        for top_k in (0, 1, 3, 40):
            for top_p in (1.0, 0.95, 0.5, 0.01):
                seed = index * 1000 + int(temperature * 100) + top_k * 7
                t, p = single(temperature), single(top_p)
                draws.append({
                    "logits": index, "temperature": bits(t), "topK": top_k, "topP": bits(p),
                    "seed": str(seed),
                    "ids": [draw(logits, t, top_k, p, seed, q) for q in range(12)],
                })
penalized = []
for index, logits in enumerate(tables):
    n = len(logits)
    for number in range(24):
        key = lambda i: word(9_000 + index * 100 + number, i)
        ids = [key(i) % (n + n // 4 + 1) for i in range(number * 2)]
        prompt_count = key(900) % (len(ids) + 1)
        biases = [] if number % 3 == 0 else [
            (i, single((key(200 + i) >> 40) / 2.0**22 - 2)) for i in range(0, n + 2, 3)]
        settings = {
            "minP": single((0, 0.02, 0.2, 1)[number % 4]),
            "repetitionPenalty": single((1, 1.3, 0.8)[number // 2 % 3]),
            "frequencyPenalty": single((0, 0.4, -0.7)[number // 3 % 3]),
            "presencePenalty": single((0, 0.9)[number // 5 % 2]),
        }
        t = single((0, 0.8, 1.5)[number % 3])
        top_k, top_p = (0, 0, 5)[number // 4 % 3], single((1, 0.9)[number // 6 % 2])
        final = changed(logits, biases, settings["repetitionPenalty"],
                        settings["frequencyPenalty"], settings["presencePenalty"], ids,
                        prompt_count)
        penalized.append({
            "logits": index, "temperature": bits(t), "topK": top_k, "topP": bits(top_p),
            **{name: bits(value) for name, value in settings.items()},
            "biasIDs": [i for i, _ in biases], "biases": [bits(b) for _, b in biases],
            "ids": ids, "promptCount": prompt_count, "seed": str(number),
            "chosen": [draw(final, t, top_k, top_p, number, q, settings["minP"])
                       for q in range(6)],
        })
likelihoods = []
for index, logits in enumerate(tables):
    best, values = log_probabilities(logits, 5)
    likelihoods.append({
        "logits": index, "best": best,
        "values": [struct.pack(">d", value).hex() for value in values]})
logarithms = [
    {"x": struct.pack(">d", x).hex(), "y": struct.pack(">d", logarithm(x)).hex()}
    for x in [1.0, 1.5, 0.75, 2.0, 3.0, 1e-300, 1e300, 151936.0, 1.0000000000000002]
    + [1 + (word(8, i) >> 11) * 2.0**-53 * 4**(i % 10) for i in range(40)]
]
print("{")
for name, rows in (("words", words), ("exponentials", exponentials),
                   ("logits", [" ".join(bits(x) for x in table) for table in tables]),
                   ("draws", draws), ("penalized", penalized), ("likelihoods", likelihoods),
                   ("logarithms", logarithms)):
    print(f'"{name}": [')
    print(",\n".join(json.dumps(row) for row in rows))
    print("]," if name != "logarithms" else "]")
print("}")
