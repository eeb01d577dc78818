// Products with quantised weights, on vectors of LANES numbers. A level's file defines
//   DOT(sum, weights, x)  sum plus the products of a quad, in each lane
//   BYTES_OFFSET     what DOT wants added to weights that have a sign: 0 or 128
//   SHORT_SUMS       1 where PRODUCTS(weights, x) of quads of weights below 64 are sums of two in
//                    16 bits (lanes_s), and WIDEN(sum, products) adds them up in each lane
//   DOT_SUMS         sums of rows times vectors of outputs that fit the registers together
//   KEEP(sum)        tells the compiler to have the sum in a register there: it would gather a
//                    row's products otherwise, and keep what all rows need in memory
//   ROW_STREAMS, PASS_STREAMS
//                    panels that one row reads side by side, and 2 to DOT_ROWS rows
//   DOT_ASKS         1 where passes ask for the weights of the next stretch
//   BYTES_AHEAD      how far ahead of itself a pass of several rows asks for weights; 0: it does
//                    not
#include "lanes_dots.h"

// Inputs of a stretch: of whole bytes so many that it stays in the first-level cache; what has
// fewer bits is read slowly enough for the second.
enum { BYTES_STRETCH = 512, BITS_STRETCH = 2048 };
enum { MOST_STREAMS = ROW_STREAMS > PASS_STREAMS ? ROW_STREAMS : PASS_STREAMS };

/// How far ahead `rows` rows ask for weights, in bytes; -1: they don't.
INLINE int bytes_ahead(const int format, const int rows) {
    if (BYTES_AHEAD && rows > 1) return BYTES_AHEAD;
    // Several rows of Q4_0 take so long that memory would wait.
    if (DOT_ASKS && format == BORED_Q4_0 && rows > 2) return 4096;
    // Lines asked for in their order are fetched ahead; these formats' loads are out of it.
    return format == BORED_Q5_K || format == BORED_Q6_K ? 0 : -1;
}

/// Goes on with `rows` rows' chains by `blocks` blocks of a panel, and of as many others as there
/// are `streams`; they begin where `resume` is 0. Meanwhile asks for half of as many blocks of what
/// comes after, from `next` on, unless it is null. The first of several passes asks for its own.
INLINE void rows_by_blocks(
    const int format, const int rows, const int streams, const struct bored_product *p,
    const uint8_t *panel, size_t blocks, const struct bored_input_group *x, float *y,
    size_t width, int resume, int is_first, const uint8_t *next) {
    const int V = rows * VECTORS <= DOT_SUMS ? VECTORS : rows * 2 <= DOT_SUMS ? 2 : 1;
    const int ahead = bytes_ahead(format, rows);
    const struct bored_shape *shape = &bored_shapes[format];
    const size_t per_block = shape->block_inputs / GROUP;
    const size_t distance = p->stream_distance * p->panel_stride;
    float scales[MOST_STREAMS][2 * SUPER_GROUPS * BORED_WIDTH] __attribute__((aligned(64)));
    float minima[MOST_STREAMS][SUPER_GROUPS * BORED_WIDTH] __attribute__((aligned(64)));
    lanes_f sums[MOST_STREAMS][VECTORS][DOT_ROWS][VECTORS];
#pragma clang loop unroll(full)
    for (int s = 0; s < streams; s++)
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const float *from = y + s * p->stream_distance * BORED_WIDTH + r * p->y_stride;
            float whole[BORED_WIDTH] = {0};
            if (resume) memcpy(whole, from, width * sizeof(float));
#pragma clang loop unroll(full)
            for (int v = 0; v < VECTORS; v++) sums[s][v / V][r][v % V] = LOAD(whole + v * LANES);
        }
    for (size_t i = 0; i < blocks; i++) {
#pragma clang loop unroll(full)
        for (int s = 0; s < streams; s++)
            read_head(format, panel + s * distance, VECTORS, scales[s], minima[s], BORED_WIDTH);
        const uint8_t *group = panel + shape->head_bytes;
        for (size_t g = 0; g < per_block; g++, x++, group += shape->group_bytes) {
            if (DOT_ASKS && next) {
                // Not into the first-level cache, which works on something else till then.
#pragma clang loop unroll(full)
                for (size_t line = 0; line < shape->group_bytes / 2; line += 64)
                    __builtin_prefetch(next + line, 0, 2);
                next += shape->group_bytes / 2;
            }
#pragma clang loop unroll(full)
            for (int s = 0; s < streams; s++) {
                const uint8_t *own = group + s * distance;
                if (ahead >= 0 && (is_first || !BYTES_AHEAD))
#pragma clang loop unroll(full)
                    for (size_t line = 0; line < shape->group_bytes; line += 64)
                        __builtin_prefetch(own + ahead + line);
#pragma clang loop unroll(full)
                for (int v = 0; v < VECTORS; v += V)
                    group_tile(
                        format, rows, V, v, own,
                        scales[s] + g * HALF_COUNT(format) * BORED_WIDTH + v * LANES,
                        minima[s] + g * BORED_WIDTH + v * LANES, x, p->group_stride,
                        sums[s][v / V]);
            }
        }
        panel += shape->block_bytes * BORED_WIDTH;
    }
#pragma clang loop unroll(full)
    for (int s = 0; s < streams; s++)
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            float *to = y + s * p->stream_distance * BORED_WIDTH + r * p->y_stride;
            float whole[BORED_WIDTH];
#pragma clang loop unroll(full)
            for (int v = 0; v < VECTORS; v++) STORE(whole + v * LANES, sums[s][v / V][r][v % V]);
            memcpy(to, whole, width * sizeof(float));
        }
}

#define ROWS_CASE(R)                                                                        \
    case R:                                                                                 \
        rows_by_blocks(                                                                     \
            format, R, 1, p, from, count, x, y, width, start > 0, pass == 0, next);         \
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

#define STREAMS_CASE(R)                                                                      \
    case R:                                                                                  \
        rows_by_blocks(                                                                      \
            format, R, R == 1 ? ROW_STREAMS : PASS_STREAMS, p, from, blocks, p->groups, y,   \
            BORED_WIDTH, 0, 1, NULL);                                                        \
        break

/// Few rows times whole panels, one in each of the product's streams.
INLINE void rows_by_quantized_streams(
    const int format, const struct bored_product *p, const uint8_t *from, float *y) {
    size_t blocks = p->input_count / bored_shapes[format].block_inputs;
    switch (p->row_count) {
        STREAMS_CASE(1);
#if PASS_STREAMS > 1
        STREAMS_CASE(2);
        STREAMS_CASE(3);
        STREAMS_CASE(4);
        STREAMS_CASE(5);
        STREAMS_CASE(6);
#endif
    }
}

INLINE void rows_by_quantized_panels(const int format, const struct bored_product *p) {
    const size_t most = p->row_count == 1 ? 1 : PASS_STREAMS > 1 ? DOT_ROWS : 0;
    const size_t streams = p->row_count == 1 ? ROW_STREAMS : PASS_STREAMS;
    const int together = p->stream_count > 1 && p->stream_count == streams && p->row_count <= most;
    for (size_t s = 0; s < (together || p->stream_count < 2 ? 1 : p->stream_count); s++)
        for (size_t panel = p->panel_begin; panel < p->panel_end; panel++) {
            size_t i = panel + s * p->stream_distance, left = p->output_count - i * BORED_WIDTH;
            const uint8_t *from = p->panels + i * p->panel_stride;
            float *y = p->y + i * BORED_WIDTH;
            if (together)
                rows_by_quantized_streams(format, p, from, y);
            else
                rows_by_quantized_panel(
                    format, p, from, y, left < BORED_WIDTH ? left : BORED_WIDTH);
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
