// Reading panels of quantised weights, on vectors of LANES numbers; part of lanes_quantized.h.
#include "formats.h"

typedef uint32_t lanes_u __attribute__((ext_vector_type(LANES)));
typedef uint32_t loose_u __attribute__((ext_vector_type(LANES), aligned(1), may_alias));
typedef int8_t loose_b __attribute__((ext_vector_type(LANES), aligned(1)));

#define BYTES(value) ((lanes_u)(uint32_t)(0x01010101u * (value)))
#define IS_K(format) ((format) == BORED_Q4_K || (format) == BORED_Q5_K)
/// Scales of a group: Q6_K has one for each half.
#define HALF_COUNT(format) ((format) == BORED_Q6_K ? 2 : 1)

INLINE lanes_u load_words(const uint8_t *bytes) { return *(const loose_u *)bytes; }

INLINE lanes_f load_halves(const uint8_t *bytes) {
    return __builtin_convertvector(*(const loose_h *)bytes, lanes_f);
}

INLINE lanes_f load_floats(lanes_u whole) {
    return __builtin_convertvector((lanes_i)whole, lanes_f);
}

// MARK: reading a panel

/// What a block's groups are scaled by: scales [groups * halves][32] and minima [groups][32], each
/// row `stride` floats from the one before.
INLINE void read_head(
    const int format, const uint8_t *block, const int vectors, float *scales, float *minima,
    size_t stride) {
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
        const uint8_t *words = block + 2 * HALVES + v * 4 * LANES;
        lanes_f d = load_halves(block + v * 2 * LANES);
        scales += v ? LANES : 0;
        if (format == BORED_Q8_0 || format == BORED_Q4_0) {
            STORE(scales, d);
        } else if (format == BORED_Q6_K) {
            const uint8_t *bytes = block + HALVES + v * LANES;
            for (int part = 0; part < 2 * SUPER_GROUPS; part++) {
                lanes_i s = __builtin_convertvector(
                    *(const loose_b *)(bytes + part * BORED_WIDTH), lanes_i);
                STORE(scales + part * stride, d * __builtin_convertvector(s, lanes_f));
            }
        } else {
            minima += v ? LANES : 0;
            lanes_f dmin = load_halves(block + HALVES + v * 2 * LANES);
            lanes_u a = load_words(words), b = load_words(words + WORDS);
            lanes_u c = load_words(words + 2 * WORDS);
            for (int g = 0; g < 4; g++) {
                STORE(scales + g * stride, d * load_floats(a & 63));
                STORE(minima + g * stride, dmin * load_floats(b & 63));
                lanes_u s = (c & 15) | (a >> 2 & 48), m = (c >> 4 & 15) | (b >> 2 & 48);
                STORE(scales + (g + 4) * stride, d * load_floats(s));
                STORE(minima + (g + 4) * stride, dmin * load_floats(m));
                a >>= 8, b >>= 8, c >>= 8;
            }
        }
    }
}

/// The upper bits of a quad's weights, moved to where the lower four end. `bits` for each.
INLINE lanes_u upper_bits(lanes_u word, int position, int bits) {
    lanes_u moved = position < 4 ? word << (4 - position) : word >> (position - 4);
    return moved & BYTES(bits == 1 ? 0x10 : 0x30);
}

/// The weights of quads 2 * pair and 2 * pair + 1 of a group, for vector v of the panel.
INLINE void read_quads(
    const int format, const uint8_t *group, const int pair, const int v, lanes_u *even,
    lanes_u *odd) {
    const uint8_t *from = group + v * 4 * LANES;
    if (format == BORED_Q8_0) {
        *even = load_words(from + 2 * pair * WORDS) ^ BYTES(BYTES_OFFSET);
        *odd = load_words(from + (2 * pair + 1) * WORDS) ^ BYTES(BYTES_OFFSET);
        return;
    }
    lanes_u both = load_words(from + pair * WORDS);
    *even = both & BYTES(0x0F);
    *odd = both >> 4 & BYTES(0x0F);
    if (format == BORED_Q5_K) {
        lanes_u high = load_words(from + NIBBLES);
        *even |= upper_bits(high, 2 * pair, 1);
        *odd |= upper_bits(high, 2 * pair + 1, 1);
    } else if (format == BORED_Q6_K) {
        lanes_u high = load_words(from + NIBBLES + pair / 2 * WORDS);
        *even |= upper_bits(high, pair % 2 * 4, 2);
        *odd |= upper_bits(high, pair % 2 * 4 + 2, 2);
    }
}
