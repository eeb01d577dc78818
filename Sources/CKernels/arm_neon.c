// Thirty-two registers of four floats: two rows of 32 outputs, or six of 16.
#if defined(__aarch64__)
#define LANES 4
#define TARGET
#define ROWS 6
#define FULL_ROWS 2
#define PREFETCH_INPUTS 16
#define LEVEL_KERNELS bored_neon_kernels
#include "lanes.h"
#endif
