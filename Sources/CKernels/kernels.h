#pragma once
// Shared by the levels, invisible to Swift.
#include "CKernels.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

#define BORED_WIDTH BORED_PANEL_WIDTH
/// Partial sums in every reduction: lane j takes the elements whose index is j modulo 16.
#define BORED_LANES 16

/// What a level implements; the rest is the same C for all.
struct bored_kernels {
    void (*multiply)(const struct bored_product *product);
    void (*multiply_quantized)(const struct bored_product *product);
    void (*quantize)(const float *x, size_t count, struct bored_input_group *groups);
    void (*attend)(const struct bored_attention *attention);
    void (*rms_norm)(
        const float *x, const float *weight, float epsilon, size_t width, float *y);
    void (*layer_norm)(
        const float *x, const float *weight, const float *bias, float epsilon, size_t width,
        float *y);
    void (*exponential)(const float *x, size_t count, float *y);
    /// y = function(x) * factors, or function(x) where these are null.
    void (*activate)(
        int function, const float *x, const float *factors, size_t count, float *y);
    void (*soft_cap)(const float *x, float cap, size_t count, float *y);
    void (*half_from_float)(const float *x, size_t count, uint16_t *y);
    void (*float_from_half)(const uint16_t *x, size_t count, float *y);
    uint64_t (*read_probe)(const void *bytes, size_t byte_count);
    size_t (*multiply_probe)(int is_quantized, size_t rounds, int32_t *result);
};

/// One output's weights of 32 inputs: (quant - offset) * scale of its half - minimum.
struct bored_group {
    int8_t quants[BORED_GROUP];
    int offset;
    float scales[2], minimum;
};
/// Reads group `index` of an output out of a quantised panel.
void bored_read_group(
    int format, const uint8_t *panel, size_t index, size_t lane, struct bored_group *group);

extern const struct bored_kernels bored_scalar_kernels;
extern const struct bored_kernels bored_avx2_kernels;
extern const struct bored_kernels bored_avx512_kernels;
extern const struct bored_kernels bored_neon_kernels;

// Rounding rows to 8 bits: groups whose largest magnitude is below 2^-100 are zero.
#define BORED_SMALLEST_BITS 0x0D800000u
#define BORED_INFINITY_BITS 0x7F800000u
#define BORED_NAN_BITS 0x7FC00000u

// exp: constants of Protocol.md.
#define BORED_EXP_HIGHEST 0x1.64p6f
#define BORED_EXP_LOWEST -0x1.ap6f
#define BORED_LOG2_E 0x1.715476p0f
#define BORED_LN2_HIGH 0x1.62e4p-1f
#define BORED_LN2_LOW 0x1.7f7d1cp-20f
#define BORED_ROUNDING 0x1.8p23f
#define BORED_EXP_2 0x1.fffffcp-2f
#define BORED_EXP_3 0x1.555492p-3f
#define BORED_EXP_4 0x1.5558aep-5f
#define BORED_EXP_5 0x1.12397cp-7f
#define BORED_EXP_6 0x1.6a4f48p-10f

// GELU by tanh: twice sqrt(2 / pi), and that times 0.044715, both negative.
#define BORED_GELU_1 -0x1.988454p0f
#define BORED_GELU_3 -0x1.2444f2p-4f
// GELU by erf: 1 / sqrt(2), then exp(z^2) erfc(z) = t (ERF_0 + ERF_1 t + ...), t = 1 / (1 + 0.3 z).
#define BORED_ROOT_HALF 0x1.6a09e6p-1f
#define BORED_ERF_STEP 0x1.333334p-2f
#define BORED_ERF_0 0x1.5a7f3ep-3f
#define BORED_ERF_1 0x1.5d9ffp-3f
#define BORED_ERF_2 0x1.2fcc82p-3f
#define BORED_ERF_3 0x1.b82af6p-3f
#define BORED_ERF_4 -0x1.83af92p-4f
#define BORED_ERF_5 0x1.186e96p-1f
#define BORED_ERF_6 -0x1.064926p-1f
#define BORED_ERF_7 0x1.f1374ep-2f
#define BORED_ERF_8 -0x1.09433cp-3f

static inline float bored_float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t bored_bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/// The reduction tree over the sixteen partial sums: distance 8, 4, 2, 1.
static inline float bored_sum_lanes(const float *lanes) {
    float sums[BORED_LANES];
    memcpy(sums, lanes, sizeof sums);
    for (size_t distance = BORED_LANES / 2; distance > 0; distance /= 2)
        for (size_t lane = 0; lane < distance; lane++)
            sums[lane] = sums[lane] + sums[lane + distance];
    return sums[0];
}

/// The panel of keys of 32 positions, the first of which is `position`.
static inline const uint16_t *bored_keys(const struct bored_attention *a, size_t position) {
    return a->pages[position / a->page_size].keys + a->head
        + position % a->page_size * a->head_size;
}

/// The values from `position` to the end of its page, of the 32 outputs that begin with `first`.
static inline const uint16_t *bored_values(
    const struct bored_attention *a, size_t first, size_t position) {
    return a->pages[position / a->page_size].values + a->head + first * a->run_size
        + position % a->page_size * BORED_WIDTH;
}

/// The positions that row `row` sees: from the one returned to `*end`, exclusive.
static inline size_t bored_visible(const struct bored_attention *a, size_t row, size_t *end) {
    *end = a->length + (a->sees_all ? 0 : row);
    return a->window && *end > a->window ? *end - a->window : 0;
}

/// How many of the positions `from ..< to` have their values behind each other: those of the first
/// one's page, and of pages that follow in the same run.
static inline size_t bored_count_together(
    const struct bored_attention *a, size_t from, size_t to) {
    const struct bored_page *page = a->pages + from / a->page_size;
    size_t count = a->page_size - from % a->page_size;
    for (; count < to - from; count += a->page_size, page++)
        if (page[1].values != page[0].values + a->page_size * BORED_WIDTH) return count;
    return to - from;
}

static inline size_t bored_round_up(size_t count, size_t multiple) {
    return (count + multiple - 1) / multiple * multiple;
}
