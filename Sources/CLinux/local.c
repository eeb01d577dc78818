#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int failed(int fd) {
    int error = errno;
    close(fd);
    return -error;
}

// A path may be longer than sun_path: the folder is named by its open descriptor instead.
static int local_name(const char *folder, const char *name, struct sockaddr_un *address) {
    int directory = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return -errno;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    int length = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s",
                          directory, name);
    if (length >= (int)sizeof address->sun_path) {
        close(directory);
        return -ENAMETOOLONG;
    }
    return directory;
}

int bored_local_listen(const char *folder, const char *name) {
    struct sockaddr_un address;
    int directory = local_name(folder, name, &address);
    if (directory < 0) return directory;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed(directory);
    // One left by a process that was killed; whoever listens holds the folder's lock.
    unlink(address.sun_path);
    int status = bind(fd, (struct sockaddr *)&address, sizeof address);
    // Nobody can connect before it listens. The mask of modes would do it in one step, but it is
    // the whole process's: files that other threads make meanwhile would get it, too.
    if (status == 0) status = chmod(address.sun_path, 0600);
    if (status == 0) status = listen(fd, 8);
    if (status < 0) {
        int error = failed(fd);
        close(directory);
        return error;
    }
    close(directory);
    return fd;
}

int bored_local_connect(const char *folder, const char *name) {
    struct sockaddr_un address;
    int directory = local_name(folder, name, &address);
    if (directory < 0) return directory;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed(directory);
    // A peer that hangs must not hang whoever asks it.
    struct timeval patience = {.tv_sec = 2};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    int status = connect(fd, (struct sockaddr *)&address, sizeof address);
    int error = status < 0 ? failed(fd) : fd;
    close(directory);
    return error;
}

int bored_local_accept(int fd) {
    int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return client < 0 ? -errno : client;
}

int bored_file_bypass_cache(int fd, int bypasses) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return -errno;
    flags = bypasses ? flags | O_DIRECT : flags & ~O_DIRECT;
    return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

void bored_thread_background(void) {
    // Both are per thread on Linux, and neither can fail downwards. Under SCHED_IDLE whoever wakes
    // up takes the core at once; the nice value is what /proc/stat counts apart.
    struct sched_param none = {0};
    sched_setscheduler(0, SCHED_IDLE, &none);
    setpriority(PRIO_PROCESS, 0, 19);
}

void bored_memory_return(void) { malloc_trim(0); }
