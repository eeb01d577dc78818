// One operation of IEEE 754 after the other, with nothing to order: the same C at every level.
#include "kernels.h"

void bored_add(const float *x, size_t count, float *y) {
    for (size_t i = 0; i < count; i++) y[i] = y[i] + x[i];
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
