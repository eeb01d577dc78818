#include "CLinux.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void bored_thread_name(const char *name) { pthread_setname_np(pthread_self(), name); }

bored_gate *bored_gate_make(void) {
    bored_gate *gate = aligned_alloc(64, sizeof(bored_gate));
    if (gate) memset(gate, 0, sizeof *gate);
    return gate;
}

void bored_gate_free(bored_gate *gate) { free(gate); }

uint32_t bored_gate_value(const bored_gate *gate) {
    return __atomic_load_n(&gate->value, __ATOMIC_ACQUIRE);
}

void bored_gate_advance(bored_gate *gate) {
    __atomic_add_fetch(&gate->value, 1, __ATOMIC_SEQ_CST);
    // Sequential order on both words: either this sees the waiter, or the waiter sees the value.
    if (__atomic_load_n(&gate->waiting, __ATOMIC_SEQ_CST) > 0)
        syscall(SYS_futex, &gate->value, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

void bored_gate_wait(bored_gate *gate, uint32_t seen, int spins, uint64_t nanoseconds) {
    for (int i = 0; i < spins; i++) {
        if (bored_gate_value(gate) != seen) return;
        pause_briefly();
    }
    struct timespec limit = {
        .tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    long status = 0;
    __atomic_add_fetch(&gate->waiting, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&gate->value, __ATOMIC_SEQ_CST) == seen
           && !(status == -1 && errno == ETIMEDOUT))
        status = syscall(SYS_futex, &gate->value, FUTEX_WAIT_PRIVATE, seen,
                         nanoseconds ? &limit : NULL, NULL, 0);
    __atomic_sub_fetch(&gate->waiting, 1, __ATOMIC_SEQ_CST);
}
