#pragma once
#include <stdint.h>

/// Calls of malloc, calloc, realloc, posix_memalign and aligned_alloc by this thread so far.
/// Always 0 where another allocator is in place (sanitizers).
uint64_t bored_allocation_count(void);
