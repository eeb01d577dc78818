#pragma once
// Sizes of the quantised formats in panels (Protocol.md, exact-1, "Panels").
#include "kernels.h"

struct bored_shape {
    /// Inputs and bytes of one output's block, as GGML has them.
    size_t block_inputs, block_bytes;
    /// In a panel: bytes before the groups of a block, and bytes of each group.
    size_t head_bytes, group_bytes;
};

enum {
    GROUP = BORED_GROUP,
    SUPER_GROUPS = 8,
    SUPER = SUPER_GROUPS * GROUP,
    /// Inputs in a quad, and quads in a group.
    QUAD = 4,
    QUADS = GROUP / QUAD,
    /// Bytes of a panel's 32 halves, of its 32 words, and of a group's lower four bits.
    HALVES = 2 * BORED_WIDTH,
    WORDS = 4 * BORED_WIDTH,
    NIBBLES = 4 * WORDS,
};

static const struct bored_shape bored_shapes[BORED_FORMAT_COUNT] = {
    [BORED_FLOAT16] = {1, 2, 0, 0},
    [BORED_Q8_0] = {GROUP, 34, HALVES, 8 * WORDS},
    [BORED_Q4_0] = {GROUP, 18, HALVES, NIBBLES},
    [BORED_Q4_K] = {SUPER, 144, 2 * HALVES + 3 * WORDS, NIBBLES},
    [BORED_Q5_K] = {SUPER, 176, 2 * HALVES + 3 * WORDS, NIBBLES + WORDS},
    [BORED_Q6_K] = {SUPER, 210, HALVES + 4 * WORDS, NIBBLES + 2 * WORDS},
};
