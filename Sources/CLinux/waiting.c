#include "CLinux.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

uint64_t bored_monotonic_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

int64_t bored_wall_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec;
}

int bored_entropy(uint8_t *bytes, int count) {
    int filled = 0;
    while (filled < count) {
        ssize_t got = getrandom(bytes + filled, (size_t)(count - filled), 0);
        if (got < 0 && errno != EINTR) return -errno;
        if (got > 0) filled += (int)got;
    }
    return filled;
}

int bored_event_open(void) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void bored_event_ring(int fd) {
    uint64_t one = 1;
    // Fails only when the counter is full, and then the event is rung already.
    ssize_t ignored = write(fd, &one, sizeof one);
    (void)ignored;
}

void bored_event_clear(int fd) {
    uint64_t count;
    ssize_t ignored = read(fd, &count, sizeof count);
    (void)ignored;
}

int bored_poll_open(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int bored_poll_add(int poll, int fd, uint32_t token) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = token};
    return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int poll_once(int poll, struct epoll_event *events, int capacity, uint64_t nanoseconds) {
    if (nanoseconds == 0) return epoll_wait(poll, events, capacity, 0);
    if (nanoseconds == UINT64_MAX) return epoll_wait(poll, events, capacity, -1);
    struct timespec time = {
        .tv_sec = (time_t)(nanoseconds / UINT64_C(1000000000)),
        .tv_nsec = (long)(nanoseconds % UINT64_C(1000000000)),
    };
    int count = epoll_pwait2(poll, events, capacity, &time, NULL);
    // Older kernels and some sandboxes know only milliseconds; rounding up never fires early.
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
    uint64_t milliseconds = nanoseconds / 1000000 + 1;
    return epoll_wait(poll, events, capacity,
                      milliseconds > 3600000 ? 3600000 : (int)milliseconds);
}

int bored_poll_wait(int poll, uint64_t nanoseconds, uint32_t *tokens, int capacity) {
    struct epoll_event events[16];
    int count = poll_once(poll, events, capacity > 16 ? 16 : capacity, nanoseconds);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) tokens[i] = events[i].data.u32;
    return count;
}

static volatile sig_atomic_t last_signal = 0;
static int signal_event = -1;

static void on_signal(int number) {
    int saved = errno;
    last_signal = number;
    bored_event_ring(signal_event);
    errno = saved;
}

int bored_signals_open(void) {
    if (signal_event >= 0) return signal_event;
    signal_event = bored_event_open();
    if (signal_event < 0) return signal_event;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    // Whoever started this process may have blocked them, and a mask is inherited.
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
    return signal_event;
}

int bored_signals_last(void) { return last_signal; }
