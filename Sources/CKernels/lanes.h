// exact-1 on vectors of LANES numbers. A level's file defines
//   LANES            numbers in a register: 4, 8 or 16
//   TARGET           the attribute that lets the compiler use the level's instructions
//   ROWS             rows of x that one pass over a panel serves at most
//   FULL_ROWS        the most rows whose 32 outputs each fit the registers together; beyond,
//                    a panel is done in two halves
//   PREFETCH_INPUTS  how far ahead of itself a pass of several rows asks for weights
//   DOT, DOT_ROWS ... what lanes_quantized.h asks for
//   LEVEL_KERNELS    the name of the level's table
// and includes this once. The chains are those of scalar.c, one per lane.
#include "kernels.h"

#define FUNCTION static TARGET
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

INLINE lanes_f silu(lanes_f x) { return x / (SPLAT(1.0f) + exponential(-x)); }

enum { VECTORS = BORED_WIDTH / LANES };

// Where a panel is read more than once, a stretch of it this long is served to all rows before the
// next: 8 KiB stay in the first-level cache. The chains go on from where they stand in y.
enum { STRETCH = 128 };

// One row is a matter of reading memory, and processors fetch ahead in several streams faster than
// in one: that many panels are read side by side.
enum { STREAMS = 3 };

/// Which of a panel's 32 outputs a tile makes.
enum columns { WHOLE, FIRST_HALF, SECOND_HALF };

/// Chains of `rows` rows and `vectors` vectors of outputs over `count` weights, in registers;
/// outputs beyond 32 come from the panels that follow, `panel_stride` halves apart.
/// `rows`, `vectors` and `columns` are constants at every call, so that loops over them disappear.
INLINE void tile(
    const int rows, const int vectors, const uint16_t *weights, size_t panel_stride, size_t count,
    const float *x, size_t x_stride, float *y, size_t y_stride, int resume,
    const enum columns columns) {
    lanes_f sums[ROWS][STREAMS * VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
            sums[r][v] = resume ? LOAD(y + r * y_stride + v * LANES) : SPLAT(0.0f);
    for (size_t i = 0; i < count; i++) {
        // Of two passes over a stretch, each asks for one half of the next stretch.
        size_t ahead = STRETCH + (columns == SECOND_HALF ? STRETCH / 2 : 0) + i / 2;
        if (columns != WHOLE) {
            __builtin_prefetch(weights + ahead * BORED_WIDTH);
        } else if (rows > 1) {
            __builtin_prefetch(weights + (i + PREFETCH_INPUTS) * BORED_WIDTH);
        }
        lanes_f w[STREAMS * VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
            w[v] = __builtin_convertvector(
                *(const loose_h *)(weights + v / VECTORS * panel_stride + i * BORED_WIDTH
                                   + v % VECTORS * LANES),
                lanes_f);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            lanes_f broadcast = SPLAT(x[r * x_stride + i]);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) sums[r][v] = FMA(broadcast, w[v], sums[r][v]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) STORE(y + r * y_stride + v * LANES, sums[r][v]);
}

#define TILE_CASE(R)                                                                   \
    case R:                                                                            \
        if (R <= FULL_ROWS) {                                                          \
            tile(R, VECTORS, weights, 0, count, x, x_stride, y, y_stride, resume,      \
                WHOLE);                                                                \
        } else {                                                                       \
            tile(R, VECTORS / 2, weights, 0, count, x, x_stride, y, y_stride, resume,  \
                FIRST_HALF);                                                           \
            tile(R, VECTORS / 2, weights + BORED_WIDTH / 2, 0, count, x, x_stride,     \
                y + BORED_WIDTH / 2, y_stride, resume, SECOND_HALF);                   \
        }                                                                              \
        break

/// Up to ROWS rows times one panel; all 32 outputs of each row are written.
FUNCTION void rows_by_panel(
    size_t rows, const uint16_t *weights, size_t count, const float *x, size_t x_stride, float *y,
    size_t y_stride, int resume) {
    switch (rows) {
        TILE_CASE(1);
        TILE_CASE(2);
        TILE_CASE(3);
        TILE_CASE(4);
        TILE_CASE(5);
        TILE_CASE(6);
#if ROWS > 6
        TILE_CASE(7);
        TILE_CASE(8);
        TILE_CASE(9);
        TILE_CASE(10);
        TILE_CASE(11);
        TILE_CASE(12);
#endif
    }
}

/// Any number of rows times one panel, in passes of nearly equal size.
FUNCTION void all_rows_by_panel(
    size_t rows, const uint16_t *weights, size_t count, const float *x, size_t x_stride, float *y,
    size_t y_stride, int resume) {
    size_t passes = (rows + ROWS - 1) / ROWS;
    for (size_t pass = 0, row = 0; pass < passes; pass++) {
        size_t size = rows / passes + (pass < rows % passes);
        rows_by_panel(
            size, weights, count, x + row * x_stride, x_stride, y + row * y_stride, y_stride,
            resume);
        row += size;
    }
}

/// As above for the last panel of a matrix, of whose 32 outputs `width` exist.
FUNCTION void narrow_panel(
    size_t rows, const uint16_t *weights, size_t count, const float *x, size_t x_stride, float *y,
    size_t y_stride, size_t width) {
    float whole[ROWS * BORED_WIDTH];
    for (size_t row = 0; row < rows; row += ROWS) {
        size_t size = rows - row < ROWS ? rows - row : ROWS;
        rows_by_panel(
            size, weights, count, x + row * x_stride, x_stride, whole, BORED_WIDTH, 0);
        for (size_t r = 0; r < size; r++)
            memcpy(y + (row + r) * y_stride, whole + r * BORED_WIDTH, width * sizeof(float));
    }
}

/// One row times whole panels, STREAMS at a time; returns the first panel it left.
FUNCTION size_t row_by_panels(const struct bored_product *p) {
    size_t panel = p->panel_begin, whole = p->output_count / BORED_WIDTH;
    size_t end = p->panel_end < whole ? p->panel_end : whole;
    for (; panel + STREAMS <= end; panel += STREAMS)
        tile(
            1, STREAMS * VECTORS,
            (const uint16_t *)(p->panels + panel * p->panel_stride), p->panel_stride / 2,
            p->input_count, p->x, 0, p->y + panel * BORED_WIDTH, 0, 0,
            WHOLE);
    return panel;
}

FUNCTION void multiply(const struct bored_product *p) {
    size_t panel = p->row_count == 1 ? row_by_panels(p) : p->panel_begin;
    for (; panel < p->panel_end; panel++) {
        const uint16_t *weights = (const uint16_t *)(p->panels + panel * p->panel_stride);
        float *y = p->y + panel * BORED_WIDTH;
        size_t width = p->output_count - panel * BORED_WIDTH;
        if (width < BORED_WIDTH) {
            narrow_panel(
                p->row_count, weights, p->input_count, p->x, p->x_stride, y, p->y_stride, width);
            continue;
        }
        size_t stretch = p->row_count > FULL_ROWS ? STRETCH : p->input_count;
        size_t start = 0;
        do {
            size_t count =
                p->input_count - start < stretch ? p->input_count - start : stretch;
            all_rows_by_panel(
                p->row_count, weights + start * BORED_WIDTH, count, p->x + start, p->x_stride, y,
                p->y_stride, start > 0);
            start += count;
        } while (start < p->input_count);
    }
}

/// Writes the sixteen partial sums where the reduction tree reads them.
INLINE void store_parts(const lanes_f *parts, float *sums) {
    for (int part = 0; part < PARTS; part++) STORE(sums + part * LANES, parts[part]);
}

/// exp of the last few numbers, one by one through a vector.
INLINE void exponential_tail(const float *x, size_t count, float *y) {
    float padded[LANES] = {0};
    memcpy(padded, x, count * sizeof(float));
    STORE(padded, exponential(LOAD(padded)));
    memcpy(y, padded, count * sizeof(float));
}

FUNCTION float soften(float *scores, size_t count, float scale) {
    lanes_f top = SPLAT(-__builtin_inff());
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        lanes_f scaled = LOAD(scores + i) * SPLAT(scale);
        STORE(scores + i, scaled);
        top = SELECT(scaled > top, scaled, top);
    }
    float highest = -__builtin_inff();
    for (int lane = 0; lane < LANES; lane++)
        if (top[lane] > highest) highest = top[lane];
    for (; i < count; i++) {
        scores[i] = scores[i] * scale;
        if (scores[i] > highest) highest = scores[i];
    }
    lanes_f parts[PARTS] = {0};
    for (i = 0; i + BORED_LANES <= count; i += BORED_LANES)
        for (int part = 0; part < PARTS; part++) {
            lanes_f e = exponential(LOAD(scores + i + part * LANES) - SPLAT(highest));
            STORE(scores + i + part * LANES, e);
            parts[part] = parts[part] + e;
        }
    float sums[BORED_LANES];
    store_parts(parts, sums);
    for (size_t lane = 0; i < count; i++, lane++) {
        scores[i] = scores[i] - highest;
        exponential_tail(scores + i, 1, scores + i);
        sums[lane] = sums[lane] + scores[i];
    }
    return bored_sum_lanes(sums);
}

/// Rows of weights times the values of the positions `from ..< to`, page after page: the chains
/// begin at `from` 0, and go on elsewhere.
FUNCTION void rows_by_values(
    const struct bored_attention *a, size_t rows, size_t first, size_t from, size_t to,
    const float *weights, size_t stride, float *y, size_t y_stride) {
    for (size_t count; from < to; from += count) {
        count = bored_count_in_page(a, from, to);
        all_rows_by_panel(
            rows, bored_values(a, first, from), count, weights + from, stride, y, y_stride,
            from > 0);
    }
}

/// Scores of all rows, then their exponentials, then their sums over the values.
FUNCTION void attend(const struct bored_attention *a) {
    size_t rows = a->row_count * a->group_count, longest = a->length + a->row_count - 1;
    size_t padded = bored_round_up(a->head_size, BORED_WIDTH);
    size_t stride = bored_round_up(a->capacity, BORED_WIDTH);
    float *scores = a->scratch, *query = scores + rows * stride, *output = query + rows * padded;
    for (size_t row = 0; row < a->row_count; row++)
        for (size_t g = 0; g < a->group_count; g++)
            memcpy(
                query + (row * a->group_count + g) * padded,
                a->query + row * a->query_stride + g * a->head_size,
                a->head_size * sizeof(float));
    for (size_t position = 0; position < longest; position += BORED_WIDTH)
        all_rows_by_panel(
            rows, bored_keys(a, position), a->head_size, query, padded,
            scores + position, stride, 0);
    float sums[rows];
    for (size_t i = 0; i < rows; i++)
        sums[i] = soften(scores + i * stride, a->length + i / a->group_count, a->scale);
    for (size_t first = 0; first < a->head_size; first += BORED_WIDTH) {
        // What all rows see, then for each later row what only it sees: its chains go on.
        rows_by_values(a, rows, first, 0, a->length, scores, stride, output + first, padded);
        for (size_t row = 1; row < a->row_count; row++) {
            size_t index = row * a->group_count;
            rows_by_values(
                a, a->group_count, first, a->length, a->length + row, scores + index * stride,
                stride, output + index * padded + first, padded);
        }
    }
    for (size_t i = 0; i < rows; i++) {
        float *target = a->output + i / a->group_count * a->output_stride
            + i % a->group_count * a->head_size;
        for (size_t d = 0; d < a->head_size; d++) target[d] = output[i * padded + d] / sums[i];
    }
}

FUNCTION void rms_norm(
    const float *x, const float *weight, float epsilon, size_t width, float *y) {
    lanes_f parts[PARTS] = {0};
    size_t i = 0;
    for (; i + BORED_LANES <= width; i += BORED_LANES)
        for (int part = 0; part < PARTS; part++) {
            lanes_f v = LOAD(x + i + part * LANES);
            parts[part] = FMA(v, v, parts[part]);
        }
    float sums[BORED_LANES];
    store_parts(parts, sums);
    for (size_t lane = 0; i < width; i++, lane++)
        sums[lane] = __builtin_fmaf(x[i], x[i], sums[lane]);
    float mean = bored_sum_lanes(sums) / (float)width;
    float scale = 1.0f / __builtin_elementwise_sqrt(mean + epsilon);
    for (i = 0; i < width; i++) y[i] = (x[i] * scale) * weight[i];
}

FUNCTION void exponential_all(const float *x, size_t count, float *y) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) STORE(y + i, exponential(LOAD(x + i)));
    exponential_tail(x + i, count - i, y + i);
}

FUNCTION void silu_all(const float *x, size_t count, float *y) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) STORE(y + i, silu(LOAD(x + i)));
    float padded[LANES] = {0};
    memcpy(padded, x + i, (count - i) * sizeof(float));
    STORE(padded, silu(LOAD(padded)));
    memcpy(y + i, padded, (count - i) * sizeof(float));
}

FUNCTION void swiglu(const float *gate, const float *up, size_t count, float *y) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        STORE(y + i, silu(LOAD(gate + i)) * LOAD(up + i));
    silu_all(gate + i, count - i, y + i);
    for (; i < count; i++) y[i] = y[i] * up[i];
}

INLINE lanes_u16 halves(lanes_f x) {
    lanes_i unordered = x != x;
    lanes_u16 nan = __builtin_convertvector(unordered, lanes_u16);
    lanes_u16 bits = (lanes_u16)__builtin_convertvector(x, lanes_h);
    return (nan & (lanes_u16)0x7E00) | (~nan & bits);
}

FUNCTION void half_from_float(const float *x, size_t count, uint16_t *y) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) *(loose_u16 *)(y + i) = halves(LOAD(x + i));
    float padded[LANES] = {0};
    memcpy(padded, x + i, (count - i) * sizeof(float));
    lanes_u16 rest = halves(LOAD(padded));
    memcpy(y + i, &rest, (count - i) * sizeof(uint16_t));
}

INLINE lanes_f floats(lanes_u16 bits) {
    lanes_f x = __builtin_convertvector((lanes_h)bits, lanes_f);
    return SELECT(x != x, (lanes_i)0x7FC00000, x);
}

FUNCTION void float_from_half(const uint16_t *x, size_t count, float *y) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) STORE(y + i, floats(*(const loose_u16 *)(x + i)));
    lanes_u16 padded = 0;
    memcpy(&padded, x + i, (count - i) * sizeof(uint16_t));
    lanes_f rest = floats(padded);
    memcpy(y + i, &rest, (count - i) * sizeof(float));
}

// In four streams, for the reason given at STREAMS.
FUNCTION uint64_t read_probe(const void *bytes, size_t byte_count) {
    enum { PROBE_STREAMS = 4, STEP = 64, PER_STEP = STEP / sizeof(lanes_i) };
    lanes_i mixed[PER_STEP] = {0};
    const char *cursor = bytes;
    size_t distance = byte_count / (PROBE_STREAMS * STEP) * STEP;
    for (size_t i = 0; i < distance; i += STEP)
#pragma clang loop unroll(full)
        for (int stream = 0; stream < PROBE_STREAMS; stream++)
#pragma clang loop unroll(full)
            for (int part = 0; part < (int)PER_STEP; part++)
                mixed[part] ^=
                    *(const loose_i *)(cursor + stream * distance + i + part * sizeof(lanes_i));
    uint64_t words[sizeof mixed / 8], result;
    memcpy(words, mixed, sizeof mixed);
    size_t whole = PROBE_STREAMS * distance;
    result = bored_scalar_kernels.read_probe(cursor + whole, byte_count - whole);
    for (size_t i = 0; i < sizeof mixed / 8; i++) result ^= words[i];
    return result;
}

#include "lanes_quantized.h"

const struct bored_kernels LEVEL_KERNELS = {
    multiply, multiply_quantized, quantize, attend, rms_norm, exponential_all, silu_all, swiglu, half_from_float,
    float_from_half, read_probe,
};
