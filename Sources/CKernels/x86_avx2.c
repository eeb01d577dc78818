// Sixteen registers of eight floats: two rows of 32 outputs, or six of 16.
#if defined(__x86_64__)
#include <immintrin.h>

#define LANES 8
#define TARGET __attribute__((target("avx2,fma,f16c")))
#define ALIGNED_STACK __attribute__((force_align_arg_pointer))
#define ROWS 6
#define FULL_ROWS 2
#define PAIR_ROWS 0
#define TURN_ROWS 4
#define STREAMS 3
#define SIDE_ROWS 1
#define PREFETCH_INPUTS 16
#define LEVEL_KERNELS bored_avx2_kernels

#define BYTES_OFFSET 0
#define DOT_SUMS 12
#define KEEP(sum) __asm__ volatile("" : "+x"(sum))
#define ROW_STREAMS 3
#define PASS_STREAMS 2
#define DOT_ASKS 0
#define BYTES_AHEAD 1024
#define SHORT_SUMS 1
typedef int16_t lanes_s __attribute__((ext_vector_type(16)));
#define PRODUCTS(weights, x) ((lanes_s)_mm256_maddubs_epi16((__m256i)(weights), (__m256i)(x)))
#define WIDEN(sum, products) \
    ((sum) + (lanes_i)_mm256_madd_epi16((__m256i)(products), _mm256_set1_epi16(1)))
// Bytes with a sign are multiplied as magnitudes of the weights times x with the weights' signs:
// two products of 128 * 127 fit 16 bits.
#define DOT(sum, weights, x)                                 \
    WIDEN(                                                   \
        sum, PRODUCTS(                                       \
                 _mm256_abs_epi8((__m256i)(weights)),        \
                 _mm256_sign_epi8((__m256i)(x), (__m256i)(weights))))
// The most of them in a second: without widening, which one sum of several products needs once.
#define PROBE_DOT(sum, weights, x) ((lanes_i)((lanes_s)(sum) + PRODUCTS(weights, x)))
#include "lanes.h"
#endif
