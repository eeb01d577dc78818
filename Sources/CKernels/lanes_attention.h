// Attention, on vectors of LANES numbers; part of lanes.h.

/// Scales the scores `begin ..< end`, caps them, and makes them exponentials of their distance to
/// the largest; returns their sum. `begin` is a multiple of 16; those before `visible` become 0.
INLINE float soften_by(
    const int has_cap, const struct bored_attention *a, float *scores, size_t begin,
    size_t visible, size_t end) {
    for (size_t i = end; i % LANES; i++) scores[i] = 0;
    for (size_t i = begin; i < end; i += LANES) {
        lanes_f scaled = LOAD(scores + i) * SPLAT(a->scale);
        STORE(scores + i, has_cap ? soft_cap(scaled, a->cap) : scaled);
    }
    // exp makes zeros of what is infinitely far below: they change no sum.
    for (size_t i = begin; i < visible; i++) scores[i] = -__builtin_inff();
    for (size_t i = end; i % BORED_LANES; i++) scores[i] = -__builtin_inff();
    lanes_f top = SPLAT(-__builtin_inff());
    for (size_t i = begin; i < end; i += LANES) {
        lanes_f score = LOAD(scores + i);
        top = SELECT(score > top, score, top);
    }
    float highest = -__builtin_inff();
    for (int lane = 0; lane < LANES; lane++)
        if (top[lane] > highest) highest = top[lane];
    lanes_f parts[PARTS] = {0};
    for (size_t i = begin; i < end; i += BORED_LANES)
        for (int part = 0; part < PARTS; part++) {
            lanes_f e = exponential(LOAD(scores + i + part * LANES) - SPLAT(highest));
            STORE(scores + i + part * LANES, e);
            parts[part] = parts[part] + e;
        }
    float sums[BORED_LANES];
    store_parts(parts, sums);
    return bored_sum_lanes(sums);
}

INLINE float soften(
    const struct bored_attention *a, float *scores, size_t begin, size_t visible, size_t end) {
    return a->cap ? soften_by(1, a, scores, begin, visible, end)
                  : soften_by(0, a, scores, begin, visible, end);
}

/// Rows of weights times the values of the positions `from ..< to`, stretch after stretch: the
/// chains begin there, or go on where `resume`.
FUNCTION void rows_by_values(
    const struct bored_attention *a, size_t rows, size_t first, size_t from, size_t to,
    const float *weights, size_t stride, float *y, size_t y_stride, int resume) {
    for (size_t count; from < to; from += count, resume = 1) {
        count = bored_count_together(a, from, to);
        all_rows_by_panel(
            rows, bored_values(a, first, from), count, weights + from, stride, y, y_stride,
            resume);
    }
}

/// Scores of all rows, then their exponentials, then their sums over the values.
FUNCTION void attend(const struct bored_attention *a) {
    size_t rows = a->row_count * a->group_count, shortest, longest;
    size_t padded = bored_round_up(a->head_size, BORED_WIDTH);
    size_t stride = bored_round_up(a->capacity, BORED_WIDTH);
    float *scores = a->scratch, *query = scores + rows * stride, *output = query + rows * padded;
    for (size_t row = 0; row < a->row_count; row++)
        for (size_t g = 0; g < a->group_count; g++)
            memcpy(
                query + (row * a->group_count + g) * padded,
                a->query + row * a->query_stride + g * a->head_size,
                a->head_size * sizeof(float));
    // Keys are read from the whole block on in which the first row's view begins.
    size_t visible = bored_visible(a, 0, &shortest);
    size_t begin = visible / BORED_WIDTH * BORED_WIDTH;
    bored_visible(a, a->row_count - 1, &longest);
    for (size_t position = begin; position < longest; position += BORED_WIDTH)
        all_rows_by_panel(
            rows, bored_keys(a, position), a->head_size, query, padded,
            scores + position, stride, 0);
    float *sums = output + rows * padded;
    for (size_t i = 0; i < rows; i++) {
        size_t end, own = bored_visible(a, i / a->group_count, &end);
        sums[i] = soften(a, scores + i * stride, begin, own, end);
    }
    for (size_t first = 0; first < a->head_size; first += BORED_WIDTH) {
        // What all rows see, then for each later row what only it sees: its chains go on.
        rows_by_values(
            a, rows, first, visible, shortest, scores, stride, output + first, padded, 0);
        for (size_t row = 1; row < a->row_count && longest > shortest; row++) {
            size_t index = row * a->group_count;
            rows_by_values(
                a, a->group_count, first, shortest, shortest + row, scores + index * stride,
                stride, output + index * padded + first, padded, 1);
        }
    }
    for (size_t i = 0; i < rows; i++) {
        float *target = a->output + i / a->group_count * a->output_stride
            + i % a->group_count * a->head_size;
        for (size_t d = 0; d < a->head_size; d++) target[d] = output[i * padded + d] / sums[i];
    }
}
