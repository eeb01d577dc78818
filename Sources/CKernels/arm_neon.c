// Thirty-two registers of four floats: two rows of 32 outputs, or six of 16.
#if defined(__aarch64__)
#include <arm_neon.h>

#define LANES 4
#define TARGET
#define ROWS 6
#define FULL_ROWS 2
#define PAIR_ROWS 0
#define STREAMS 3
#define PREFETCH_INPUTS 16
#define LEVEL_KERNELS bored_neon_kernels

#define BYTES_OFFSET 0
#define DOT_VECTORS 2
#define DOT_ASKS 0

// Bytes below 64, or of either sign: the same instructions serve both. Every CPU of the
// architecture has them.
#define DOT_PAIRS 0
#define DOT(sum, weights, x)                                                            \
    ((sum)                                                                                   \
     + (lanes_i)vpaddq_s32(                                                                  \
         vpaddlq_s16(vmull_s8(vget_low_s8((int8x16_t)(weights)), vget_low_s8((int8x16_t)(x)))), \
         vpaddlq_s16(vmull_high_s8((int8x16_t)(weights), (int8x16_t)(x)))))
#define DOT_TWO(sum, even, odd, x_even, x_odd) DOT(DOT(sum, even, x_even), odd, x_odd)
#include "lanes.h"
#endif
