#pragma once
/// The arithmetic of `exact-1` (Protocol.md): every function here gives the same bits
/// at every level, on every CPU. Half-precision numbers travel as their 16 bits.
#include <stddef.h>
#include <stdint.h>

enum {
    BORED_SCALAR = 0,
    BORED_AVX2 = 1,
    BORED_AVX512 = 2,
    BORED_NEON = 3,
    /// Outputs in one panel of weights, and positions in one block of cached keys.
    BORED_PANEL_WIDTH = 32,
};

/// 1 where this machine can run `level`, else 0.
int bored_level_supported(int level);
/// The fastest supported level.
int bored_level_detected(void);

/// `byte_count` zeroed bytes, 64-byte aligned; large ones 2 MiB aligned, with huge pages asked for.
/// Null when the system has no memory.
void *bored_allocate(size_t byte_count);
void bored_free(void *memory, size_t byte_count);

/// Rows of x times a panel matrix. `panel_stride` is in halves; `output_count` is that of the whole
/// matrix, so that the last panel's padding is not written. Panels `panel_begin..<panel_end` only.
struct bored_product {
    const uint16_t *panels;
    size_t panel_stride, panel_begin, panel_end;
    size_t output_count, input_count;
    const float *x;
    size_t x_stride, row_count;
    float *y;
    size_t y_stride;
};
void bored_multiply(int level, const struct bored_product *product);

/// Attention of `group_count` query heads over one cached head, for `row_count` neighbouring
/// positions: row r sees the first `length + r` positions.
///
/// The cache lies in pages of `page_size` positions, a multiple of 32. In each of them, the head's
/// keys begin at `keys` and its values at `values`, counted in halves from the page's beginning.
struct bored_attention {
    const float *query;  // row r, head g at r * query_stride + g * head_size
    size_t query_stride, row_count, group_count, head_size;
    const uint16_t *const *pages;
    size_t page_size;
    size_t keys;    // [page_size / 32][head_size][32]
    size_t values;  // [head_size / 32][page_size][32]
    size_t capacity, length;  // capacity: what the scratch was made for
    float scale;
    float *scratch;  // bored_attention_scratch floats
    float *output;   // as query
    size_t output_stride;
};
void bored_attend(int level, const struct bored_attention *attention);
/// Floats of scratch that one call of `bored_attend` needs.
size_t bored_attention_scratch(
    size_t row_count, size_t group_count, size_t head_size, size_t capacity);

/// Puts one head's key and value (head_size floats each) at `position` of a page.
void bored_cache_append(
    const float *key, const float *value, size_t head_size, size_t position, size_t page_size,
    uint16_t *keys, uint16_t *values);

void bored_rms_norm(
    int level, const float *x, const float *weight, float epsilon, size_t width, float *y);
void bored_exponential(int level, const float *x, size_t count, float *y);
void bored_silu(int level, const float *x, size_t count, float *y);
void bored_swiglu(int level, const float *gate, const float *up, size_t count, float *y);
/// y += x
void bored_add(const float *x, size_t count, float *y);

/// Turns pairs of one head in place; `table` holds cosine, sine for each pair.
void bored_rotate_neighbours(float *head, const float *table, size_t pair_count);
void bored_rotate_halves(float *head, const float *table, size_t pair_count);

void bored_half_from_float(int level, const float *x, size_t count, uint16_t *y);
void bored_float_from_half(int level, const uint16_t *x, size_t count, float *y);
void bored_float_from_bfloat16(const uint16_t *x, size_t count, float *y);

/// Writes `row_count` rows, the first of which is output `first_output`, into panels.
void bored_pack(
    const uint16_t *rows, size_t first_output, size_t row_count, size_t input_count,
    uint16_t *panels);
/// One row (an output's weights) back out of the panels, as Float32.
void bored_unpack_row(const uint16_t *panels, size_t input_count, size_t output, float *y);

/// Double arithmetic for tables made once.
void bored_sine_cosine(double angle, double *sine, double *cosine);
double bored_power(double base, double exponent);

/// Reads every byte once and returns a value that depends on all of them.
uint64_t bored_read_probe(int level, const void *bytes, size_t byte_count);
