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
    /// Inputs that share a scale in rows rounded to 8 bits.
    BORED_GROUP = 32,
};

/// How weights are stored. All but the first are GGML's types of that name.
enum {
    BORED_FLOAT16 = 0,
    BORED_Q8_0 = 1,
    BORED_Q4_0 = 2,
    BORED_Q4_K = 3,
    BORED_Q5_K = 4,
    BORED_Q6_K = 5,
    BORED_FORMAT_COUNT = 6,
};
/// Inputs that one block of a row holds, and its bytes.
size_t bored_block_inputs(int format);
size_t bored_block_bytes(int format);
/// Bytes of a panel of 32 outputs.
size_t bored_panel_bytes(int format, size_t input_count);

/// 1 where this machine can run `level`, else 0.
int bored_level_supported(int level);
/// The fastest supported level.
int bored_level_detected(void);

/// `byte_count` zeroed bytes, 64-byte aligned; large ones 2 MiB aligned, with huge pages asked for.
/// Null when the system has no memory.
void *bored_allocate(size_t byte_count);
void bored_free(void *memory, size_t byte_count);
/// Zeroed bytes that take memory only where they are touched, in small pages. Null when the system
/// has no room.
void *bored_reserve(size_t byte_count);
void bored_release(void *memory, size_t byte_count);
/// Gives back the memory of whole pages within a stretch, which reads as zeros then.
void bored_discard(void *memory, size_t byte_count);

/// 32 numbers of a row, rounded to 8 bits: about quants[i] * scale.
struct bored_input_group {
    int8_t quants[BORED_GROUP];
    float scale;
    /// The sum of all quants times the scale.
    float weighted;
    /// Minus the sums of all quants and of the first 16: what an offset of the weights takes away.
    int32_t minus_all, minus_first;
};
/// Groups from one row to the next.
size_t bored_group_stride(size_t input_count);
/// `count` numbers of one row, a multiple of 32.
void bored_quantize(int level, const float *x, size_t count, struct bored_input_group *groups);
/// What rounding left: y = x - quants * scale, for `count` numbers of one row.
void bored_quantize_rest(
    const float *x, const struct bored_input_group *groups, size_t count, float *y);

/// Rows times a panel matrix. `panel_stride` is in bytes; `output_count` is that of the whole
/// matrix, so that the last panel's padding is not written. Panels `panel_begin..<panel_end` only,
/// or, where `stream_count` is above 1, as many whole panels in each of so many streams, each
/// `stream_distance` panels behind the one before: a row reads them side by side, each stream on
/// from where the part of the product before this one left it.
/// Weights of Float16 read `x`, others read `groups`.
struct bored_product {
    int format;
    const uint8_t *panels;
    size_t panel_stride, panel_begin, panel_end;
    size_t output_count, input_count;
    const float *x;
    size_t x_stride;
    const struct bored_input_group *groups;
    size_t group_stride;
    size_t row_count;
    float *y;
    size_t y_stride;
    size_t stream_count, stream_distance;
};
void bored_multiply(int level, const struct bored_product *product);

/// Attention of `group_count` query heads over one cached head, for `row_count` neighbouring
/// positions: row r sees the first `length + r` positions, or `length` of them where it sees all;
/// of these only the last `window`, unless that is 0. Scores are capped softly unless `cap` is 0.
///
/// The cache lies in pages of `page_size` positions, a multiple of 32. The head is `head` halves
/// behind what the table says of each.
struct bored_page {
    const uint16_t *keys;    // [page_size / 32][head_size][32]
    const uint16_t *values;  // [head_size / 32][run_size][32], of which page_size positions
};
struct bored_attention {
    const float *query;  // row r, head g at r * query_stride + g * head_size
    size_t query_stride, row_count, group_count, head_size;
    const struct bored_page *pages;
    size_t page_size, run_size, head;
    size_t capacity, length;  // capacity: what the scratch was made for
    int sees_all;
    size_t window;
    float scale, cap;
    float *scratch;  // bored_attention_scratch floats
    float *output;   // as query
    size_t output_stride;
};
void bored_attend(int level, const struct bored_attention *attention);
/// Floats of scratch that one call of `bored_attend` needs.
size_t bored_attention_scratch(
    size_t row_count, size_t group_count, size_t head_size, size_t capacity);

/// Puts one head's key and value (head_size floats each) at `position` of a page, in which the
/// head's keys and values begin at these places.
void bored_cache_append(
    int level, const float *key, const float *value, size_t head_size, size_t position,
    size_t run_size, uint16_t *keys, uint16_t *values);

void bored_rms_norm(
    int level, const float *x, const float *weight, float epsilon, size_t width, float *y);
void bored_exponential(int level, const float *x, size_t count, float *y);
void bored_layer_norm(
    int level, const float *x, const float *weight, const float *bias, float epsilon,
    size_t width, float *y);
enum {
    BORED_SILU = 0,
    BORED_GELU_TANH = 1,
    BORED_GELU_ERF = 2,
};
/// y = function(x) * factors, or function(x) where these are null.
void bored_activate(
    int level, int function, const float *x, const float *factors, size_t count, float *y);
/// y = cap * tanh(x / cap)
void bored_soft_cap(int level, const float *x, float cap, size_t count, float *y);
/// y = the Float16 nearest to x, rest = x - y.
void bored_split_half(int level, const float *x, size_t count, float *y, float *rest);
/// z = x + y
void bored_sum(const float *x, const float *y, size_t count, float *z);
/// y += x
void bored_add(const float *x, size_t count, float *y);
/// x *= factor
void bored_scale(float factor, size_t count, float *x);

/// Turns pairs of one head in place; `table` holds cosine, sine for each pair.
void bored_rotate_neighbours(float *head, const float *table, size_t pair_count);
void bored_rotate_halves(float *head, const float *table, size_t pair_count);

void bored_half_from_float(int level, const float *x, size_t count, uint16_t *y);
void bored_float_from_half(int level, const uint16_t *x, size_t count, float *y);

/// Writes `row_count` rows of blocks, the first of which is output `first_output`, into zeroed
/// panels.
void bored_pack(
    int format, const uint8_t *rows, size_t first_output, size_t row_count, size_t input_count,
    uint8_t *panels);
/// One row (an output's weights) back out of the panels, as Float32.
void bored_unpack_row(
    int format, const uint8_t *panels, size_t input_count, size_t output, float *y);

/// Double arithmetic for tables made once.
void bored_sine_cosine(double angle, double *sine, double *cosine);
double bored_power(double base, double exponent);

/// Reads every byte once and returns a value that depends on all of them.
uint64_t bored_read_probe(int level, const void *bytes, size_t byte_count);
/// Multiplies and adds out of registers, as products with such weights do: returns how often. Timed
/// by the caller, it tells the most that a product can reach. `*result` keeps it from being left
/// out.
size_t bored_multiply_probe(int level, int is_quantized, size_t rounds, int32_t *result);
