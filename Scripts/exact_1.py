#!/usr/bin/env python3
"""exact-1 in Python, written from Protocol.md: prints Tests/Vectors/exact-1.json.

Every operation is exact in rationals, then rounded once. Slow, and meant to be: it is the second
implementation that the kernels are held against.
"""
import json
import math
import struct
from fractions import Fraction

H = float.fromhex


def single(value):
    """The Float32 nearest to a double (ties to even), as a double."""
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def nearest(exact, precision, lowest):
    """A nonzero rational rounded to `precision` bits, none below 2^lowest; as a double."""
    size = abs(exact)
    power = size.numerator.bit_length() - size.denominator.bit_length()
    if Fraction(2) ** power > size:
        power -= 1
    unit = max(power - precision + 1, lowest)
    scaled = size / Fraction(2) ** unit
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    if 2 * rest > scaled.denominator or 2 * rest == scaled.denominator and whole % 2:
        whole += 1
    return math.copysign(math.ldexp(whole, unit), -1 if exact < 0 else 1)


def fused(a, b, c, precision, lowest):
    if not all(map(math.isfinite, (a, b, c))):
        return a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return a * b + c if Fraction(c) == 0 else 0.0
    return nearest(exact, precision, lowest)


def fma(a, b, c):
    return single(fused(a, b, c, 24, -149))


def fma_double(a, b, c):
    return fused(a, b, c, 53, -1074)


# Sums, products, quotients and roots of two Float32 are exact enough in double that rounding twice
# is rounding once (53 >= 2 * 24 + 2).
def add(a, b):
    return single(a + b)


def multiply(a, b):
    return single(a * b)


def divide(a, b):
    return single(a / b)


def exponential(x):
    if math.isnan(x):
        return x
    x = min(max(x, -104.0), 89.0)
    shifted = fma(x, H("0x1.715476p0"), H("0x1.8p23"))
    n = add(shifted, -H("0x1.8p23"))
    r = fma(-n, H("0x1.62e4p-1"), x)
    r = fma(-n, H("0x1.7f7d1cp-20"), r)
    p = H("0x1.6a4f48p-10")
    for term in ("0x1.12397cp-7", "0x1.5558aep-5", "0x1.555492p-3", "0x1.fffffcp-2", "1", "1"):
        p = fma(p, r, H(term))
    first = int(n) >> 1
    return multiply(multiply(p, 2.0**first), 2.0 ** (int(n) - first))


def silu(x):
    bottom = add(1.0, exponential(-x))
    return divide(x, bottom) if bottom != math.inf else math.copysign(0.0, x)


def gelu_tanh(x):
    factor = fma(multiply(x, x), H("-0x1.2444f2p-4"), H("-0x1.988454p0"))
    return divide(x, add(1.0, exponential(multiply(x, factor))))


def gelu_erf(x):
    z = multiply(abs(x), H("0x1.6a09e6p-1"))
    t = divide(1.0, fma(z, H("0x1.333334p-2"), 1.0))
    p = H("-0x1.09433cp-3")
    for term in ("0x1.f1374ep-2", "-0x1.064926p-1", "0x1.186e96p-1", "-0x1.83af92p-4",
                 "0x1.b82af6p-3", "0x1.2fcc82p-3", "0x1.5d9ffp-3", "0x1.5a7f3ep-3"):
        p = fma(p, t, H(term))
    below = multiply(multiply(0.5, multiply(p, t)), exponential(-multiply(z, z)))
    return multiply(x, below if x < 0 else add(1.0, -below))


def soft_cap(x, cap):
    share = divide(x, cap)
    e = exponential(multiply(-2.0, abs(share)))
    return multiply(math.copysign(divide(add(1.0, -e), add(1.0, e)), share), cap)


def half_bits(x):
    if math.isnan(x):
        return 0x7E00
    sign = 0x8000 if math.copysign(1, x) < 0 else 0
    size = abs(x)
    if size >= 65520:
        return sign | 0x7C00
    if size == 0:
        return sign
    rounded = nearest(Fraction(size), 11, -24)
    return sign | struct.unpack("<H", struct.pack("<e", rounded))[0]


def of_half(bits):
    return struct.unpack("<e", struct.pack("<H", bits))[0]


def chain(pairs):
    total = 0.0
    for a, b in pairs:
        total = fma(a, b, total)
    return total


FORMATS = {"Q8_0": (32, 34), "Q4_0": (32, 18), "Q4_K": (256, 144), "Q5_K": (256, 176),
           "Q6_K": (256, 210)}


def read_block(kind, b):
    """One block as triples (whole number, scale, minimum), one for each input."""
    def half(at):
        return of_half(b[at] | b[at + 1] << 8)

    def signed(byte):
        return byte - 256 if byte > 127 else byte

    if kind == "Q8_0":
        return [(signed(q), half(0), 0.0) for q in b[2:]]
    if kind == "Q4_0":
        return [((b[2 + i % 16] >> i // 16 * 4) % 16 - 8, half(0), 0.0) for i in range(32)]
    if kind == "Q6_K":
        out = []
        for i in range(256):
            a, c, column = i // 128, i % 128 // 32, i % 32
            low = (b[64 * a + 32 * (c % 2) + column] >> c // 2 * 4) % 16
            high = (b[128 + 32 * a + column] >> 2 * c) % 4
            out.append((low + 16 * high - 32, multiply(half(208), signed(b[192 + i // 16])), 0.0))
        return out
    out, six = [], b[4:16]
    for i in range(256):
        g = i // 32
        if g < 4:
            s, m = six[g] % 64, six[g + 4] % 64
        else:
            s = six[g + 4] % 16 + 16 * (six[g - 4] // 64)
            m = six[g + 4] // 16 + 16 * (six[g] // 64)
        low = b[(16 if kind == "Q4_K" else 48) + g // 2 * 32 + i % 32]
        q = (low >> g % 2 * 4) % 16
        if kind == "Q5_K":
            q += (b[16 + i % 32] >> g) % 2 * 16
        out.append((q, multiply(half(0), s), multiply(half(2), m)))
    return out


def round_row(x):
    """Pairs (whole numbers, scale), one for each 32 numbers."""
    groups = []
    for start in range(0, len(x), 32):
        group = x[start:start + 32]
        top = max(map(abs, group))
        if top < 2.0**-100:
            groups.append(([0] * 32, 0.0))
            continue
        factor = divide(127.0, top)
        groups.append(([round(multiply(v, factor)) for v in group], divide(top, 127.0)))
    return groups


def quantized_product(kind, weights, x):
    """The output of one row of weights (triples of read_block) for a row of x."""
    total, size = 0.0, 16 if kind == "Q6_K" else 32
    for g, (a, scale) in enumerate(round_row(x)):
        for start in range(0, 32, size):
            part = weights[32 * g + start:32 * g + start + size]
            dot = sum(w[0] * q for w, q in zip(part, a[start:]))
            total = fma(float(dot), multiply(part[0][1], scale), total)
            if kind in ("Q4_K", "Q5_K"):
                total = fma(-part[0][2], multiply(float(sum(a)), scale), total)
    return total


def two_term_product(kind, weights, x):
    """The same in two terms: the rounded row, and the rest."""
    rest = []
    for g, (a, scale) in enumerate(round_row(x)):
        rest += [add(v, -multiply(float(q), scale)) for v, q in zip(x[32 * g:], a)]
    return add(quantized_product(kind, weights, x), quantized_product(kind, weights, rest))


def tree(lanes):
    lanes = list(lanes)
    for distance in (8, 4, 2, 1):
        for lane in range(distance):
            lanes[lane] = add(lanes[lane], lanes[lane + distance])
    return lanes[0]


def norm(x, weight, epsilon):
    lanes = [0.0] * 16
    for i, value in enumerate(x):
        lanes[i % 16] = fma(value, value, lanes[i % 16])
    mean = divide(tree(lanes), float(len(x)))
    scale = divide(1.0, single(math.sqrt(add(mean, epsilon))))
    return [multiply(multiply(a, scale), w) for a, w in zip(x, weight)]


def layer_norm(x, weight, bias, epsilon):
    lanes, squares = [0.0] * 16, [0.0] * 16
    for i, value in enumerate(x):
        lanes[i % 16] = add(lanes[i % 16], value)
    mean = divide(tree(lanes), float(len(x)))
    away = [add(value, -mean) for value in x]
    for i, value in enumerate(away):
        squares[i % 16] = fma(value, value, squares[i % 16])
    variance = divide(tree(squares), float(len(x)))
    scale = divide(1.0, single(math.sqrt(add(variance, epsilon))))
    return [fma(multiply(a, scale), w, b) for a, w, b in zip(away, weight, bias)]


def attend(query, keys, values, scale, cap=None, first=0):
    """One head: keys and values of the positions from `first` on, already halves."""
    scores = [multiply(chain(zip(query, key)), scale) for key in keys]
    if cap:
        scores = [soft_cap(score, cap) for score in scores]
    highest = max(scores)
    weights = [exponential(add(score, -highest)) for score in scores]
    lanes = [0.0] * 16
    for i, weight in enumerate(weights):
        lanes[(first + i) % 16] = add(lanes[(first + i) % 16], weight)
    total = tree(lanes)
    return [
        divide(chain(zip(weights, (value[i] for value in values))), total)
        for i in range(len(query))
    ]


def split_half(x):
    """The Float16 nearest to each number, then the rest of each, as the cache keeps it."""
    first = [of_half(half_bits(v)) for v in x]
    return first + [of_half(half_bits(add(v, -w))) for v, w in zip(x, first)]


def attend_in_two_terms(query, keys, values, scale):
    """As attend; keys and values are not yet halves."""
    y = attend(query + query, list(map(split_half, keys)), list(map(split_half, values)), scale)
    return [add(a, b) for a, b in zip(y, y[len(query):])]


def horner(terms, x):
    total = terms[0]
    for term in terms[1:]:
        total = fma_double(total, x, term)
    return total


def inverse_factorials(first, last, step=1, alternating=False):
    # Nearest doubles of (+-) 1/i!, highest i first.
    terms = []
    for i in range(first, last - 1, -step):
        sign = -1 if alternating and i // 2 % 2 else 1
        terms.append(nearest(Fraction(sign, math.factorial(i)), 53, -1074))
    return terms


SHIFT = H("0x1.8p52")


def sine_cosine(angle):
    n = fma_double(angle, H("0x1.45f306dc9c883p-1"), SHIFT) - SHIFT
    r = angle
    for part in ("0x1.921fb544p0", "0x1.0b4611a6p-34", "0x1.3198a2e037073p-69"):
        r = fma_double(-n, H(part), r)
    square = r * r
    s = fma_double(r * square, horner(inverse_factorials(17, 3, 2, True), square), r)
    c = fma_double(square, horner(inverse_factorials(16, 2, 2, True), square), 1.0)
    return [(s, c), (c, -s), (-s, -c), (-c, s)][int(n) & 3]


def power(base, exponent):
    mantissa, e = math.frexp(base)
    mantissa, e = mantissa * 2, e - 1
    if mantissa > H("0x1.6a09e667f3bcdp0"):
        mantissa, e = mantissa * 0.5, e + 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square = s * s
    terms = [nearest(Fraction(2, 2 * i + 1), 53, -1074) for i in range(11, 0, -1)]
    tail = (s * square) * horner(terms, square)
    low = fma_double(e, H("0x1.a39ef35793c76p-33"), fma_double(2.0, s, tail))
    x = exponent * fma_double(e, H("0x1.62e42feep-1"), low)
    n = fma_double(x, H("0x1.71547652b82fep0"), SHIFT) - SHIFT
    r = fma_double(-n, H("0x1.62e42feep-1"), x)
    r = fma_double(-n, H("0x1.a39ef35793c76p-33"), r)
    p = horner(inverse_factorials(13, 2), r)
    p = fma_double(p, r, 1.0)
    p = fma_double(p, r, 1.0)
    return math.ldexp(p, int(n))


def rotate(head, position, frequencies, neighbours):
    head = list(head)
    pairs = len(frequencies)
    for i, frequency in enumerate(frequencies):
        sine, cosine = map(single, sine_cosine(float(position) * frequency))
        first, second = (2 * i, 2 * i + 1) if neighbours else (i, i + pairs)
        a, b = head[first], head[second]
        head[first] = add(multiply(a, cosine), -multiply(b, sine))
        head[second] = add(multiply(a, sine), multiply(b, cosine))
    return head


def bits(values):
    return " ".join(f"{struct.unpack('<I', struct.pack('<f', v))[0]:08x}" for v in values)


def bits_double(values):
    return " ".join(f"{struct.unpack('<Q', struct.pack('<d', v))[0]:016x}" for v in values)


def halves(values):
    return " ".join(f"{v:04x}" for v in values)


class Numbers:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        return z ^ z >> 31

    def floats(self, count, scale=1.0):
        return [single((self.next() % 2000001 - 1000000) / 1e6 * scale) for _ in range(count)]


def vectors():
    numbers = Numbers(1)
    out = {"scheme": "exact-1", "generator": "Scripts/exact_1.py"}
    x = [0.0, -0.0, 1.0, -1.0, 88.5, 88.75, -87.5, -103.0, -104.0, 200.0, math.inf, -math.inf]
    x = [single(v) for v in x] + numbers.floats(40, 100.0) + numbers.floats(20, 2.0)
    out["exp"] = {"x": bits(x), "y": bits(map(exponential, x))}
    x = x[:10] + x[12:]
    out["silu"] = {"x": bits(x), "y": bits(map(silu, x))}
    gate, up = numbers.floats(21, 8.0), numbers.floats(21)
    y = [multiply(silu(g), u) for g, u in zip(gate, up)]
    out["swiglu"] = {"gate": bits(gate), "up": bits(up), "y": bits(y)}
    x = [65504.0, 65520.0, 2.0**-24, 2.0**-25, 3 * 2.0**-25, 2.0**-14, 1e-40, -1e9]
    x = [single(v) for v in x] + numbers.floats(20, 1000.0) + numbers.floats(20, 1e-4)
    out["half"] = {"x": bits(x), "y": halves(map(half_bits, x))}

    outputs, inputs, rows = 35, 19, 3
    weights = [half_bits(v) for v in numbers.floats(outputs * inputs)]
    x = numbers.floats(rows * inputs, 3.0)
    y = [
        chain((x[r * inputs + k], of_half(weights[o * inputs + k])) for k in range(inputs))
        for r in range(rows)
        for o in range(outputs)
    ]
    out["product"] = {"outputs": outputs, "inputs": inputs, "rows": rows,
                      "weights": halves(weights), "x": bits(x), "y": bits(y)}

    x, weight = numbers.floats(43, 4.0), numbers.floats(43)
    epsilon = single(1e-5)
    out["norm"] = {"x": bits(x), "weight": bits(weight), "epsilon": bits([epsilon]),
                   "y": bits(norm(x, weight, epsilon))}

    query_heads, heads, size, positions = 4, 2, 6, 37
    query = numbers.floats(query_heads * size * positions, 2.0)
    keys = numbers.floats(heads * size * positions, 2.0)
    values = numbers.floats(heads * size * positions)
    scale = single(0.40824828)
    cached_keys = [of_half(half_bits(v)) for v in keys]
    cached_values = [of_half(half_bits(v)) for v in values]
    y = []
    for position in range(positions):
        for head in range(query_heads):
            start = (position * query_heads + head) * size
            at = [(p * heads + head // 2) * size for p in range(position + 1)]
            y += attend(query[start:start + size], [cached_keys[a:a + size] for a in at],
                        [cached_values[a:a + size] for a in at], scale)
    out["attention"] = {"queryHeads": query_heads, "heads": heads, "headSize": size,
                        "positions": positions, "scale": bits([scale]), "query": bits(query),
                        "keys": bits(keys), "values": bits(values), "y": bits(y)}

    size, base = 16, 10000.0
    frequencies = [power(base, -float(2 * i) / float(size)) for i in range(size // 2)]
    out["rotary"] = {"headSize": size, "base": int(base), "frequencies": bits_double(frequencies),
                     "cases": []}
    for position in (0, 1, 77, 4095):
        head = numbers.floats(size)
        out["rotary"]["cases"].append({
            "position": position, "x": bits(head),
            "neighbours": bits(rotate(head, position, frequencies, True)),
            "halves": bits(rotate(head, position, frequencies, False)),
        })

    x = [0.0, -0.0] + numbers.floats(40, 8.0)
    out["gelu"] = {"x": bits(x), "tanh": bits(map(gelu_tanh, x)), "erf": bits(map(gelu_erf, x))}
    cap = single(3.0)
    out["softCap"] = {"x": bits(x), "cap": bits([cap]), "y": bits(soft_cap(v, cap) for v in x)}
    x, weight, bias = numbers.floats(43, 4.0), numbers.floats(43), numbers.floats(43)
    out["layerNorm"] = {"x": bits(x), "weight": bits(weight), "bias": bits(bias),
                        "epsilon": bits([epsilon]), "y": bits(layer_norm(x, weight, bias, epsilon))}
    given = dict(out["attention"], window=21, cap=bits([cap]))
    size, y = given["headSize"], []
    for position in range(positions):
        first = max(0, position + 1 - given["window"])
        for head in range(query_heads):
            start = (position * query_heads + head) * size
            at = [(p * heads + head // 2) * size for p in range(first, position + 1)]
            y += attend(query[start:start + size], [cached_keys[a:a + size] for a in at],
                        [cached_values[a:a + size] for a in at], scale, cap, first)
    out["windowed"] = dict(given, y=bits(y))

    out["quantized"] = [quantized_vector(numbers, kind) for kind in FORMATS]
    y = []
    for position in range(positions):
        for head in range(query_heads):
            start = (position * query_heads + head) * size
            at = [(p * heads + head // 2) * size for p in range(position + 1)]
            y += attend_in_two_terms(query[start:start + size], [keys[a:a + size] for a in at],
                                     [values[a:a + size] for a in at], scale)
    out["twoTermAttention"] = dict(out["attention"], y=bits(y))
    return out


def quantized_vector(numbers, kind):
    """A product of random blocks, their scales small, and the weights of the first output."""
    outputs, blocks, rows = 3, 3 if FORMATS[kind][0] == 32 else 1, 2
    size, count = FORMATS[kind][0] * blocks, FORMATS[kind][1]
    data = bytearray(numbers.next() % 256 for _ in range(outputs * blocks * count))
    for start in range(0, len(data), count):
        for at in {"Q6_K": [208], "Q4_K": [0, 2], "Q5_K": [0, 2]}.get(kind, [0]):
            struct.pack_into("<H", data, start + at, half_bits(numbers.floats(1, 0.02)[0]))
    read = [read_block(kind, data[i:i + count]) for i in range(0, len(data), count)]
    weights = [sum(read[o * blocks:(o + 1) * blocks], []) for o in range(outputs)]
    x = numbers.floats(rows * size, 3.0)
    y = [quantized_product(kind, w, x[r * size:(r + 1) * size])
         for r in range(rows) for w in weights]
    both = [two_term_product(kind, w, x[r * size:(r + 1) * size])
            for r in range(rows) for w in weights]
    first = [add(multiply(float(q), scale), -minimum) for q, scale, minimum in weights[0]]
    return {"format": kind, "outputs": outputs, "inputs": size, "rows": rows,
            "weights": data.hex(), "x": bits(x), "y": bits(y), "twoTerms": bits(both),
            "first": bits(first)}


if __name__ == "__main__":
    print(json.dumps(vectors(), indent=1))
