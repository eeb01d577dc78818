// The reference: exact-1 as plainly as C can say it. Every other level is tested against this one.
#include "formats.h"

/// Exact. The multiplication makes subnormal halves normal; infinity and NaN keep their meaning.
static float float_from_half(uint16_t half) {
    uint32_t magnitude = half & 0x7FFFu;
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    if (magnitude > 0x7C00u) return bored_float_of_bits(0x7FC00000u);
    if (magnitude == 0x7C00u) return bored_float_of_bits(sign | 0x7F800000u);
    float scaled = bored_float_of_bits(magnitude << 13) * 0x1p112f;
    return bored_float_of_bits(sign | bored_bits_of_float(scaled));
}

/// Round to nearest, ties to even. Every NaN becomes 0x7E00.
static uint16_t half_from_float(float value) {
    uint32_t bits = bored_bits_of_float(value);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
    uint32_t magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) return 0x7E00u;
    if (magnitude >= 0x477FF000u) return sign | 0x7C00u;
    if (magnitude < 0x38800000u) {
        // Adding one half leaves the subnormal's bits, rounded to even, at the low end.
        float shifted = bored_float_of_bits(magnitude) + 0.5f;
        return sign | (uint16_t)(bored_bits_of_float(shifted) - 0x3F000000u);
    }
    uint32_t odd = magnitude >> 13 & 1u;
    return sign | (uint16_t)((magnitude - 0x38000000u + 0xFFFu + odd) >> 13);
}

static float exponential(float x) {
    x = BORED_EXP_HIGHEST < x ? BORED_EXP_HIGHEST : x;
    x = BORED_EXP_LOWEST > x ? BORED_EXP_LOWEST : x;
    float shifted = __builtin_fmaf(x, BORED_LOG2_E, BORED_ROUNDING);
    float n = shifted - BORED_ROUNDING;
    float r = __builtin_fmaf(-n, BORED_LN2_HIGH, x);
    r = __builtin_fmaf(-n, BORED_LN2_LOW, r);
    float p = BORED_EXP_6;
    p = __builtin_fmaf(p, r, BORED_EXP_5);
    p = __builtin_fmaf(p, r, BORED_EXP_4);
    p = __builtin_fmaf(p, r, BORED_EXP_3);
    p = __builtin_fmaf(p, r, BORED_EXP_2);
    p = __builtin_fmaf(p, r, 1.0f);
    p = __builtin_fmaf(p, r, 1.0f);
    // Two steps, so that results below the normal range are rounded once, by the second.
    int32_t exponent = (int32_t)(bored_bits_of_float(shifted) - 0x4B400000u);
    int32_t first = exponent >> 1, second = exponent - first;
    p = p * bored_float_of_bits((uint32_t)(first + 127) << 23);
    return p * bored_float_of_bits((uint32_t)(second + 127) << 23);
}

static float silu(float x) { return x / (1.0f + exponential(-x)); }

static float gelu_tanh(float x) {
    float factor = __builtin_fmaf(x * x, BORED_GELU_3, BORED_GELU_1);
    return x / (1.0f + exponential(x * factor));
}

static float gelu_erf(float x) {
    static const float terms[8] = {
        BORED_ERF_7, BORED_ERF_6, BORED_ERF_5, BORED_ERF_4,
        BORED_ERF_3, BORED_ERF_2, BORED_ERF_1, BORED_ERF_0,
    };
    float z = __builtin_fabsf(x) * BORED_ROOT_HALF;
    float t = 1.0f / __builtin_fmaf(z, BORED_ERF_STEP, 1.0f);
    float p = BORED_ERF_8;
    for (int i = 0; i < 8; i++) p = __builtin_fmaf(p, t, terms[i]);
    float below = (0.5f * (p * t)) * exponential(-(z * z));
    return x * (x < 0.0f ? below : 1.0f - below);
}

static float soft_cap(float x, float cap) {
    float share = x / cap;
    float e = exponential(-2.0f * __builtin_fabsf(share));
    return __builtin_copysignf((1.0f - e) / (1.0f + e), share) * cap;
}

/// Goes on with the chains of 32 outputs: sums[lane] = x[i] * weights[i][lane] + sums[lane].
static void chain(const uint16_t *weights, const float *x, size_t count, float *sums) {
    for (size_t i = 0; i < count; i++)
        for (size_t lane = 0; lane < BORED_WIDTH; lane++)
            sums[lane] = __builtin_fmaf(
                x[i], float_from_half(weights[i * BORED_WIDTH + lane]), sums[lane]);
}

static void multiply(const struct bored_product *p) {
    for (size_t panel = p->panel_begin; panel < p->panel_end; panel++) {
        size_t first = panel * BORED_WIDTH;
        size_t left = p->output_count - first, count = left < BORED_WIDTH ? left : BORED_WIDTH;
        for (size_t row = 0; row < p->row_count; row++) {
            float sums[BORED_WIDTH] = {0};
            chain(
                (const uint16_t *)(p->panels + panel * p->panel_stride), p->x + row * p->x_stride,
                p->input_count, sums);
            memcpy(p->y + row * p->y_stride + first, sums, count * sizeof(float));
        }
    }
}

static void quantize(const float *x, size_t count, struct bored_input_group *groups) {
    for (size_t g = 0; g < count / GROUP; g++) {
        const float *from = x + g * GROUP;
        struct bored_input_group *to = groups + g;
        uint32_t largest = 0;
        for (size_t i = 0; i < GROUP; i++) {
            uint32_t magnitude = bored_bits_of_float(from[i]) & 0x7FFFFFFFu;
            if (magnitude > largest) largest = magnitude;
        }
        memset(to, 0, sizeof *to);
        if (largest < BORED_SMALLEST_BITS) continue;
        if (largest >= BORED_INFINITY_BITS) {
            to->scale = to->weighted = bored_float_of_bits(BORED_NAN_BITS);
            continue;
        }
        float highest = bored_float_of_bits(largest), factor = 127.0f / highest;
        for (size_t i = 0; i < GROUP; i++) {
            // Adding 1.5 * 2^23 rounds to a whole number, ties to even.
            float rounded = (from[i] * factor + BORED_ROUNDING) - BORED_ROUNDING;
            to->quants[i] = (int8_t)rounded;
            to->minus_all -= (int8_t)rounded;
            if (i < GROUP / 2) to->minus_first -= (int8_t)rounded;
        }
        to->scale = highest / 127.0f;
        to->weighted = (float)-to->minus_all * to->scale;
    }
}

/// Goes on with the chain of one output by one group of inputs.
static float chain_group(
    int format, const struct bored_group *weights, const struct bored_input_group *x, float sum) {
    int32_t dots[2] = {0};
    for (size_t i = 0; i < GROUP; i++)
        dots[i / 16] += (weights->quants[i] - weights->offset) * x->quants[i];
    if (format == BORED_Q6_K) {
        sum = __builtin_fmaf((float)dots[0], weights->scales[0] * x->scale, sum);
        return __builtin_fmaf((float)dots[1], weights->scales[1] * x->scale, sum);
    }
    sum = __builtin_fmaf((float)(dots[0] + dots[1]), weights->scales[0] * x->scale, sum);
    if (format == BORED_Q4_K || format == BORED_Q5_K)
        sum = __builtin_fmaf(-weights->minimum, x->weighted, sum);
    return sum;
}

static void multiply_quantized(const struct bored_product *p) {
    for (size_t output = p->panel_begin * BORED_WIDTH;
         output < p->panel_end * BORED_WIDTH && output < p->output_count; output++) {
        const uint8_t *panel = p->panels + output / BORED_WIDTH * p->panel_stride;
        for (size_t row = 0; row < p->row_count; row++) p->y[row * p->y_stride + output] = 0;
        for (size_t index = 0; index < p->input_count / GROUP; index++) {
            struct bored_group weights;
            bored_read_group(p->format, panel, index, output % BORED_WIDTH, &weights);
            for (size_t row = 0; row < p->row_count; row++) {
                float *sum = p->y + row * p->y_stride + output;
                *sum = chain_group(
                    p->format, &weights, p->groups + row * p->group_stride + index, *sum);
            }
        }
    }
}

/// Turns the scores `begin ..< end` into exponentials of their distance to the largest; returns
/// their sum.
static float soften(const struct bored_attention *a, float *scores, size_t begin, size_t end) {
    float highest = -__builtin_inff();
    for (size_t i = begin; i < end; i++) {
        scores[i] = scores[i] * a->scale;
        if (a->cap) scores[i] = soft_cap(scores[i], a->cap);
        if (scores[i] > highest) highest = scores[i];
    }
    float lanes[BORED_LANES] = {0};
    for (size_t i = begin; i < end; i++) {
        scores[i] = exponential(scores[i] - highest);
        lanes[i % BORED_LANES] = lanes[i % BORED_LANES] + scores[i];
    }
    return bored_sum_lanes(lanes);
}

static void attend_one(
    const struct bored_attention *a, const float *query, size_t begin, size_t end,
    float *output) {
    float *scores = a->scratch;
    for (size_t position = begin / BORED_WIDTH * BORED_WIDTH; position < end;
         position += BORED_WIDTH) {
        memset(scores + position, 0, BORED_WIDTH * sizeof(float));
        chain(bored_keys(a, position), query, a->head_size, scores + position);
    }
    float sum = soften(a, scores, begin, end);
    for (size_t first = 0; first < a->head_size; first += BORED_WIDTH) {
        float sums[BORED_WIDTH] = {0};
        for (size_t from = begin, count; from < end; from += count) {
            count = bored_count_together(a, from, end);
            chain(bored_values(a, first, from), scores + from, count, sums);
        }
        for (size_t i = 0; i < BORED_WIDTH && first + i < a->head_size; i++)
            output[first + i] = sums[i] / sum;
    }
}

static void attend(const struct bored_attention *a) {
    for (size_t row = 0; row < a->row_count; row++) {
        size_t end, begin = bored_visible(a, row, &end);
        for (size_t g = 0; g < a->group_count; g++)
            attend_one(
                a, a->query + row * a->query_stride + g * a->head_size, begin, end,
                a->output + row * a->output_stride + g * a->head_size);
    }
}

static void rms_norm(
    const float *x, const float *weight, float epsilon, size_t width, float *y) {
    float lanes[BORED_LANES] = {0};
    for (size_t i = 0; i < width; i++)
        lanes[i % BORED_LANES] = __builtin_fmaf(x[i], x[i], lanes[i % BORED_LANES]);
    float mean = bored_sum_lanes(lanes) / (float)width;
    float scale = 1.0f / __builtin_elementwise_sqrt(mean + epsilon);
    for (size_t i = 0; i < width; i++) y[i] = (x[i] * scale) * weight[i];
}

static void layer_norm(
    const float *x, const float *weight, const float *bias, float epsilon, size_t width,
    float *y) {
    float lanes[BORED_LANES] = {0}, squares[BORED_LANES] = {0};
    for (size_t i = 0; i < width; i++) lanes[i % BORED_LANES] = lanes[i % BORED_LANES] + x[i];
    float mean = bored_sum_lanes(lanes) / (float)width;
    for (size_t i = 0; i < width; i++) {
        float distance = x[i] - mean;
        squares[i % BORED_LANES] =
            __builtin_fmaf(distance, distance, squares[i % BORED_LANES]);
    }
    float variance = bored_sum_lanes(squares) / (float)width;
    float scale = 1.0f / __builtin_elementwise_sqrt(variance + epsilon);
    for (size_t i = 0; i < width; i++)
        y[i] = __builtin_fmaf((x[i] - mean) * scale, weight[i], bias[i]);
}

static void exponential_all(const float *x, size_t count, float *y) {
    for (size_t i = 0; i < count; i++) y[i] = exponential(x[i]);
}

static void activate(
    int function, const float *x, const float *factors, size_t count, float *y) {
    for (size_t i = 0; i < count; i++) {
        float value = function == BORED_SILU ? silu(x[i])
            : function == BORED_GELU_TANH    ? gelu_tanh(x[i])
                                             : gelu_erf(x[i]);
        y[i] = factors ? value * factors[i] : value;
    }
}

static void soft_cap_all(const float *x, float cap, size_t count, float *y) {
    for (size_t i = 0; i < count; i++) y[i] = soft_cap(x[i], cap);
}

static void half_from_float_all(const float *x, size_t count, uint16_t *y) {
    for (size_t i = 0; i < count; i++) y[i] = half_from_float(x[i]);
}

static void float_from_half_all(const uint16_t *x, size_t count, float *y) {
    for (size_t i = 0; i < count; i++) y[i] = float_from_half(x[i]);
}

static uint64_t read_probe(const void *bytes, size_t byte_count) {
    const uint64_t *words = bytes;
    uint64_t mixed = 0;
    for (size_t i = 0; i < byte_count / 8; i++) mixed ^= words[i];
    return mixed;
}

static size_t multiply_probe(int is_quantized, size_t rounds, int32_t *result) {
    enum { SUMS = 8, STEPS = 256 };
    float sums[SUMS] = {0}, weight = (float)*result;
    int32_t dots[SUMS] = {0};
    for (size_t step = 0; step < rounds * STEPS; step++)
        for (int i = 0; i < SUMS; i++) {
            if (is_quantized)
                dots[i] += ((int32_t)step & 63) * (*result & 63);
            else
                sums[i] = __builtin_fmaf(sums[i], weight, (float)step);
        }
    for (int i = 0; i < SUMS; i++) *result ^= dots[i] ^ (int32_t)sums[i];
    return rounds * STEPS * SUMS;
}

const struct bored_kernels bored_scalar_kernels = {
    multiply, multiply_quantized, quantize, attend, rms_norm, layer_norm, exponential_all,
    activate, soft_cap_all, half_from_float_all, float_from_half_all, read_probe,
    multiply_probe,
};
