// Thirty-two registers of four floats: two rows of 32 outputs, or six of 16.
#if defined(__aarch64__)
#include <arm_neon.h>

#define LANES 4
#define TARGET
#define ALIGNED_STACK
#define ROWS 6
#define FULL_ROWS 2
#define PAIR_ROWS 0
#define TURN_ROWS 0
#define STREAMS 3
#define SIDE_ROWS 1
#define PREFETCH_INPUTS 16
#define LEVEL_KERNELS bored_neon_kernels

#define BYTES_OFFSET 0
#define DOT_SUMS 12
#define KEEP(sum) ((void)0)
#define ROW_STREAMS 1
#define PASS_STREAMS 1
#define DOT_ASKS 0
#define BYTES_AHEAD 0
#define SHORT_SUMS 0

// Bytes below 64, or of either sign: the same instructions serve both. Every CPU of the
// architecture has them.
#define DOT(sum, weights, x)                                                            \
    ((sum)                                                                                   \
     + (lanes_i)vpaddq_s32(                                                                  \
         vpaddlq_s16(vmull_s8(vget_low_s8((int8x16_t)(weights)), vget_low_s8((int8x16_t)(x)))), \
         vpaddlq_s16(vmull_high_s8((int8x16_t)(weights), (int8x16_t)(x)))))
#define PROBE_DOT DOT
#include "lanes.h"
#endif
