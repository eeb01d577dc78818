"""Writes sampling.json: draws computed from docs/protocol/sampling.md with nothing of BoredMesh.

Run with: python3 Tests/Vectors/sampling.py > Tests/Vectors/sampling.json
"""
import json
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


def draw(logits, temperature, top_k, top_p, seed, position):
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
    if top_p < 1:
        limit, nucleus = 0.0, []
        for i in selected:
            limit = limit + weights[i]
            nucleus.append(i)
            if limit >= top_p * total:
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
print("{")
for name, rows in (("words", words), ("exponentials", exponentials),
                   ("logits", [" ".join(bits(x) for x in table) for table in tables]),
                   ("draws", draws)):
    print(f'"{name}": [')
    print(",\n".join(json.dumps(row) for row in rows))
    print("]," if name != "draws" else "]")
print("}")
