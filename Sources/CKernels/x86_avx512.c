// Thirty-two registers of sixteen floats: twelve rows of 32 outputs, or seven of 64, whose inputs
// products take from memory. Bytes are multiplied by VNNI's instruction, whose weights have no
// sign.
#if defined(__x86_64__)
#include <immintrin.h>

#define LANES 16
#define TARGET                                                             \
    __attribute__((                                                        \
        target("avx2,fma,f16c,avx512f,avx512vl,avx512bw,avx512dq,avx512vnni"), \
        min_vector_width(512)))
#define ALIGNED_STACK __attribute__((force_align_arg_pointer))
#define ROWS 12
#define FULL_ROWS 12
#define PAIR_ROWS 7
#define TURN_ROWS 0
#define STREAMS 4
#define SIDE_ROWS 3
#define PREFETCH_INPUTS 16
#define PAIR_PREFETCH_INPUTS 32
#define LEVEL_KERNELS bored_avx512_kernels

#define BYTES_OFFSET 128
#define DOT_SUMS 12
#define KEEP(sum) ((void)0)
#define ROW_STREAMS 1
#define PASS_STREAMS 1
#define DOT_ASKS 1
#define BYTES_AHEAD 0
#define SHORT_SUMS 0
#define DOT(sum, weights, x) \
    ((lanes_i)_mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(weights), (__m512i)(x)))
#define PROBE_DOT DOT
#include "lanes.h"
#endif
