// Thirty-two registers of sixteen floats: twelve rows of 32 outputs.
#if defined(__x86_64__)
#define LANES 16
#define TARGET \
    __attribute__(( \
        target("avx2,fma,f16c,avx512f,avx512vl,avx512bw,avx512dq"), min_vector_width(512)))
#define ROWS 12
#define FULL_ROWS 12
#define PREFETCH_INPUTS 16
#define LEVEL_KERNELS bored_avx512_kernels
#include "lanes.h"
#endif
