// Sixteen registers of eight floats: two rows of 32 outputs, or six of 16.
#if defined(__x86_64__)
#define LANES 8
#define TARGET __attribute__((target("avx2,fma,f16c")))
#define ROWS 6
#define FULL_ROWS 2
#define PREFETCH_INPUTS 16
#define LEVEL_KERNELS bored_avx2_kernels
#include "lanes.h"
#endif
