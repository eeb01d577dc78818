// Products with Float16 weights, on vectors of LANES numbers; part of lanes.h.

/// The lines of weights that a tile asks for with each input, from `next` on: one for two inputs,
/// one, one and that of the next panel, or one that is wanted much later. So memory is read while
/// what came from it before is multiplied.
enum asked { NOTHING, HALF_A_LINE, NEAR_LINE, NEAR_LINES, FAR_LINE };

/// Chains of `rows` rows and `vectors` vectors of outputs over `count` weights, in registers;
/// outputs beyond 32 come from the panels that follow, `panel_stride` halves apart.
/// `rows`, `vectors` and `asked` are constants at every call, so that loops over them disappear.
INLINE void tile(
    const int rows, const int vectors, const uint16_t *weights, size_t panel_stride, size_t count,
    const float *x, size_t x_stride, float *y, size_t y_stride, int resume,
    const uint16_t *next, const enum asked asked) {
    lanes_f sums[ROWS][STREAMS * VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
            sums[r][v] = resume ? LOAD(y + r * y_stride + v * LANES) : SPLAT(0.0f);
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
        for (int v = 0; v < vectors; v++) STORE(y + r * y_stride + v * LANES, sums[r][v]);
}

// Of two passes over a stretch, each asks for one half of the next stretch.
#define TILE_CASE(R)                                                                      \
    case R:                                                                               \
        if (R <= FULL_ROWS) {                                                             \
            tile(R, VECTORS, weights, 0, count, x, x_stride, y, y_stride, resume,         \
                weights + PREFETCH_INPUTS * BORED_WIDTH, R > 1 ? NEAR_LINE : NOTHING);    \
        } else {                                                                          \
            tile(R, VECTORS / 2, weights, 0, count, x, x_stride, y, y_stride, resume,     \
                weights + STRETCH * BORED_WIDTH, HALF_A_LINE);                            \
            tile(R, VECTORS / 2, weights + BORED_WIDTH / 2, 0, count, x, x_stride,        \
                y + BORED_WIDTH / 2, y_stride, resume,                                    \
                weights + (STRETCH + STRETCH / 2) * BORED_WIDTH, HALF_A_LINE);            \
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

/// One row times whole panels, STREAMS at a time; returns the first panel it left.
FUNCTION size_t row_by_panels(const struct bored_product *p) {
    size_t panel = p->panel_begin, whole = p->output_count / BORED_WIDTH;
    size_t end = p->panel_end < whole ? p->panel_end : whole;
    for (; panel + STREAMS <= end; panel += STREAMS)
        tile(
            1, STREAMS * VECTORS,
            (const uint16_t *)(p->panels + panel * p->panel_stride), p->panel_stride / 2,
            p->input_count, p->x, 0, p->y + panel * BORED_WIDTH, 0, 0, NULL, NOTHING);
    return panel;
}

#if PAIR_ROWS
#define PAIR_TILE(R, next, asked)                                                           \
    tile(                                                                                   \
        R, 2 * VECTORS, weights, panel_stride, count, x, x_stride, y, y_stride, start > 0,  \
        next, asked)
#define PAIR_CASE(R)                                                                        \
    case R:                                                                                 \
        if (passes == 1)                                                                    \
            PAIR_TILE(R, weights + PAIR_PREFETCH_INPUTS * BORED_WIDTH, NEAR_LINES);         \
        else                                                                                \
            PAIR_TILE(R, pass < 2 ? next + pass * panel_stride : NULL, FAR_LINE);           \
        break

/// Any number of rows times two neighbouring panels, a stretch of their inputs after the other.
/// Where there are several passes, the first two ask for the next stretch, a panel each.
FUNCTION void rows_by_pair(
    const struct bored_product *p, const uint16_t *weights, size_t panel_stride, float *first) {
    const size_t x_stride = p->x_stride, y_stride = p->y_stride;
    const uint16_t *next_pair = weights + 2 * panel_stride;
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
            }
            row += size;
        }
        weights += count * BORED_WIDTH;
    }
}
#endif

FUNCTION void multiply(const struct bored_product *p) {
    size_t panel = p->row_count == 1 ? row_by_panels(p) : p->panel_begin;
    while (panel < p->panel_end) {
        const uint16_t *weights = (const uint16_t *)(p->panels + panel * p->panel_stride);
        float *y = p->y + panel * BORED_WIDTH;
        size_t width = p->output_count - panel * BORED_WIDTH;
#if PAIR_ROWS
        if (p->row_count > 1 && panel + 1 < p->panel_end && width >= 2 * BORED_WIDTH) {
            rows_by_pair(p, weights, p->panel_stride / 2, y);
            panel += 2;
            continue;
        }
#endif
        panel++;
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
