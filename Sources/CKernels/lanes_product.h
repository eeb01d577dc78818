// Products with Float16 weights, on vectors of LANES numbers; part of lanes.h.

/// The lines of weights that a tile asks for with each input, from `next` on: one for two inputs,
/// one, one and that of the next panel, or one that is wanted much later. So memory is read while
/// what came from it before is multiplied.
enum asked { NOTHING, HALF_A_LINE, NEAR_LINE, NEAR_LINES, FAR_LINE };

/// Chains of `rows` rows and `vectors` vectors of outputs over `count` weights, in registers;
/// outputs beyond 32 come from other panels, each `panel_stride` halves behind the one before, and
/// go `output_stride` numbers behind its outputs.
/// `rows`, `vectors` and `asked` are constants at every call, so that loops over them disappear.
INLINE void tile(
    const int rows, const int vectors, const uint16_t *weights, size_t panel_stride, size_t count,
    const float *x, size_t x_stride, float *y, size_t y_stride, size_t output_stride, int resume,
    const uint16_t *next, const enum asked asked) {
    lanes_f sums[ROWS][STREAMS * VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
            sums[r][v] = resume ? LOAD(y + r * y_stride + v / VECTORS * output_stride
                                       + v % VECTORS * LANES)
                                : SPLAT(0.0f);
    for (size_t i = 0; i < count; i++) {
        if (asked == HALF_A_LINE) __builtin_prefetch(next + i / 2 * BORED_WIDTH);
        if (asked == NEAR_LINE || asked == NEAR_LINES) __builtin_prefetch(next + i * BORED_WIDTH);
        if (asked == NEAR_LINES) __builtin_prefetch(next + panel_stride + i * BORED_WIDTH);
        // Not into the first-level cache, which works on something else till then.
        if (asked == FAR_LINE && next) __builtin_prefetch(next + i * BORED_WIDTH, 0, 2);
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
        for (int v = 0; v < vectors; v++)
            STORE(y + r * y_stride + v / VECTORS * output_stride + v % VECTORS * LANES, sums[r][v]);
}

// Of two passes over a stretch, each asks for one half of the next one, which is as long.
#define TILE_CASE(R)                                                                      \
    case R:                                                                               \
        if (R <= FULL_ROWS) {                                                             \
            tile(R, VECTORS, weights, 0, count, x, x_stride, y, y_stride, 0, resume,      \
                weights + PREFETCH_INPUTS * BORED_WIDTH, R > 1 ? NEAR_LINE : NOTHING);    \
        } else {                                                                          \
            tile(R, VECTORS / 2, weights, 0, count, x, x_stride, y, y_stride, 0, resume,  \
                weights + count * BORED_WIDTH, HALF_A_LINE);                              \
            tile(R, VECTORS / 2, weights + BORED_WIDTH / 2, 0, count, x, x_stride,        \
                y + BORED_WIDTH / 2, y_stride, 0, resume,                                 \
                weights + (count + count / 2) * BORED_WIDTH, HALF_A_LINE);                \
        }                                                                                 \
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

#if PAIR_ROWS
#define PAIR_TILE(R, next, asked)                                                           \
    tile(                                                                                   \
        R, 2 * VECTORS, weights, distance, count, x, x_stride, y, y_stride, output_stride,  \
        start > 0, next, asked)
#define PAIR_CASE(R)                                                                        \
    case R:                                                                                 \
        if (passes == 1)                                                                    \
            PAIR_TILE(R, weights + PAIR_PREFETCH_INPUTS * BORED_WIDTH, NEAR_LINES);         \
        else                                                                                \
            PAIR_TILE(R, pass < 2 ? next + pass * distance : NULL, FAR_LINE);               \
        break

/// Any number of rows times a panel and another, `distance` halves behind it, a stretch of their
/// inputs after the other. Where there are several passes, the two are neighbours, and the first
/// two passes ask for the next stretch, a panel each.
FUNCTION void rows_by_pair(
    const struct bored_product *p, const uint16_t *weights, size_t distance, float *first,
    size_t output_stride) {
    const size_t x_stride = p->x_stride, y_stride = p->y_stride;
    const uint16_t *next_pair = weights + 2 * distance;
    size_t passes = (p->row_count + PAIR_ROWS - 1) / PAIR_ROWS;
    // A few passes read a long stretch from the second-level cache; more gain by a short one.
    size_t stretch = passes > 3 ? PAIR_STRETCH : LONG_STRETCH;
    for (size_t start = 0; start < p->input_count; start += stretch) {
        size_t left = p->input_count - start, count = left < stretch ? left : stretch;
        const uint16_t *next = count < left ? weights + count * BORED_WIDTH : next_pair;
        for (size_t pass = 0, row = 0; pass < passes; pass++) {
            size_t size = p->row_count / passes + (pass < p->row_count % passes);
            const float *x = p->x + row * x_stride + start;
            float *y = first + row * y_stride;
            switch (size) {
                PAIR_CASE(1);
                PAIR_CASE(2);
                PAIR_CASE(3);
                PAIR_CASE(4);
                PAIR_CASE(5);
                PAIR_CASE(6);
#if PAIR_ROWS > 6
                PAIR_CASE(7);
#endif
            }
            row += size;
        }
        weights += count * BORED_WIDTH;
    }
}

#endif

/// All rows times one panel.
FUNCTION void rows_by_one(const struct bored_product *p, size_t panel) {
    const uint16_t *weights = (const uint16_t *)(p->panels + panel * p->panel_stride);
    float *y = p->y + panel * BORED_WIDTH;
    size_t width = p->output_count - panel * BORED_WIDTH;
    if (width < BORED_WIDTH) {
        narrow_panel(
            p->row_count, weights, p->input_count, p->x, p->x_stride, y, p->y_stride, width);
        return;
    }
    size_t stretch = p->row_count > FULL_ROWS ? STRETCH : p->input_count;
    size_t start = 0;
    do {
        size_t count = p->input_count - start < stretch ? p->input_count - start : stretch;
        all_rows_by_panel(
            p->row_count, weights + start * BORED_WIDTH, count, p->x + start, p->x_stride, y,
            p->y_stride, start > 0);
        start += count;
    } while (start < p->input_count);
}

/// All rows times panels `distance` panels behind each other, from `panel` on: some inputs of each
/// in turn, so that all of them are fetched ahead at once.
FUNCTION void rows_by_turns(
    const struct bored_product *p, size_t panel, size_t streams, size_t distance) {
    for (size_t start = 0; start < p->input_count; start += TURN) {
        size_t left = p->input_count - start;
        for (size_t i = panel; i < panel + streams * distance; i += distance)
            all_rows_by_panel(
                p->row_count,
                (const uint16_t *)(p->panels + i * p->panel_stride) + start * BORED_WIDTH,
                left < TURN ? left : TURN, p->x + start, p->x_stride, p->y + i * BORED_WIDTH,
                p->y_stride, start > 0);
    }
}

#define SIDE_CASE(R)                                                                         \
    case R:                                                                                  \
        tile(                                                                                \
            R, STREAMS * VECTORS, (const uint16_t *)(p->panels + panel * p->panel_stride),   \
            distance * p->panel_stride / 2, p->input_count, p->x, p->x_stride,               \
            p->y + panel * BORED_WIDTH, p->y_stride, distance * BORED_WIDTH, 0, NULL, NOTHING); \
        break

/// All rows times STREAMS panels `distance` panels behind each other, side by side.
FUNCTION void rows_side_by_side(const struct bored_product *p, size_t panel, size_t distance) {
    switch (p->row_count) {
        SIDE_CASE(1);
#if SIDE_ROWS > 1
        SIDE_CASE(2);
        SIDE_CASE(3);
#endif
    }
}

/// All rows times the panels `begin ..< end` and as many in each of `streams`: as many side by
/// side as the registers have room for.
FUNCTION void rows_by_streams(
    const struct bored_product *p, size_t begin, size_t end, size_t streams, size_t distance) {
    if (p->row_count <= SIDE_ROWS && streams == STREAMS) {
        for (size_t panel = begin; panel < end; panel++) rows_side_by_side(p, panel, distance);
        return;
    }
    if (p->row_count > 1 && p->row_count <= TURN_ROWS) {
        for (size_t panel = begin; panel < end; panel++)
            rows_by_turns(p, panel, streams, distance);
        return;
    }
    size_t stream = 0;
#if PAIR_ROWS
    for (; p->row_count > 1 && stream + 2 <= streams; stream += 2)
        for (size_t panel = begin + stream * distance; panel < end + stream * distance; panel++)
            rows_by_pair(
                p, (const uint16_t *)(p->panels + panel * p->panel_stride),
                distance * p->panel_stride / 2, p->y + panel * BORED_WIDTH,
                distance * BORED_WIDTH);
#endif
    for (; stream < streams; stream++)
        for (size_t panel = begin + stream * distance; panel < end + stream * distance; panel++)
            rows_by_one(p, panel);
}

// Rows that one pass over two panels serves.
enum { STREAM_ROWS = PAIR_ROWS > 1 ? PAIR_ROWS : 1 };

FUNCTION void multiply(const struct bored_product *p) {
    size_t begin = p->panel_begin, end = p->panel_end;
    if (p->stream_count > 1) {
        rows_by_streams(p, begin, end, p->stream_count, p->stream_distance);
        return;
    }
    // Streams of its own, as far as the panels are whole; where rows take several passes, memory
    // has time, and neighbours will do.
    size_t streams = p->row_count <= SIDE_ROWS ? STREAMS : 2, whole = p->output_count / BORED_WIDTH;
    size_t last = end < whole ? end : whole;
    size_t distance = last > begin ? (last - begin) / streams : 0;
    if (p->row_count > STREAM_ROWS) {
        for (size_t pair = 0; pair < distance; pair++, begin += 2)
            rows_by_streams(p, begin, begin + 1, 2, 1);
    } else {
        rows_by_streams(p, begin, begin + distance, streams, distance);
        begin += streams * distance;
    }
    for (; begin < end; begin++) rows_by_one(p, begin);
}
