#pragma once
/// Counts what a thread allocates: linked into a program, these take the place of the C library's
/// malloc, calloc, realloc and aligned allocations, and do the same.
#include <stdint.h>

/// Allocations of this thread since it began; a realloc counts as one. Always 0 where another
/// allocator is in place (sanitizers).
uint64_t bored_allocation_count(void);
