#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { batch_count = 64 };
// What the kernel takes as one group at most: datagrams (UDP_MAX_SEGMENTS was 64 at first), bytes.
enum { group_count = 48, group_bytes = 65000 };

// Linux's numbers, which older headers lack (udp(7)).
enum { udp_segment = 103, udp_group = 104 };

static uint64_t load_big_endian(const uint8_t *bytes) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) value = value << 8 | bytes[i];
    return value;
}

static void store_big_endian(uint64_t value, uint8_t *bytes) {
    for (int i = 7; i >= 0; i--, value >>= 8) bytes[i] = (uint8_t)value;
}

static int is_ipv4(const bored_address *address) {
    return address->high == 0 && address->low >> 32 == 0xFFFF;
}

static socklen_t to_socket(const bored_address *from, int as_ipv4, struct sockaddr_storage *to) {
    memset(to, 0, sizeof *to);
    if (as_ipv4) {
        struct sockaddr_in *ipv4 = (struct sockaddr_in *)to;
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(from->port);
        ipv4->sin_addr.s_addr = htonl((uint32_t)from->low);
        return sizeof *ipv4;
    }
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)to;
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(from->port);
    store_big_endian(from->high, ipv6->sin6_addr.s6_addr);
    store_big_endian(from->low, ipv6->sin6_addr.s6_addr + 8);
    return sizeof *ipv6;
}

static int from_socket(const struct sockaddr *from, bored_address *to) {
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)from;
        to->high = 0;
        to->low = UINT64_C(0xFFFF) << 32 | ntohl(ipv4->sin_addr.s_addr);
        to->port = ntohs(ipv4->sin_port);
        return 1;
    }
    if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)from;
        to->high = load_big_endian(ipv6->sin6_addr.s6_addr);
        to->low = load_big_endian(ipv6->sin6_addr.s6_addr + 8);
        to->port = ntohs(ipv6->sin6_port);
        return 1;
    }
    return 0;
}

static int close_with_error(int fd) {
    int error = errno;
    close(fd);
    return -error;
}

int bored_udp_open(const bored_address *address, int buffer_bytes) {
    struct sockaddr_storage name;
    int ipv4 = is_ipv4(address), off = 0, on = 1;
    int fd = socket(ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    // Smaller buffers than asked for are no error: the kernel caps them.
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
    if (!ipv4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0)
        return close_with_error(fd);
    // Kernels before 5.0 don't know it, and then give each datagram alone.
    setsockopt(fd, IPPROTO_UDP, udp_group, &on, sizeof on);
    socklen_t length = to_socket(address, ipv4, &name);
    if (bind(fd, (struct sockaddr *)&name, length) < 0) return close_with_error(fd);
    return fd;
}

int bored_udp_name(int fd, bored_address *address) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &length) < 0) return -errno;
    return from_socket((struct sockaddr *)&name, address) ? 0 : -EAFNOSUPPORT;
}

typedef union {
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
} control;

// The size of each datagram of a received group; 0 where there is only one.
static int group_size(struct msghdr *header) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        int size;
        if (c->cmsg_level != IPPROTO_UDP || c->cmsg_type != udp_group) continue;
        memcpy(&size, CMSG_DATA(c), sizeof size);
        return size;
    }
    return 0;
}

int bored_udp_receive(int fd, uint8_t *slab, int stride, int32_t *sizes, int32_t *each,
                      bored_address *sources, int capacity) {
    struct mmsghdr messages[batch_count];
    struct iovec parts[batch_count];
    struct sockaddr_storage names[batch_count];
    control controls[batch_count];
    if (capacity > batch_count) capacity = batch_count;
    memset(messages, 0, sizeof messages[0] * (size_t)capacity);
    for (int i = 0; i < capacity; i++) {
        parts[i].iov_base = slab + (size_t)i * (size_t)stride;
        parts[i].iov_len = (size_t)stride;
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_name = &names[i];
        messages[i].msg_hdr.msg_namelen = sizeof names[i];
        messages[i].msg_hdr.msg_control = &controls[i];
        messages[i].msg_hdr.msg_controllen = sizeof controls[i];
    }
    int count = recvmmsg(fd, messages, (unsigned)capacity, 0, NULL);
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) {
        int whole = !(messages[i].msg_hdr.msg_flags & MSG_TRUNC);
        int known = from_socket((struct sockaddr *)&names[i], &sources[i]);
        int size = group_size(&messages[i].msg_hdr);
        sizes[i] = whole && known ? (int32_t)messages[i].msg_len : -1;
        each[i] = size > 0 ? size : sizes[i];
    }
    return count;
}

// How many datagrams from `first` on go as one group: to one target, of one size but for the last.
static int group_length(const int32_t *sizes, const bored_address *targets, int first, int count) {
    int length = 1, bytes = sizes[first];
    while (first + length < count && length < group_count) {
        const bored_address *one = &targets[first], *other = &targets[first + length];
        int size = sizes[first + length];
        if (one->high != other->high || one->low != other->low || one->port != other->port
            || size > sizes[first] || size == 0 || bytes + size > group_bytes)
            break;
        bytes += size;
        length++;
        if (size < sizes[first]) break;
    }
    return length;
}

int bored_udp_send(int fd, int ipv4, int in_groups, const uint8_t *slab, int stride,
                   const int32_t *sizes, const bored_address *targets, int count) {
    struct mmsghdr messages[batch_count];
    struct iovec parts[batch_count];
    struct sockaddr_storage names[batch_count];
    control controls[batch_count];
    int lengths[batch_count];
    if (count > batch_count) count = batch_count;
    memset(messages, 0, sizeof messages[0] * (size_t)count);
    int filled = 0, next = 0;
    // An IPv4 socket can't reach an IPv6 target: send what stands before it.
    while (next < count && (!ipv4 || is_ipv4(&targets[next]))) {
        struct msghdr *header = &messages[filled].msg_hdr;
        int length = in_groups ? group_length(sizes, targets, next, count) : 1;
        header->msg_iov = &parts[next];
        header->msg_iovlen = (size_t)length;
        header->msg_name = &names[filled];
        header->msg_namelen = to_socket(&targets[next], ipv4, &names[filled]);
        if (length > 1) {
            uint16_t size = (uint16_t)sizes[next];
            header->msg_control = &controls[filled];
            header->msg_controllen = CMSG_SPACE(sizeof size);
            struct cmsghdr *c = CMSG_FIRSTHDR(header);
            c->cmsg_level = IPPROTO_UDP;
            c->cmsg_type = udp_segment;
            c->cmsg_len = CMSG_LEN(sizeof size);
            memcpy(CMSG_DATA(c), &size, sizeof size);
        }
        lengths[filled++] = length;
        for (int end = next + length; next < end; next++) {
            parts[next].iov_base = (void *)(slab + (size_t)next * (size_t)stride);
            parts[next].iov_len = (size_t)sizes[next];
        }
    }
    if (filled == 0) return -ENETUNREACH;
    int sent = sendmmsg(fd, messages, (unsigned)filled, 0), datagrams = 0;
    if (sent < 0) return -errno;
    for (int i = 0; i < sent; i++) datagrams += lengths[i];
    return datagrams;
}

int bored_resolve(const char *host, uint16_t port, bored_address *addresses, int capacity) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *list;
    int status = getaddrinfo(host, NULL, &hints, &list);
    if (status != 0) return status < 0 ? status : -status;
    int count = 0;
    for (struct addrinfo *entry = list; entry && count < capacity; entry = entry->ai_next) {
        if (!from_socket(entry->ai_addr, &addresses[count])) continue;
        addresses[count++].port = port;
    }
    freeaddrinfo(list);
    return count;
}

int bored_interfaces(uint16_t port, bored_address *addresses, int capacity) {
    struct ifaddrs *list;
    if (getifaddrs(&list) < 0) return -errno;
    int count = 0;
    for (unsigned loopback = 0; loopback < 2; loopback++) {
        for (struct ifaddrs *entry = list; entry && count < capacity; entry = entry->ifa_next) {
            if (!entry->ifa_addr || !(entry->ifa_flags & IFF_UP)) continue;
            if (((entry->ifa_flags & IFF_LOOPBACK) != 0) != loopback) continue;
            if (!from_socket(entry->ifa_addr, &addresses[count])) continue;
            // A link-local address means nothing without its interface.
            if (addresses[count].high >> 54 == 0xFE80 >> 6) continue;
            addresses[count++].port = port;
        }
    }
    freeifaddrs(list);
    return count;
}
