// Sixteen registers of eight floats: two rows of 32 outputs, or six of 16.
#if defined(__x86_64__)
#include <immintrin.h>

#define LANES 8
#define TARGET __attribute__((target("avx2,fma,f16c")))
#define ROWS 6
#define FULL_ROWS 2
#define PAIR_ROWS 0
#define STREAMS 3
#define PREFETCH_INPUTS 16
#define LEVEL_KERNELS bored_avx2_kernels

#define BYTES_OFFSET 0
#define DOT_VECTORS 1
#define DOT_ASKS 0
#define PRODUCTS(weights, x) _mm256_maddubs_epi16((__m256i)(weights), (__m256i)(x))
#define WIDEN(sum, products) \
    ((sum) + (lanes_i)_mm256_madd_epi16((products), _mm256_set1_epi16(1)))
// Bytes with a sign are multiplied as magnitudes of the weights times x with the weights' signs:
// two products of 128 * 127 fit 16 bits. Of weights below 64, four do.
#define DOT_PAIRS 1
#define DOT(sum, weights, x)                                 \
    WIDEN(                                                   \
        sum, PRODUCTS(                                       \
                 _mm256_abs_epi8((__m256i)(weights)),        \
                 _mm256_sign_epi8((__m256i)(x), (__m256i)(weights))))
#define DOT_TWO(sum, even, odd, x_even, x_odd) \
    WIDEN(sum, _mm256_add_epi16(PRODUCTS(even, x_even), PRODUCTS(odd, x_odd)))
#include "lanes.h"
#endif
