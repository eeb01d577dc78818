"""Writes element-types.json: what the gguf library (PyPI: gguf) makes of 512 random blocks of each
type, as the FNV-1a digest of the numbers' bytes.

A block's bytes are the upper eight bits of a linear congruential generator that begins at the
type's number; bytes in which a Float16 scale or an exponent has its upper part are kept small by a
mask, so that every number is finite.

Run with: python3 Tests/Vectors/element-types.py > Tests/Vectors/element-types.json
"""
import json
import numpy
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

BLOCKS = 512
# Where upper bytes of scales are.
SCALES = {
    "Q4_0": [1], "Q4_1": [1, 3], "Q5_0": [1], "Q5_1": [1, 3], "Q8_0": [1], "Q2_K": [81, 83],
    "Q3_K": [109], "Q4_K": [1, 3], "Q5_K": [1, 3], "Q6_K": [209], "IQ1_S": [1], "IQ1_M": [55],
    "IQ2_XXS": [1], "IQ2_XS": [1], "IQ2_S": [1], "IQ3_XXS": [1], "IQ3_S": [1], "IQ4_NL": [1],
    "IQ4_XS": [1], "TQ1_0": [53], "TQ2_0": [65], "MXFP4": [0],
}


def random_bytes(seed, count):
    state, data = seed, bytearray()
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        data.append(state >> 56)
    return data


def digest(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


rows = []
for name, scales in SCALES.items():
    number = GGMLQuantizationType[name]
    size = GGML_QUANT_SIZES[number][1]
    blocks = random_bytes(int(number), BLOCKS * size)
    for block in range(BLOCKS):
        for at in scales:
            blocks[block * size + at] &= 0x3B
    numbers = dequantize(numpy.frombuffer(bytes(blocks), dtype=numpy.uint8), number)
    # Zero has one sign here: which one a format gives is of no effect.
    numbers = numbers.astype("<f4") + numpy.float32(0)
    rows.append({"type": name, "number": int(number), "masked": scales,
                 "digest": digest(numbers.tobytes())})
print(json.dumps({"blocks": BLOCKS, "mask": 0x3B, "types": rows}, indent=1))
