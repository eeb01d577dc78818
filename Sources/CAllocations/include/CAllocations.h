// Counts what a thread allocates, for bored-bench alone: linking this replaces the C library's
// malloc, calloc, realloc and aligned allocations by ones that count and then do the same.
#ifndef BORED_CALLOCATIONS_H
#define BORED_CALLOCATIONS_H

#include <stdint.h>

// Allocations of this thread since it began; a realloc that moves or grows counts as one.
uint64_t bored_allocation_count(void);

#endif
