// Products with quantised weights, on vectors of LANES numbers. A level's file defines
//   DOT(sum, weights, x)  sum plus the products of a quad, in each lane
//   BYTES_OFFSET     what DOT wants added to weights that have a sign: 0 or 128
//   DOT_PAIRS        1 where DOT_TWO(sum, even, odd, x_even, x_odd) does two quads of weights below
//                    64 in less than twice the time
//   DOT_ROWS, DOT_VECTORS  rows and vectors of outputs whose sums fit the registers together
//   DIRECT_ROWS      so many rows are served straight from the panel; for more, a stretch of it is
//                    first spread out into bytes
#include "lanes_formats.h"

// Sums of one tile, and the panels of a pair.
enum { TILE_WIDTH = 2 * BORED_WIDTH, TILE_VECTORS = TILE_WIDTH / LANES };

// MARK: rows times a group

INLINE lanes_i splat_quad(const int8_t *quants) {
    int32_t quad;
    memcpy(&quad, quants, sizeof quad);
    return (lanes_i)quad;
}

/// What the dots of half a group begin with, so that the weights' offset is taken away.
INLINE lanes_i first_dot(const int format, const struct bored_input_group *x, const int half) {
    if (format == BORED_Q4_0) return (lanes_i)(x->minus_all * 8);
    if (format == BORED_Q8_0) return (lanes_i)(x->minus_all * BYTES_OFFSET);
    if (format == BORED_Q6_K)
        return (lanes_i)((half ? x->minus_all - x->minus_first : x->minus_first) * 32);
    return (lanes_i)0;
}

/// Goes on with the chains of `rows` rows and `vectors` vectors of outputs by one group of inputs.
/// The weights lie in a panel's group, or spread out (`is_spread`). Sums and scales are rows of
/// `stride` floats.
INLINE void group_tile(
    const int format, const int is_spread, const int rows, const int vectors,
    const uint8_t *weights, size_t quad_bytes, const int first_vector, const float *scales,
    const float *minima, const struct bored_input_group *x, size_t x_stride, float *sums,
    size_t stride) {
    enum { PAIRS = QUADS / 2 };
    const int halves = HALF_COUNT(format);
#pragma clang loop unroll(full)
    for (int half = 0; half < halves; half++) {
        lanes_i dots[DOT_ROWS][DOT_VECTORS];
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++)
                dots[r][v] = first_dot(format, x + r * x_stride, half);
#pragma clang loop unroll(full)
        for (int pair = half * PAIRS / halves; pair < (half + 1) * PAIRS / halves; pair++) {
            lanes_u even[DOT_VECTORS], odd[DOT_VECTORS];
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) {
                if (is_spread) {
                    const uint8_t *from = weights + 2 * pair * quad_bytes + v * 4 * LANES;
                    even[v] = load_words(from);
                    odd[v] = load_words(from + quad_bytes);
                } else {
                    read_quads(format, weights, pair, first_vector + v, &even[v], &odd[v]);
                }
            }
            const int8_t *quants = x->quants + 2 * pair * QUAD;
            const size_t step = x_stride * sizeof *x;
            if (DOT_PAIRS && format != BORED_Q8_0) {
#pragma clang loop unroll(full)
                for (int r = 0; r < rows; r++) {
                    lanes_i first = splat_quad(quants + r * step);
                    lanes_i second = splat_quad(quants + r * step + QUAD);
#pragma clang loop unroll(full)
                    for (int v = 0; v < vectors; v++)
                        dots[r][v] = DOT_TWO(dots[r][v], even[v], odd[v], first, second);
                }
                continue;
            }
#pragma clang loop unroll(full)
            for (int second = 0; second < 2; second++)
#pragma clang loop unroll(full)
                for (int r = 0; r < rows; r++) {
                    lanes_i quad = splat_quad(quants + r * step + second * QUAD);
#pragma clang loop unroll(full)
                    for (int v = 0; v < vectors; v++)
                        dots[r][v] = DOT(dots[r][v], second ? odd[v] : even[v], quad);
                }
        }
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            lanes_f scale = SPLAT(x[r * x_stride].scale);
            lanes_f weighted = SPLAT(x[r * x_stride].weighted);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) {
                float *sum = sums + r * stride + v * LANES;
                lanes_f product = LOAD(scales + half * stride + v * LANES) * scale;
                lanes_f dot = __builtin_convertvector(dots[r][v], lanes_f);
                lanes_f next = FMA(dot, product, LOAD(sum));
                if (IS_K(format)) next = FMA(-LOAD(minima + v * LANES), weighted, next);
                STORE(sum, next);
            }
        }
    }
}

// MARK: a few rows, straight from the panel

INLINE void direct_panel(
    const int format, const int rows, const struct bored_product *p, const uint8_t *panel,
    const struct bored_input_group *x, float *y, size_t width) {
    enum { V = DOT_VECTORS < VECTORS ? DOT_VECTORS : VECTORS };
    const struct bored_shape *shape = &bored_shapes[format];
    const size_t per_block = shape->block_inputs / GROUP;
    float scales[2 * SUPER_GROUPS * BORED_WIDTH] __attribute__((aligned(64)));
    float minima[SUPER_GROUPS * BORED_WIDTH] __attribute__((aligned(64)));
    float sums[rows * BORED_WIDTH] __attribute__((aligned(64)));
    memset(sums, 0, sizeof sums);
    for (size_t i = 0; i < p->input_count / shape->block_inputs; i++) {
        read_head(format, panel, VECTORS, scales, minima, BORED_WIDTH);
        const uint8_t *group = panel + shape->head_bytes;
        for (size_t g = 0; g < per_block; g++, x++, group += shape->group_bytes)
#pragma clang loop unroll(full)
            for (int v = 0; v < VECTORS; v += V)
                group_tile(
                    format, 0, rows, V, group, 0, v,
                    scales + g * HALF_COUNT(format) * BORED_WIDTH + v * LANES,
                    minima + g * BORED_WIDTH + v * LANES, x, p->group_stride, sums + v * LANES,
                    BORED_WIDTH);
        panel += shape->block_bytes * BORED_WIDTH;
    }
    for (int r = 0; r < rows; r++)
        memcpy(y + r * p->y_stride, sums + r * BORED_WIDTH, width * sizeof(float));
}

#define DIRECT_CASE(R)                                             \
    case R:                                                        \
        direct_panel(format, R, p, panel, x, y, width);            \
        break

/// Up to DIRECT_ROWS rows times the product's panels.
INLINE void few_rows(const int format, const struct bored_product *p, size_t row, size_t rows) {
    const struct bored_input_group *x = p->groups + row * p->group_stride;
    for (size_t i = p->panel_begin; i < p->panel_end; i++) {
        const uint8_t *panel = p->panels + i * p->panel_stride;
        float *y = p->y + row * p->y_stride + i * BORED_WIDTH;
        size_t left = p->output_count - i * BORED_WIDTH;
        size_t width = left < BORED_WIDTH ? left : BORED_WIDTH;
        switch (rows) {
            DIRECT_CASE(1);
            DIRECT_CASE(2);
            DIRECT_CASE(3);
#if DIRECT_ROWS > 3
            DIRECT_CASE(4);
#endif
        }
    }
}

// MARK: many rows, from weights spread out

/// A stretch of up to two panels: 256 inputs, spread out so that rows only load and multiply.
struct spread {
    uint8_t bytes[SUPER_GROUPS * QUADS * TILE_WIDTH * QUAD] __attribute__((aligned(64)));
    float scales[2 * SUPER_GROUPS * TILE_WIDTH] __attribute__((aligned(64)));
    float minima[SUPER_GROUPS * TILE_WIDTH] __attribute__((aligned(64)));
};

/// Spreads `count` groups of a panel, the first of which begins a block, into the tile's outputs
/// from `offset` on.
INLINE void spread_panel(
    const int format, const uint8_t *panel, size_t count, size_t offset, struct spread *out) {
    const struct bored_shape *shape = &bored_shapes[format];
    const size_t per_block = shape->block_inputs / GROUP;
    for (size_t first = 0; first < count; first += per_block) {
        read_head(
            format, panel, VECTORS, out->scales + first * HALF_COUNT(format) * TILE_WIDTH + offset,
            out->minima + first * TILE_WIDTH + offset, TILE_WIDTH);
        const uint8_t *group = panel + shape->head_bytes;
        for (size_t g = 0; g < per_block; g++, group += shape->group_bytes) {
            uint8_t *to = out->bytes + ((first + g) * QUADS * TILE_WIDTH + offset) * QUAD;
#pragma clang loop unroll(full)
            for (int pair = 0; pair < QUADS / 2; pair++)
#pragma clang loop unroll(full)
                for (int v = 0; v < VECTORS; v++) {
                    lanes_u even, odd;
                    read_quads(format, group, pair, v, &even, &odd);
                    uint8_t *target = to + (2 * pair * TILE_WIDTH + v * LANES) * QUAD;
                    *(loose_u *)target = even;
                    *(loose_u *)(target + TILE_WIDTH * QUAD) = odd;
                }
        }
        panel += shape->block_bytes * BORED_WIDTH;
    }
}

/// Goes on with `rows` rows' chains by a spread stretch of `count` groups; `width` outputs of the
/// tile exist.
INLINE void spread_tile(
    const int format, const int rows, const struct spread *weights, size_t count,
    const struct bored_input_group *x, size_t x_stride, float *y, size_t y_stride, size_t width,
    int resume) {
    float sums[rows * TILE_WIDTH] __attribute__((aligned(64)));
    memset(sums, 0, sizeof sums);
    if (resume)
        for (int r = 0; r < rows; r++)
            memcpy(sums + r * TILE_WIDTH, y + r * y_stride, width * sizeof(float));
    for (size_t g = 0; g < count; g++)
        for (int v = 0; v < TILE_VECTORS; v += DOT_VECTORS)
            group_tile(
                format, 1, rows, DOT_VECTORS,
                weights->bytes + (g * QUADS * TILE_WIDTH + v * LANES) * QUAD, TILE_WIDTH * QUAD, 0,
                weights->scales + g * HALF_COUNT(format) * TILE_WIDTH + v * LANES,
                weights->minima + g * TILE_WIDTH + v * LANES, x + g, x_stride, sums + v * LANES,
                TILE_WIDTH);
    for (int r = 0; r < rows; r++)
        memcpy(y + r * y_stride, sums + r * TILE_WIDTH, width * sizeof(float));
}

#define SPREAD_CASE(R)                                                                        \
    case R:                                                                                   \
        spread_tile(                                                                          \
            format, R, &weights, count, x, p->group_stride, y, p->y_stride, width, start > 0); \
        break

/// All rows times the product's panels, two panels and 256 inputs at a time.
INLINE void many_rows(const int format, const struct bored_product *p) {
    const struct bored_shape *shape = &bored_shapes[format];
    size_t groups = p->input_count / GROUP, passes = (p->row_count + DOT_ROWS - 1) / DOT_ROWS;
    struct spread weights;
    for (size_t i = p->panel_begin; i < p->panel_end; i += 2) {
        size_t left = p->output_count - i * BORED_WIDTH;
        size_t panels = i + 1 < p->panel_end ? 2 : 1;
        size_t width = left < panels * BORED_WIDTH ? left : panels * BORED_WIDTH;
        for (size_t start = 0; start < groups; start += SUPER_GROUPS) {
            size_t count = groups - start < SUPER_GROUPS ? groups - start : SUPER_GROUPS;
            size_t skipped =
                start / (shape->block_inputs / GROUP) * shape->block_bytes * BORED_WIDTH;
            for (size_t j = 0; j < panels; j++)
                spread_panel(
                    format, p->panels + (i + j) * p->panel_stride + skipped, count,
                    j * BORED_WIDTH, &weights);
            for (size_t pass = 0, row = 0; pass < passes; pass++) {
                size_t size = p->row_count / passes + (pass < p->row_count % passes);
                const struct bored_input_group *x = p->groups + row * p->group_stride + start;
                float *y = p->y + row * p->y_stride + i * BORED_WIDTH;
                switch (size) {
                    SPREAD_CASE(1);
                    SPREAD_CASE(2);
                    SPREAD_CASE(3);
#if DOT_ROWS > 3
                    SPREAD_CASE(4);
                    SPREAD_CASE(5);
                    SPREAD_CASE(6);
#endif
                }
                row += size;
            }
        }
    }
}

#define FORMAT_FUNCTION(format)                                          \
    FUNCTION void multiply_##format(const struct bored_product *p) {     \
        if (p->row_count <= DIRECT_ROWS)                                 \
            few_rows(BORED_##format, p, 0, p->row_count);                \
        else                                                             \
            many_rows(BORED_##format, p);                                \
    }

FORMAT_FUNCTION(Q8_0)
FORMAT_FUNCTION(Q4_0)
FORMAT_FUNCTION(Q4_K)
FORMAT_FUNCTION(Q5_K)
FORMAT_FUNCTION(Q6_K)

static void multiply_quantized(const struct bored_product *p) {
    switch (p->format) {
    case BORED_Q8_0: multiply_Q8_0(p); break;
    case BORED_Q4_0: multiply_Q4_0(p); break;
    case BORED_Q4_K: multiply_Q4_K(p); break;
    case BORED_Q5_K: multiply_Q5_K(p); break;
    case BORED_Q6_K: multiply_Q6_K(p); break;
    }
}

// MARK: rounding rows to 8 bits

FUNCTION void quantize(const float *x, size_t count, struct bored_input_group *groups) {
    enum { PARTS_OF_GROUP = GROUP / LANES };
    for (size_t g = 0; g < count / GROUP; g++, x += GROUP, groups++) {
        lanes_i top = 0;
#pragma clang loop unroll(full)
        for (int part = 0; part < PARTS_OF_GROUP; part++) {
            lanes_i magnitude = *(const loose_i *)(x + part * LANES) & 0x7FFFFFFF;
            top = __builtin_elementwise_max(top, magnitude);
        }
        uint32_t largest = (uint32_t)__builtin_reduce_max(top);
        if (largest < BORED_SMALLEST_BITS || largest >= BORED_INFINITY_BITS) {
            bored_scalar_kernels.quantize(x, GROUP, groups);
            continue;
        }
        float highest = bored_float_of_bits(largest);
        lanes_f factor = SPLAT(127.0f / highest);
        lanes_i sums[2] = {0};
#pragma clang loop unroll(full)
        for (int part = 0; part < PARTS_OF_GROUP; part++) {
            // The low bits of the shifted number are the nearest whole number.
            lanes_f shifted = LOAD(x + part * LANES) * factor + SPLAT(BORED_ROUNDING);
            lanes_i whole = (lanes_i)shifted - (lanes_i)0x4B400000;
            *(loose_b *)(groups->quants + part * LANES) =
                __builtin_convertvector(whole, loose_b);
            sums[part * LANES >= GROUP / 2] += whole;
        }
        int32_t first = __builtin_reduce_add(sums[0]);
        int32_t all = first + __builtin_reduce_add(sums[1]);
        groups->scale = highest / 127.0f;
        groups->weighted = (float)all * groups->scale;
        groups->minus_all = -all;
        groups->minus_first = -first;
    }
}
