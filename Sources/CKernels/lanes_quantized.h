// Products with quantised weights, on vectors of LANES numbers. A level's file defines
//   DOT(sum, weights, x)  sum plus the products of a quad, in each lane
//   BYTES_OFFSET     what DOT wants added to weights that have a sign: 0 or 128
//   DOT_PAIRS        1 where DOT_TWO(sum, even, odd, x_even, x_odd) does two quads of weights below
//                    64 in less than twice the time
//   DOT_VECTORS      vectors of outputs whose sums of DOT_ROWS rows fit the registers together
//   DOT_ASKS         1 where passes ask for weights ahead of time; with few registers that
//                    costs more than it gives
#include "lanes_formats.h"

// MARK: rows times a group

/// Rows of one pass: the more, the less is spent on reading the weights.
enum { DOT_ROWS = 6 };
// Inputs of a stretch: of whole bytes so many that it stays in the first-level cache; what has
// fewer
// bits is read slowly enough for the second.
enum { BYTES_STRETCH = 512, BITS_STRETCH = 2048 };

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
/// The vectors are those of the panel's group from `first_vector` on.
INLINE void group_tile(
    const int format, const int rows, const int vectors, const int first_vector,
    const uint8_t *group, const float *scales, const float *minima,
    const struct bored_input_group *x, size_t x_stride, lanes_f (*sums)[DOT_VECTORS]) {
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
            for (int v = 0; v < vectors; v++)
                read_quads(format, group, pair, first_vector + v, &even[v], &odd[v]);
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
                lanes_f product = LOAD(scales + half * BORED_WIDTH + v * LANES) * scale;
                lanes_f dot = __builtin_convertvector(dots[r][v], lanes_f);
                lanes_f next = FMA(dot, product, sums[r][v]);
                if (IS_K(format)) next = FMA(-LOAD(minima + v * LANES), weighted, next);
                sums[r][v] = next;
            }
        }
    }
}

// MARK: rows times panels

/// Goes on with `rows` rows' chains by `blocks` blocks of a panel; they begin where `resume` is 0.
/// Meanwhile asks for half of as many blocks of what comes after, from `next` on, unless it is
/// null.
INLINE void rows_by_blocks(
    const int format, const int rows, const uint8_t *panel, size_t blocks,
    const struct bored_input_group *x, size_t x_stride, float *y, size_t y_stride, size_t width,
    int resume, const uint8_t *next) {
    enum { V = DOT_VECTORS };
    const struct bored_shape *shape = &bored_shapes[format];
    const size_t per_block = shape->block_inputs / GROUP;
    float scales[2 * SUPER_GROUPS * BORED_WIDTH] __attribute__((aligned(64)));
    float minima[SUPER_GROUPS * BORED_WIDTH] __attribute__((aligned(64)));
    lanes_f sums[VECTORS / V][DOT_ROWS][DOT_VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        float whole[BORED_WIDTH] = {0};
        if (resume) memcpy(whole, y + r * y_stride, width * sizeof(float));
#pragma clang loop unroll(full)
        for (int v = 0; v < VECTORS; v++) sums[v / V][r][v % V] = LOAD(whole + v * LANES);
    }
    for (size_t i = 0; i < blocks; i++) {
        read_head(format, panel, VECTORS, scales, minima, BORED_WIDTH);
        const uint8_t *group = panel + shape->head_bytes;
        for (size_t g = 0; g < per_block; g++, x++, group += shape->group_bytes) {
            if (DOT_ASKS && next) {
                // Not into the first-level cache, which works on something else till then.
#pragma clang loop unroll(full)
                for (size_t line = 0; line < shape->group_bytes / 2; line += 64)
                    __builtin_prefetch(next + line, 0, 2);
                next += shape->group_bytes / 2;
            }
            // Lines asked for in their order are fetched ahead; these formats' loads are out of it.
            // Several rows of Q4_0 take so long that memory would wait.
            const int is_slow = DOT_ASKS && format == BORED_Q4_0 && rows > 2;
            if (format == BORED_Q5_K || format == BORED_Q6_K || is_slow)
#pragma clang loop unroll(full)
                for (size_t line = 0; line < shape->group_bytes; line += 64)
                    __builtin_prefetch(group + (is_slow ? 4096 : 0) + line);
#pragma clang loop unroll(full)
            for (int v = 0; v < VECTORS; v += V)
                group_tile(
                    format, rows, V, v, group,
                    scales + g * HALF_COUNT(format) * BORED_WIDTH + v * LANES,
                    minima + g * BORED_WIDTH + v * LANES, x, x_stride, sums[v / V]);
        }
        panel += shape->block_bytes * BORED_WIDTH;
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        float whole[BORED_WIDTH];
#pragma clang loop unroll(full)
        for (int v = 0; v < VECTORS; v++) STORE(whole + v * LANES, sums[v / V][r][v % V]);
        memcpy(y + r * y_stride, whole, width * sizeof(float));
    }
}

#define ROWS_CASE(R)                                                                        \
    case R:                                                                                 \
        rows_by_blocks(                                                                     \
            format, R, from, count, x, p->group_stride, y, p->y_stride, width, start > 0,   \
            next);                                                                          \
        break

/// All rows times one panel, in passes of nearly equal size. Where there are several, a stretch of
/// the panel stays in a cache until all rows are served, and the first two ask for the next.
INLINE void rows_by_quantized_panel(
    const int format, const struct bored_product *p, const uint8_t *panel, float *first,
    size_t width) {
    const struct bored_shape *shape = &bored_shapes[format];
    size_t passes = (p->row_count + DOT_ROWS - 1) / DOT_ROWS;
    size_t blocks = p->input_count / shape->block_inputs;
    const size_t inputs = format == BORED_Q8_0 ? BYTES_STRETCH : BITS_STRETCH;
    size_t stretch = passes > 1 ? inputs / shape->block_inputs : blocks;
    for (size_t start = 0; start < blocks; start += stretch) {
        size_t count = blocks - start < stretch ? blocks - start : stretch;
        size_t byte_count = count * shape->block_bytes * BORED_WIDTH;
        const uint8_t *from = panel + start * shape->block_bytes * BORED_WIDTH;
        for (size_t pass = 0, row = 0; pass < passes; pass++) {
            size_t size = p->row_count / passes + (pass < p->row_count % passes);
            const struct bored_input_group *x =
                p->groups + row * p->group_stride + start * (shape->block_inputs / GROUP);
            float *y = first + row * p->y_stride;
            const uint8_t *next = NULL;
            if (passes > 1 && pass < 2) next = from + byte_count + pass * (byte_count / 2);
            switch (size) {
                ROWS_CASE(1);
                ROWS_CASE(2);
                ROWS_CASE(3);
                ROWS_CASE(4);
                ROWS_CASE(5);
                ROWS_CASE(6);
            }
            row += size;
        }
    }
}

INLINE void rows_by_quantized_panels(const int format, const struct bored_product *p) {
    for (size_t i = p->panel_begin; i < p->panel_end; i++) {
        size_t left = p->output_count - i * BORED_WIDTH;
        rows_by_quantized_panel(
            format, p, p->panels + i * p->panel_stride, p->y + i * BORED_WIDTH,
            left < BORED_WIDTH ? left : BORED_WIDTH);
    }
}

#define FORMAT_FUNCTION(format)                                      \
    FUNCTION void multiply_##format(const struct bored_product *p) { \
        rows_by_quantized_panels(BORED_##format, p);                 \
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
