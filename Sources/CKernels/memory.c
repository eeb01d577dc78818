#include "CKernels.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HUGE_PAGE = 2 << 20 };

// Below this, huge pages would waste more memory than they save time.
enum { LARGE = 2 * HUGE_PAGE };

void *bored_allocate(size_t byte_count) {
    if (byte_count < LARGE) {
        void *memory = NULL;
        size_t rounded = (byte_count + 63) / 64 * 64;
        if (posix_memalign(&memory, 64, rounded ? rounded : 64)) return NULL;
        return memset(memory, 0, rounded ? rounded : 64);
    }
    size_t length = (byte_count + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    if (length < byte_count) return NULL;
    char *mapping = mmap(
        NULL, length + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) return NULL;
    size_t skipped = (HUGE_PAGE - (uintptr_t)mapping % HUGE_PAGE) % HUGE_PAGE;
    if (skipped) munmap(mapping, skipped);
    char *aligned = mapping + skipped;
    munmap(aligned + length, HUGE_PAGE - skipped);
#ifdef MADV_HUGEPAGE
    // What the last one would hold in vain is not taken.
    madvise(aligned, byte_count / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return aligned;
}

void *bored_reserve(size_t byte_count) {
    void *memory = mmap(
        NULL, byte_count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
        0);
    if (memory == MAP_FAILED) return NULL;
#ifdef MADV_NOHUGEPAGE
    madvise(memory, byte_count, MADV_NOHUGEPAGE);
#endif
    return memory;
}

void bored_release(void *memory, size_t byte_count) { munmap(memory, byte_count); }

void bored_discard(void *memory, size_t byte_count) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)memory;
    uintptr_t begin = (first + page - 1) / page * page, end = (first + byte_count) / page * page;
    if (begin < end) madvise((void *)begin, end - begin, MADV_DONTNEED);
}

void bored_free(void *memory, size_t byte_count) {
    if (byte_count < LARGE) {
        free(memory);
    } else {
        munmap(memory, (byte_count + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
    }
}
