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

void bored_float_from_bfloat16(const uint16_t *x, size_t count, float *y) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = (uint32_t)x[i] << 16;
        y[i] = bored_float_of_bits((bits & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FC00000u : bits);
    }
}

void bored_cache_append(
    const float *key, const float *value, size_t head_size, size_t position, size_t page_size,
    uint16_t *keys, uint16_t *values) {
    uint16_t *block = keys + position / BORED_WIDTH * BORED_WIDTH * head_size;
    for (size_t i = 0; i < head_size; i++) {
        uint16_t half;
        bored_scalar_kernels.half_from_float(key + i, 1, &half);
        block[i * BORED_WIDTH + position % BORED_WIDTH] = half;
    }
    for (size_t first = 0; first < head_size; first += BORED_WIDTH) {
        size_t count = head_size - first < BORED_WIDTH ? head_size - first : BORED_WIDTH;
        bored_scalar_kernels.half_from_float(
            value + first, count, values + first * page_size + position * BORED_WIDTH);
    }
}
