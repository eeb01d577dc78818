// Rows times one group of a quantised panel, on vectors of LANES numbers; part of
// lanes_quantized.h.
#include "lanes_formats.h"

/// Rows of one pass: the more, the less is spent on reading the weights.
enum { DOT_ROWS = 6, PAIRS = QUADS / 2 };

/// A row's quad, the second of a pair or the first, in every lane.
INLINE lanes_i splat_quad(const struct bored_input_group *x, int pair, int second) {
    int32_t quad;
    memcpy(&quad, x->quants + (2 * pair + second) * QUAD, sizeof quad);
    return (lanes_i)quad;
}

/// A pair of quads of weights, for the `vectors` vectors of outputs from `first_vector` on.
INLINE void read_pair(
    const int format, const int vectors, const int first_vector, const uint8_t *group,
    const int pair, lanes_u (*words)[VECTORS]) {
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++)
        read_quads(format, group, pair, first_vector + v, &words[0][v], &words[1][v]);
}

/// What the dots of half a group begin with, so that the weights' offset is taken away.
INLINE lanes_i first_dot(const int format, const struct bored_input_group *x, const int half) {
    if (format == BORED_Q4_0) return (lanes_i)(x->minus_all * 8);
    if (format == BORED_Q8_0) return (lanes_i)(x->minus_all * BYTES_OFFSET);
    if (format == BORED_Q6_K)
        return (lanes_i)((half ? x->minus_all - x->minus_first : x->minus_first) * 32);
    return (lanes_i)0;
}

/// Adds to the dots of `rows` rows and `vectors` vectors of outputs the products of half a group,
/// or of a whole one where it has one scale.
INLINE void add_dots(
    const int format, const int rows, const int vectors, const int first_vector, const int half,
    const uint8_t *group, const struct bored_input_group *x, size_t x_stride,
    lanes_i (*dots)[VECTORS]) {
    const int count = PAIRS / HALF_COUNT(format);
#pragma clang loop unroll(full)
    for (int pair = half * count; pair < (half + 1) * count; pair++) {
        lanes_u words[2][VECTORS];
        read_pair(format, vectors, first_vector, group, pair, words);
#pragma clang loop unroll(full)
        for (int second = 0; second < 2; second++)
#pragma clang loop unroll(full)
            for (int r = 0; r < rows; r++) {
                lanes_i quad = splat_quad(x + r * x_stride, pair, second);
#pragma clang loop unroll(full)
                for (int v = 0; v < vectors; v++) {
                    dots[r][v] = DOT(dots[r][v], words[second][v], quad);
                    KEEP(dots[r][v]);
                }
            }
    }
}

#if SHORT_SUMS
/// The same for weights below 64: products are summed in 16 bits first, for as many quads as fit.
INLINE void add_short_dots(
    const int format, const int rows, const int vectors, const int first_vector, const int half,
    const uint8_t *group, const struct bored_input_group *x, size_t x_stride,
    lanes_i (*dots)[VECTORS]) {
    const int count = PAIRS / HALF_COUNT(format);
    // Two products of each quad land in one sum: 2 * 127 * 15 * 8, 31 * 4 and 63 * 2 are below
    // 2^15.
    const int together = format == BORED_Q6_K ? 1 : format == BORED_Q5_K ? 2 : 4;
#pragma clang loop unroll(full)
    for (int first = half * count; first < (half + 1) * count; first += together) {
        lanes_s sums[DOT_ROWS][VECTORS];
#pragma clang loop unroll(full)
        for (int pair = first; pair < first + together; pair++) {
            lanes_u words[2][VECTORS];
            read_pair(format, vectors, first_vector, group, pair, words);
#pragma clang loop unroll(full)
            for (int second = 0; second < 2; second++)
#pragma clang loop unroll(full)
                for (int r = 0; r < rows; r++) {
                    lanes_i quad = splat_quad(x + r * x_stride, pair, second);
#pragma clang loop unroll(full)
                    for (int v = 0; v < vectors; v++) {
                        lanes_s products = PRODUCTS(words[second][v], quad);
                        sums[r][v] =
                            pair == first && !second ? products : sums[r][v] + products;
                        KEEP(sums[r][v]);
                    }
                }
        }
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) dots[r][v] = WIDEN(dots[r][v], sums[r][v]);
    }
}
#endif

/// Goes on with the chains of `rows` rows and `vectors` vectors of outputs by one group of inputs.
/// The vectors are those of the panel's group from `first_vector` on.
INLINE void group_tile(
    const int format, const int rows, const int vectors, const int first_vector,
    const uint8_t *group, const float *scales, const float *minima,
    const struct bored_input_group *x, size_t x_stride, lanes_f (*sums)[VECTORS]) {
    const int halves = HALF_COUNT(format);
#pragma clang loop unroll(full)
    for (int half = 0; half < halves; half++) {
        lanes_i dots[DOT_ROWS][VECTORS];
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++)
                dots[r][v] = first_dot(format, x + r * x_stride, half);
#if SHORT_SUMS
        if (format != BORED_Q8_0)
            add_short_dots(
                format, rows, vectors, first_vector, half, group, x, x_stride, dots);
        else
#endif
            add_dots(format, rows, vectors, first_vector, half, group, x, x_stride, dots);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            lanes_f scale = SPLAT(x[r * x_stride].scale);
            lanes_f weighted = SPLAT(x[r * x_stride].weighted);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) {
                lanes_f product = LOAD(scales + half * BORED_WIDTH + v * LANES) * scale;
                lanes_f dot = __builtin_convertvector(dots[r][v], lanes_f);
                lanes_f next = FMA(dot, product, sums[r][v]);
                if (IS_K(format)) next = FMA(-LOAD(minima + v * LANES), weighted, next);
                sums[r][v] = next;
            }
        }
    }
}
