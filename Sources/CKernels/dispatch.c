// Which level runs, and what is the same at all of them.
#include "kernels.h"

static const struct bored_kernels *kernels_of(int level) {
    switch (level) {
#if defined(__x86_64__)
    case BORED_AVX2: return &bored_avx2_kernels;
    case BORED_AVX512: return &bored_avx512_kernels;
#elif defined(__aarch64__)
    case BORED_NEON: return &bored_neon_kernels;
#endif
    default: return &bored_scalar_kernels;
    }
}

int bored_level_supported(int level) {
    switch (level) {
    case BORED_SCALAR: return 1;
#if defined(__x86_64__)
    case BORED_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
            && __builtin_cpu_supports("f16c");
    case BORED_AVX512:
        return bored_level_supported(BORED_AVX2) && __builtin_cpu_supports("avx512f")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__)
    case BORED_NEON: return 1;
#endif
    default: return 0;
    }
}

int bored_level_detected(void) {
    for (int level = BORED_NEON; level > BORED_SCALAR; level--)
        if (bored_level_supported(level)) return level;
    return BORED_SCALAR;
}

void bored_multiply(int level, const struct bored_product *product) {
    const struct bored_kernels *kernels = kernels_of(level);
    int is_float16 = product->format == BORED_FLOAT16;
    if (kernels != &bored_scalar_kernels) {
        (is_float16 ? kernels->multiply : kernels->multiply_quantized)(product);
        return;
    }
    // One stream after the other.
    struct bored_product part = *product;
    size_t streams = product->stream_count > 1 ? product->stream_count : 1;
    for (part.stream_count = 1; streams > 0; streams--) {
        (is_float16 ? kernels->multiply : kernels->multiply_quantized)(&part);
        part.panel_begin += product->stream_distance;
        part.panel_end += product->stream_distance;
    }
}

// An odd count of cache lines: neighbouring rows then lie in different sets of a cache.
size_t bored_group_stride(size_t input_count) {
    size_t lines = (input_count / BORED_GROUP * sizeof(struct bored_input_group) + 63) / 64;
    // Four groups take three lines.
    while (lines % 2 == 0 || lines % 3) lines++;
    return lines / 3 * 4;
}

void bored_quantize(
    int level, const float *x, size_t count, struct bored_input_group *groups) {
    kernels_of(level)->quantize(x, count, groups);
}

void bored_attend(int level, const struct bored_attention *attention) {
    kernels_of(level)->attend(attention);
}

size_t bored_attention_scratch(
    size_t row_count, size_t group_count, size_t head_size, size_t capacity) {
    size_t rows = row_count * group_count;
    // Scores, then queries and outputs, each row of them padded, then sums.
    size_t padded = bored_round_up(head_size, BORED_WIDTH);
    return rows * (bored_round_up(capacity, BORED_WIDTH) + 2 * padded + 1);
}

void bored_rms_norm(
    int level, const float *x, const float *weight, float epsilon, size_t width, float *y) {
    kernels_of(level)->rms_norm(x, weight, epsilon, width, y);
}

void bored_exponential(int level, const float *x, size_t count, float *y) {
    kernels_of(level)->exponential(x, count, y);
}

void bored_layer_norm(
    int level, const float *x, const float *weight, const float *bias, float epsilon,
    size_t width, float *y) {
    kernels_of(level)->layer_norm(x, weight, bias, epsilon, width, y);
}

void bored_activate(
    int level, int function, const float *x, const float *factors, size_t count, float *y) {
    kernels_of(level)->activate(function, x, factors, count, y);
}

void bored_soft_cap(int level, const float *x, float cap, size_t count, float *y) {
    kernels_of(level)->soft_cap(x, cap, count, y);
}

void bored_half_from_float(int level, const float *x, size_t count, uint16_t *y) {
    kernels_of(level)->half_from_float(x, count, y);
}

void bored_float_from_half(int level, const uint16_t *x, size_t count, float *y) {
    kernels_of(level)->float_from_half(x, count, y);
}

void bored_cache_append(
    int level, const float *key, const float *value, size_t head_size, size_t position,
    size_t run_size, uint16_t *keys, uint16_t *values) {
    uint16_t *block = keys + position / BORED_WIDTH * BORED_WIDTH * head_size;
    for (size_t first = 0; first < head_size; first += BORED_WIDTH) {
        size_t count = head_size - first < BORED_WIDTH ? head_size - first : BORED_WIDTH;
        uint16_t halves[BORED_WIDTH];
        kernels_of(level)->half_from_float(key + first, count, halves);
        for (size_t i = 0; i < count; i++)
            block[(first + i) * BORED_WIDTH + position % BORED_WIDTH] = halves[i];
        kernels_of(level)->half_from_float(
            value + first, count, values + first * run_size + position * BORED_WIDTH);
    }
}

uint64_t bored_read_probe(int level, const void *bytes, size_t byte_count) {
    return kernels_of(level)->read_probe(bytes, byte_count);
}

size_t bored_multiply_probe(int level, int is_quantized, size_t rounds, int32_t *result) {
    return kernels_of(level)->multiply_probe(is_quantized, rounds, result);
}
