// Runs every kernel at every level of this machine on the same numbers and prints a digest of all
// the bits that came out, one line a level. Exits with 1 when the levels differ.
#include "CKernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static uint64_t next(void) {
    uint64_t mixed = state += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    return mixed ^ mixed >> 31;
}

static float *numbers(size_t count) {
    float *all = bored_allocate(count * sizeof(float));
    for (size_t i = 0; i < count; i++)
        all[i] = (float)((int64_t)(next() % 2000001) - 1000000) / 500000.0f;
    return all;
}

static uint64_t digest;

static void absorb(const void *bytes, size_t count) {
    const unsigned char *cursor = bytes;
    for (size_t i = 0; i < count; i++) digest = (digest ^ cursor[i]) * 0x100000001B3u;
}

/// In one to three streams, and what they leave.
static void multiply(int level, struct bored_product *p) {
    size_t end = p->panel_end, streams = 1 + next() % 3;
    size_t distance = p->output_count / 32 / streams;
    p->stream_count = streams;
    p->stream_distance = distance;
    p->panel_end = distance;
    bored_multiply(level, p);
    p->stream_count = 1;
    p->panel_begin = streams * distance;
    p->panel_end = end;
    bored_multiply(level, p);
}

static void products(int level) {
    for (int round = 0; round < 40; round++) {
        size_t n = 1 + next() % 200, k = 1 + next() % 400, rows = 1 + next() % 15;
        size_t panels = (n + 31) / 32, count = panels * 32 * k;
        float *x = numbers(rows * k), *w = numbers(count), *y = bored_allocate(rows * n * 4);
        uint16_t *halves = bored_allocate(count * 2);
        bored_half_from_float(level, w, count, halves);
        struct bored_product p = {
            BORED_FLOAT16, (uint8_t *)halves, 64 * k, 0, panels, n, k, x, k, NULL, 0, rows, y, n,
            1, 0,
        };
        multiply(level, &p);
        absorb(y, rows * n * 4);
        bored_free(x, rows * k * 4);
        bored_free(w, count * 4);
        bored_free(y, rows * n * 4);
        bored_free(halves, count * 2);
    }
}

static void quantized_products(int level) {
    for (int round = 0; round < 60; round++) {
        int format = BORED_Q8_0 + round % (BORED_FORMAT_COUNT - 1);
        size_t blocks = 1 + next() % 4, k = blocks * bored_block_inputs(format);
        size_t n = 1 + next() % 100, rows = 1 + next() % 15, panels = (n + 31) / 32;
        size_t count = panels * bored_panel_bytes(format, k), stride = bored_group_stride(k);
        size_t size = bored_block_bytes(format), group_bytes = sizeof(struct bored_input_group);
        float *x = numbers(rows * k), *y = bored_allocate(rows * n * 4);
        uint8_t *weights = bored_allocate(n * blocks * size), *packed = bored_allocate(count);
        struct bored_input_group *groups = bored_allocate(rows * stride * group_bytes);
        for (size_t i = 0; i < n * blocks * size; i++) weights[i] = (uint8_t)next();
        for (size_t i = 0; i < n * blocks; i++) {
            // Scales of about 1/64, wherever the format has them.
            uint8_t *block = weights + i * size + (format == BORED_Q6_K ? 208 : 0);
            block[1] = 0x24;
            if (format == BORED_Q4_K || format == BORED_Q5_K) block[3] = 0x23;
        }
        bored_pack(format, weights, 0, n, k, packed);
        for (size_t r = 0; r < rows; r++)
            bored_quantize(level, x + r * k, k, groups + r * stride);
        struct bored_product p = {
            format, packed, bored_panel_bytes(format, k), 0, panels, n, k, x, k, groups, stride,
            rows, y, n, 1, 0,
        };
        multiply(level, &p);
        absorb(y, rows * n * 4);
        bored_free(x, rows * k * 4);
        bored_free(y, rows * n * 4);
        bored_free(weights, n * blocks * size);
        bored_free(packed, count);
        bored_free(groups, rows * stride * group_bytes);
    }
}

static void attention(int level) {
    for (int round = 0; round < 20; round++) {
        size_t rows = 1 + next() % 8, groups = 1 + next() % 5, size = 1 + next() % 80;
        size_t before = next() % 100, capacity = 128, padded = (size + 31) / 32 * 32;
        float *key = numbers(size * 108), *value = numbers(size * 108);
        float *query = numbers(rows * groups * size), *output = numbers(rows * groups * size);
        size_t scratch_bytes = 4 * bored_attention_scratch(rows, groups, size, capacity);
        float *scratch = bored_allocate(scratch_bytes);
        size_t page_bytes = (size + padded) * capacity * 2;
        uint16_t *page = bored_allocate(page_bytes), *values = page + size * capacity;
        for (size_t i = 0; i < before + rows; i++)
            bored_cache_append(
                level, key + i * size, value + i * size, size, i, capacity, page, values);
        struct bored_page pages[] = {{page, values}};
        struct bored_attention a = {
            .query = query, .query_stride = groups * size, .row_count = rows,
            .group_count = groups, .head_size = size, .pages = pages, .page_size = capacity,
            .run_size = capacity, .capacity = capacity, .length = before + 1,
            .window = round % 3 ? 0 : 1 + next() % 60, .scale = 0.25f,
            .cap = round % 2 ? 0.0f : 2.0f, .scratch = scratch, .output = output,
            .output_stride = groups * size,
        };
        bored_attend(level, &a);
        absorb(output, rows * groups * size * 4);
        bored_free(key, size * 108 * 4);
        bored_free(value, size * 108 * 4);
        bored_free(query, rows * groups * size * 4);
        bored_free(output, rows * groups * size * 4);
        bored_free(scratch, scratch_bytes);
        bored_free(page, page_bytes);
    }
}

static void functions(int level) {
    enum { COUNT = 65536 };
    static float x[COUNT], up[COUNT], y[COUNT];
    static uint16_t halves[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        halves[i] = (uint16_t)i;
        uint32_t bits = (uint32_t)next();
        // NaN payloads are outside the promise.
        if ((bits & 0x7F800000u) == 0x7F800000u) bits &= 0xFF800000u;
        memcpy(&x[i], &bits, 4);
        if (i % 2) x[i] = (float)((int64_t)(next() % 2000001) - 1000000) / 9000.0f;
        up[i] = (float)(i % 17) - 8.0f;
    }
    for (size_t count = COUNT - 20; count < COUNT; count++) {
        bored_exponential(level, x, count, y);
        absorb(y, count * 4);
    }
    for (int function = BORED_SILU; function <= BORED_GELU_ERF; function++) {
        bored_activate(level, function, x, NULL, COUNT, y);
        for (size_t i = 0; i < COUNT; i++)
            if (y[i] == y[i]) absorb(&y[i], 4);
        bored_activate(level, function, up, up, COUNT - 3, y);
        absorb(y, (COUNT - 3) * 4);
    }
    bored_soft_cap(level, up, 3.0f, COUNT - 5, y);
    absorb(y, (COUNT - 5) * 4);
    bored_float_from_half(level, halves, COUNT, y);
    absorb(y, sizeof y);
    bored_half_from_float(level, x, COUNT, halves);
    absorb(halves, sizeof halves);
    for (size_t width = 1; width < 100; width++) {
        bored_rms_norm(level, up, up + 1, 1e-5f, width, y);
        absorb(y, width * 4);
        bored_layer_norm(level, up, up + 1, up + 2, 1e-5f, width, y);
        absorb(y, width * 4);
    }
    for (size_t i = 0; i < 2000; i++) {
        double sine, cosine, power = bored_power(10000.0, -(double)i / 2000.0);
        bored_sine_cosine((double)i * 3.7 * power, &sine, &cosine);
        absorb(&sine, 8);
        absorb(&cosine, 8);
        absorb(&power, 8);
    }
    for (size_t i = 0; i < COUNT; i++) x[i] = up[i] * 0.37f;
    bored_rotate_neighbours(x, up, 1000);
    bored_rotate_halves(x, up, 1000);
    bored_add(up, COUNT, x);
    absorb(x, sizeof x);
    absorb(&digest, (size_t)(bored_read_probe(level, x, sizeof x) & 7));
}

int main(void) {
    static const char *const names[] = {"scalar", "avx2", "avx512", "neon"};
    uint64_t first = 0;
    int differ = 0;
    for (int level = BORED_SCALAR; level <= BORED_NEON; level++) {
        if (!bored_level_supported(level)) continue;
        state = 1;
        digest = 0xCBF29CE484222325u;
        products(level);
        quantized_products(level);
        attention(level);
        functions(level);
        printf("%s %016llx\n", names[level], (unsigned long long)digest);
        if (level == BORED_SCALAR) first = digest;
        differ |= digest != first;
    }
    return differ;
}
