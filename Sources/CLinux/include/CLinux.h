// The calls of Linux that Swift's Glibc module does not carry, in shapes that are easy to call.
// Every function returns a count or a file descriptor, or the negated errno.
#ifndef BORED_CLINUX_H
#define BORED_CLINUX_H

#include <stdint.h>

// An IP address as 128 bits in host order; IPv4 in its mapped form (RFC 4291 section 2.5.5.2).
typedef struct {
    uint64_t high;
    uint64_t low;
    uint16_t port;
} bored_address;

// MARK: time and chance

// Nanoseconds of CLOCK_BOOTTIME: it goes on while the machine sleeps, and no setting moves it.
uint64_t bored_monotonic_nanoseconds(void);
// Seconds of CLOCK_REALTIME.
int64_t bored_wall_seconds(void);
// Fills `count` bytes from getrandom(2).
int bored_entropy(uint8_t *bytes, int count);

// MARK: datagrams

// A non-blocking UDP socket, bound; IPv6 ones also carry IPv4. Asks for `buffer_bytes` both ways.
int bored_udp_open(const bored_address *address, int buffer_bytes);
// Where a socket is bound.
int bored_udp_name(int fd, bored_address *address);
// Receives up to `capacity` (at most 64) datagrams, or groups of datagrams of one sender, into
// slots of `stride` bytes. In a slot lie `sizes` bytes: datagrams of `each` bytes, the last one
// shorter perhaps. A size of -1 says that they were longer than their slot.
int bored_udp_receive(int fd, uint8_t *slab, int stride, int32_t *sizes, int32_t *each,
                      bored_address *sources, int capacity);
// Sends up to `count` (at most 64) datagrams; how many went out before the first that failed. Those
// to one target that have one size go through the kernel as one, where `in_groups` is set.
int bored_udp_send(int fd, int is_ipv4, int in_groups, const uint8_t *slab, int stride,
                   const int32_t *sizes, const bored_address *targets, int count);

// MARK: names and interfaces

// Every address of a host, or an EAI_ code (negative).
int bored_resolve(const char *host, uint16_t port, bored_address *addresses, int capacity);
// Addresses of the interfaces that are up, loopback last.
int bored_interfaces(uint16_t port, bored_address *addresses, int capacity);

// MARK: waiting

int bored_event_open(void);
void bored_event_ring(int fd);
void bored_event_clear(int fd);
int bored_poll_open(void);
int bored_poll_add(int poll, int fd, uint32_t token);
// Waits until a descriptor is readable; writes the tokens of those that are. A wait of UINT64_MAX
// nanoseconds has no end.
int bored_poll_wait(int poll, uint64_t nanoseconds, uint32_t *tokens, int capacity);
// SIGTERM and SIGINT from now on ring an event, whose descriptor this returns; SIGPIPE is ignored.
int bored_signals_open(void);
// The signal that arrived last, or 0.
int bored_signals_last(void);

// MARK: local sockets

// A non-blocking Unix stream socket `name` in `folder`, mode 0600, in place of one left behind.
int bored_local_listen(const char *folder, const char *name);
// Connects to it; reads and writes give up after two seconds.
int bored_local_connect(const char *folder, const char *name);
// The next client, non-blocking; -EAGAIN where none waits.
int bored_local_accept(int fd);

// MARK: files

// Whether what is written to a file goes past the kernel's cache (open(2), O_DIRECT): 0, or the
// negated errno where its file system can't do that.
int bored_file_bypass_cache(int fd, int bypasses);

// MARK: threads

// From now on the calling thread runs only where nobody else wants its core (nice 19).
void bored_thread_background(void);
// Gives freed memory back to the system that the allocator would keep.
void bored_memory_return(void);

// Names the calling thread; at most 15 bytes, longer names change nothing.
void bored_thread_name(const char *name);

// A counter that threads wait on. Sixty-four bytes, so that two gates share no cache line.
typedef struct {
    uint32_t value;
    uint32_t waiting;
    uint32_t padding[14];
} bored_gate;

bored_gate *bored_gate_make(void);
void bored_gate_free(bored_gate *gate);
uint32_t bored_gate_value(const bored_gate *gate);
// Adds one and wakes whoever waits.
void bored_gate_advance(bored_gate *gate);
// Returns once the value is not `seen`: looks `spins` times, then sleeps, for so long at most where
// `nanoseconds` is not 0.
void bored_gate_wait(bored_gate *gate, uint32_t seen, int spins, uint64_t nanoseconds);

#endif
