// How weights of each format lie in panels (Protocol.md, exact-1, "Panels").
#include "formats.h"

size_t bored_block_inputs(int format) { return bored_shapes[format].block_inputs; }
size_t bored_block_bytes(int format) { return bored_shapes[format].block_bytes; }

size_t bored_panel_bytes(int format, size_t input_count) {
    const struct bored_shape *shape = &bored_shapes[format];
    return input_count / shape->block_inputs * shape->block_bytes * BORED_WIDTH;
}

static uint16_t half_at(const uint8_t *bytes) { return bytes[0] | (uint16_t)bytes[1] << 8; }

static uint32_t word_at(const uint8_t *bytes) {
    return half_at(bytes) | (uint32_t)half_at(bytes + 2) << 16;
}

static float float_at(const uint8_t *bytes) {
    uint16_t half = half_at(bytes);
    float value;
    bored_scalar_kernels.float_from_half(&half, 1, &value);
    return value;
}

// MARK: from GGML's blocks

/// Where a group's byte for input i = 4 * quad + j lies among bytes of [quad][32][4].
static size_t place(size_t i, size_t lane) { return i / 4 * WORDS + lane * 4 + i % 4; }

static void set_nibble(uint8_t *group, size_t i, size_t lane, unsigned value) {
    // Two quads share a byte: the even one takes the low half.
    size_t quad = i / 4;
    group[place(quad / 2 * 4 + i % 4, lane)] |= (uint8_t)(value << (quad % 2 * 4));
}

static void pack_nibbles(
    const uint8_t *quants, size_t group_index, size_t lane, uint8_t *group) {
    // GGML's 64 inputs take 32 bytes, the first 32 of them in the low halves.
    const uint8_t *bytes = quants + group_index / 2 * 32;
    for (size_t i = 0; i < GROUP; i++)
        set_nibble(group, i, lane, bytes[i] >> (group_index % 2 * 4) & 15u);
}

static void pack_q8(const uint8_t *block, size_t lane, uint8_t *target) {
    memcpy(target + 2 * lane, block, 2);
    for (size_t i = 0; i < GROUP; i++) target[HALVES + place(i, lane)] = block[2 + i];
}

static void pack_q4(const uint8_t *block, size_t lane, uint8_t *target) {
    memcpy(target + 2 * lane, block, 2);
    for (size_t i = 0; i < GROUP; i++)
        set_nibble(target + HALVES, i, lane, block[2 + i % 16] >> (i / 16 * 4) & 15u);
}

static void pack_q4_k(const uint8_t *block, size_t lane, uint8_t *target, int has_high_bits) {
    memcpy(target + 2 * lane, block, 2);
    memcpy(target + HALVES + 2 * lane, block + 2, 2);
    for (size_t word = 0; word < 3; word++)
        memcpy(target + 2 * HALVES + word * WORDS + 4 * lane, block + 4 + 4 * word, 4);
    const uint8_t *high = block + 16, *quants = has_high_bits ? block + 48 : high;
    const struct bored_shape *shape = &bored_shapes[has_high_bits ? BORED_Q5_K : BORED_Q4_K];
    for (size_t g = 0; g < 8; g++) {
        uint8_t *group = target + shape->head_bytes + g * shape->group_bytes;
        pack_nibbles(quants, g, lane, group);
        if (!has_high_bits) continue;
        for (size_t i = 0; i < GROUP; i++)
            group[NIBBLES + 4 * lane + i % 4] |= (uint8_t)((high[i] >> g & 1u) << i / 4);
    }
}

static void pack_q6_k(const uint8_t *block, size_t lane, uint8_t *target) {
    memcpy(target + 2 * lane, block + 208, 2);
    for (size_t part = 0; part < 16; part++)
        target[HALVES + part * BORED_WIDTH + lane] = block[192 + part];
    const struct bored_shape *shape = &bored_shapes[BORED_Q6_K];
    for (size_t g = 0; g < 8; g++) {
        uint8_t *group = target + shape->head_bytes + g * shape->group_bytes;
        for (size_t i = 0; i < GROUP; i++) {
            unsigned low = block[g / 4 * 64 + g % 2 * 32 + i] >> (g % 4 / 2 * 4) & 15u;
            unsigned high = block[128 + g / 4 * 32 + i] >> (g % 4 * 2) & 3u;
            set_nibble(group, i, lane, low);
            size_t quad = i / 4;
            group[NIBBLES + quad / 4 * WORDS + 4 * lane + i % 4] |=
                (uint8_t)(high << quad % 4 * 2);
        }
    }
}

/// Halves, some inputs of all rows at a time: their lines stay in the first-level cache.
static void pack_halves(
    const uint8_t *rows, size_t first_output, size_t row_count, size_t input_count,
    uint8_t *panels) {
    enum { TOGETHER = 64 };
    for (size_t start = 0; start < input_count; start += TOGETHER) {
        size_t end = start + TOGETHER < input_count ? start + TOGETHER : input_count;
        for (size_t row = 0; row < row_count; row++) {
            size_t output = first_output + row;
            uint8_t *target = panels + 2 * (output % BORED_WIDTH)
                + output / BORED_WIDTH * bored_panel_bytes(BORED_FLOAT16, input_count);
            for (size_t i = start; i < end; i++)
                memcpy(target + 2 * i * BORED_WIDTH, rows + 2 * (row * input_count + i), 2);
        }
    }
}

void bored_pack(
    int format, const uint8_t *rows, size_t first_output, size_t row_count, size_t input_count,
    uint8_t *panels) {
    const struct bored_shape *shape = &bored_shapes[format];
    size_t blocks = input_count / shape->block_inputs;
    if (format == BORED_FLOAT16) {
        pack_halves(rows, first_output, row_count, input_count, panels);
        return;
    }
    for (size_t row = 0; row < row_count; row++) {
        size_t output = first_output + row, lane = output % BORED_WIDTH;
        uint8_t *panel = panels + output / BORED_WIDTH * bored_panel_bytes(format, input_count);
        for (size_t i = 0; i < blocks; i++) {
            const uint8_t *block = rows + (row * blocks + i) * shape->block_bytes;
            uint8_t *target = panel + i * shape->block_bytes * BORED_WIDTH;
            switch (format) {
            case BORED_Q8_0: pack_q8(block, lane, target); break;
            case BORED_Q4_0: pack_q4(block, lane, target); break;
            case BORED_Q4_K: pack_q4_k(block, lane, target, 0); break;
            case BORED_Q5_K: pack_q4_k(block, lane, target, 1); break;
            default: pack_q6_k(block, lane, target); break;
            }
        }
    }
}

// MARK: out of panels

/// The scale of 32 inputs and their minimum, whole numbers of 6 bits (GGML's packing of Q4_K).
static void read_six_bits(const uint8_t *words, size_t g, unsigned *scale, unsigned *minimum) {
    uint32_t a = word_at(words), b = word_at(words + WORDS), c = word_at(words + 2 * WORDS);
    size_t shift = g % 4 * 8;
    if (g < 4) {
        *scale = a >> shift & 63u;
        *minimum = b >> shift & 63u;
    } else {
        *scale = (c >> shift & 15u) | (a >> (shift + 6) & 3u) << 4;
        *minimum = (c >> (shift + 4) & 15u) | (b >> (shift + 6) & 3u) << 4;
    }
}

void bored_read_group(
    int format, const uint8_t *panel, size_t index, size_t lane, struct bored_group *out) {
    const struct bored_shape *shape = &bored_shapes[format];
    size_t per_block = shape->block_inputs / GROUP, g = index % per_block;
    const uint8_t *block = panel + index / per_block * shape->block_bytes * BORED_WIDTH;
    const uint8_t *group = block + shape->head_bytes + g * shape->group_bytes;
    float scale = float_at(block + 2 * lane);
    out->scales[0] = out->scales[1] = scale;
    out->minimum = 0;
    out->offset = format == BORED_Q4_0 ? 8 : format == BORED_Q6_K ? 32 : 0;
    if (format == BORED_Q8_0) {
        for (size_t i = 0; i < GROUP; i++) out->quants[i] = (int8_t)group[place(i, lane)];
        return;
    }
    for (size_t i = 0; i < GROUP; i++) {
        size_t quad = i / 4;
        unsigned q = group[place(quad / 2 * 4 + i % 4, lane)] >> (quad % 2 * 4) & 15u;
        const uint8_t *high = group + NIBBLES + 4 * lane + i % 4;
        if (format == BORED_Q5_K) q |= (*high >> quad & 1u) << 4;
        if (format == BORED_Q6_K) q |= (high[quad / 4 * WORDS] >> quad % 4 * 2 & 3u) << 4;
        out->quants[i] = (int8_t)q;
    }
    if (format == BORED_Q6_K) {
        for (size_t half = 0; half < 2; half++) {
            uint8_t byte = block[HALVES + (2 * g + half) * BORED_WIDTH + lane];
            out->scales[half] = scale * (float)(int8_t)byte;
        }
    } else if (format != BORED_Q4_0) {
        unsigned whole, minimum;
        read_six_bits(block + 2 * HALVES + 4 * lane, g, &whole, &minimum);
        out->scales[0] = out->scales[1] = scale * (float)whole;
        out->minimum = float_at(block + HALVES + 2 * lane) * (float)minimum;
    }
}

void bored_unpack_row(
    int format, const uint8_t *panels, size_t input_count, size_t output, float *y) {
    const uint8_t *panel = panels + output / BORED_WIDTH * bored_panel_bytes(format, input_count);
    size_t lane = output % BORED_WIDTH;
    if (format == BORED_FLOAT16) {
        for (size_t i = 0; i < input_count; i++) y[i] = float_at(panel + i * HALVES + 2 * lane);
        return;
    }
    for (size_t index = 0; index < input_count / GROUP; index++) {
        struct bored_group group;
        bored_read_group(format, panel, index, lane, &group);
        for (size_t i = 0; i < GROUP; i++) {
            float scaled = group.scales[i / (GROUP / 2)] * (float)(group.quants[i] - group.offset);
            y[index * GROUP + i] = scaled - group.minimum;
        }
    }
}
