// exact-1 on vectors of LANES numbers. A level's file defines
//   LANES            numbers in a register: 4, 8 or 16
//   TARGET           the attribute that lets the compiler use the level's instructions
//   ALIGNED_STACK    the attribute that has a function's stack aligned to whole registers, where a
//                    compiler would keep values across two lines of a cache
//   ROWS             rows of x that one pass over a panel serves at most
//   FULL_ROWS        the most rows whose 32 outputs each fit the registers together; beyond,
//                    a panel is done in two halves
//   PAIR_ROWS        rows whose outputs of two panels fit the registers together; 0: none do
//   TURN_ROWS        rows that read several panels in turn, a few inputs of each; 0: none do
//   STREAMS          panels that few rows read side by side: processors fetch ahead in several
//                    streams faster than in one
//   SIDE_ROWS        rows whose outputs of so many panels fit the registers together
//   PREFETCH_INPUTS, PAIR_PREFETCH_INPUTS
//                    how far ahead of itself a single pass of several rows asks for weights
//   DOT, KEEP ...    what lanes_quantized.h asks for
//   LEVEL_KERNELS    the name of the level's table
// and includes this once. The chains are those of scalar.c, one per lane.
#include "kernels.h"

#define FUNCTION static TARGET ALIGNED_STACK
#define INLINE static inline __attribute__((always_inline)) TARGET

typedef float lanes_f __attribute__((ext_vector_type(LANES)));
typedef int32_t lanes_i __attribute__((ext_vector_type(LANES)));
typedef _Float16 lanes_h __attribute__((ext_vector_type(LANES)));
typedef uint16_t lanes_u16 __attribute__((ext_vector_type(LANES)));
// The same, where memory promises no alignment.
typedef float loose_f __attribute__((ext_vector_type(LANES), aligned(4)));
typedef int32_t loose_i __attribute__((ext_vector_type(LANES), aligned(4)));
typedef _Float16 loose_h __attribute__((ext_vector_type(LANES), aligned(2)));
typedef uint16_t loose_u16 __attribute__((ext_vector_type(LANES), aligned(2)));

enum { PARTS = BORED_LANES / LANES };

#define LOAD(pointer) (*(const loose_f *)(pointer))
#define STORE(pointer, value) (*(loose_f *)(pointer) = (value))
#define SPLAT(value) ((lanes_f)(value))
#define SELECT(mask, yes, no) \
    ((lanes_f)(((mask) & (lanes_i)(yes)) | (~(mask) & (lanes_i)(no))))
#define FMA(a, b, c) __builtin_elementwise_fma((a), (b), (c))

INLINE lanes_f exponential(lanes_f x) {
    lanes_f highest = SPLAT(BORED_EXP_HIGHEST), lowest = SPLAT(BORED_EXP_LOWEST);
    x = SELECT(highest < x, highest, x);
    x = SELECT(lowest > x, lowest, x);
    lanes_f shifted = FMA(x, SPLAT(BORED_LOG2_E), SPLAT(BORED_ROUNDING));
    lanes_f n = shifted - SPLAT(BORED_ROUNDING);
    lanes_f r = FMA(-n, SPLAT(BORED_LN2_HIGH), x);
    r = FMA(-n, SPLAT(BORED_LN2_LOW), r);
    lanes_f p = SPLAT(BORED_EXP_6);
    p = FMA(p, r, SPLAT(BORED_EXP_5));
    p = FMA(p, r, SPLAT(BORED_EXP_4));
    p = FMA(p, r, SPLAT(BORED_EXP_3));
    p = FMA(p, r, SPLAT(BORED_EXP_2));
    p = FMA(p, r, SPLAT(1.0f));
    p = FMA(p, r, SPLAT(1.0f));
    lanes_i exponent = (lanes_i)shifted - (lanes_i)0x4B400000;
    lanes_i first = exponent >> 1, second = exponent - first;
    p = p * (lanes_f)((first + 127) << 23);
    return p * (lanes_f)((second + 127) << 23);
}

enum { VECTORS = BORED_WIDTH / LANES };

// Where a panel is read more than once, a stretch of it this long is served to all rows before the
// next: 8 KiB stay in the first-level cache. The chains go on from where they stand in y.
enum { STRETCH = 128, PAIR_STRETCH = 512, LONG_STRETCH = 1024, TURN = 32 };

#include "lanes_product.h"
#include "lanes_functions.h"
#include "lanes_attention.h"
#include "lanes_quantized.h"

// In four streams, for the reason given at STREAMS.
FUNCTION uint64_t read_probe(const void *bytes, size_t byte_count) {
    // Vectors of 32 bytes read faster than wider ones.
    typedef int32_t probe_i
        __attribute__((ext_vector_type(LANES < 8 ? LANES : 8), aligned(4), may_alias));
    enum { PROBE_STREAMS = 4, STEP = 64, PER_STEP = STEP / sizeof(probe_i) };
    probe_i mixed[PER_STEP] = {0};
    const char *cursor = bytes;
    size_t distance = byte_count / (PROBE_STREAMS * STEP) * STEP;
    for (size_t i = 0; i < distance; i += STEP)
#pragma clang loop unroll(full)
        for (int stream = 0; stream < PROBE_STREAMS; stream++)
#pragma clang loop unroll(full)
            for (int part = 0; part < (int)PER_STEP; part++)
                mixed[part] ^=
                    *(const probe_i *)(cursor + stream * distance + i + part * sizeof(probe_i));
    uint64_t words[sizeof mixed / 8], result;
    memcpy(words, mixed, sizeof mixed);
    size_t whole = PROBE_STREAMS * distance;
    result = bored_scalar_kernels.read_probe(cursor + whole, byte_count - whole);
    for (size_t i = 0; i < sizeof mixed / 8; i++) result ^= words[i];
    return result;
}

// Enough sums to hide how long an instruction takes, few enough to leave registers for the rest.
enum { PROBE_SUMS = 12, PROBE_STEPS = 256 };

FUNCTION int32_t float_probe(size_t rounds, const int32_t *x) {
    lanes_f weights = SPLAT((float)x[0]), sums[PROBE_SUMS];
    for (int i = 0; i < PROBE_SUMS; i++) sums[i] = weights;
    for (size_t round = 0; round < rounds; round++)
        for (int step = 0; step < PROBE_STEPS; step++)
#pragma clang loop unroll(full)
            for (int i = 0; i < PROBE_SUMS; i++)
                sums[i] = FMA(sums[i], weights, SPLAT(bored_float_of_bits((uint32_t)x[step])));
    int32_t result = 0;
    for (int i = 0; i < PROBE_SUMS; i++) result ^= (int32_t)sums[i][LANES - 1];
    return result;
}

// No two sums share a product: one would serve both where products and sums are two instructions.
enum { PROBE_WEIGHTS = 2, PROBE_ROWS = 4, PROBE_DOTS = PROBE_WEIGHTS * PROBE_ROWS };

FUNCTION int32_t byte_probe(size_t rounds, const int32_t *x) {
    lanes_i weights[PROBE_WEIGHTS], dots[PROBE_DOTS];
    for (int i = 0; i < PROBE_WEIGHTS; i++) weights[i] = (lanes_i)x[i] & 0x3F3F3F3F;
    for (int i = 0; i < PROBE_DOTS; i++) dots[i] = (lanes_i)i;
    for (size_t round = 0; round < rounds; round++)
        for (int step = 0; step < PROBE_STEPS; step += PROBE_ROWS)
#pragma clang loop unroll(full)
            for (int i = 0; i < PROBE_DOTS; i++)
                dots[i] = PROBE_DOT(
                    dots[i], weights[i % PROBE_WEIGHTS], (lanes_i)x[step + i / PROBE_WEIGHTS]);
    int32_t result = 0;
    for (int i = 0; i < PROBE_DOTS; i++) result ^= dots[i][LANES - 1];
    return result;
}

FUNCTION size_t multiply_probe(int is_quantized, size_t rounds, int32_t *result) {
    int32_t x[PROBE_STEPS];
    for (int i = 0; i < PROBE_STEPS; i++) x[i] = (i * 0x01030507 + *result) & 0x3F3F3F3F;
    *result ^= is_quantized ? byte_probe(rounds, x) : float_probe(rounds, x);
    return rounds * PROBE_STEPS * LANES * (is_quantized ? PROBE_WEIGHTS * QUAD : PROBE_SUMS);
}

const struct bored_kernels LEVEL_KERNELS = {
    multiply, multiply_quantized, quantize, attend, rms_norm, layer_norm, exponential_all,
    activate, soft_cap_all, half_from_float, float_from_half, read_probe, multiply_probe,
};
