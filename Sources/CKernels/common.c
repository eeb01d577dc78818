// One operation of IEEE 754 after the other, with nothing to order: the same C at every level.
#include "kernels.h"

void bored_add(const float *x, size_t count, float *y) {
    for (size_t i = 0; i < count; i++) y[i] = y[i] + x[i];
}

void bored_sum(const float *x, const float *y, size_t count, float *z) {
    for (size_t i = 0; i < count; i++) z[i] = x[i] + y[i];
}

void bored_quantize_rest(
    const float *x, const struct bored_input_group *groups, size_t count, float *y) {
    for (size_t first = 0; first < count; first += BORED_GROUP, groups++)
        for (size_t i = 0; i < BORED_GROUP; i++)
            y[first + i] = x[first + i] - (float)groups->quants[i] * groups->scale;
}

void bored_split_half(int level, const float *x, size_t count, float *y, float *rest) {
    uint16_t halves[BORED_WIDTH];
    for (size_t first = 0; first < count; first += BORED_WIDTH) {
        size_t part = count - first < BORED_WIDTH ? count - first : BORED_WIDTH;
        bored_half_from_float(level, x + first, part, halves);
        bored_float_from_half(level, halves, part, y + first);
        for (size_t i = first; i < first + part; i++) rest[i] = x[i] - y[i];
    }
}

void bored_scale(float factor, size_t count, float *x) {
    for (size_t i = 0; i < count; i++) x[i] = x[i] * factor;
}

void bored_rotate_neighbours(float *head, const float *table, size_t pair_count) {
    for (size_t i = 0; i < pair_count; i++) {
        float cosine = table[2 * i], sine = table[2 * i + 1];
        float a = head[2 * i], b = head[2 * i + 1];
        head[2 * i] = a * cosine - b * sine;
        head[2 * i + 1] = a * sine + b * cosine;
    }
}

void bored_rotate_halves(float *head, const float *table, size_t pair_count) {
    for (size_t i = 0; i < pair_count; i++) {
        float cosine = table[2 * i], sine = table[2 * i + 1];
        float a = head[i], b = head[i + pair_count];
        head[i] = a * cosine - b * sine;
        head[i + pair_count] = a * sine + b * cosine;
    }
}
