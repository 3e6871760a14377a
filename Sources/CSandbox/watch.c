#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#endif

int agon_pipe(int ends[2]) {
#if defined(__linux__)
    return pipe2(ends, O_CLOEXEC);
#else
    if (pipe(ends) != 0) return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#endif
}

int agon_no_wait(int descriptor) {
    const int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

void agon_ignore_broken_pipes(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int agon_wait(int pid, int block, int *status, double *cpu_seconds) {
    struct rusage usage;
    int found;
    do found = (int)wait4(pid, status, block ? 0 : WNOHANG, &usage);
    while (found < 0 && errno == EINTR);
    if (found == pid) {
        *cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + 1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    }
    return found;
}

#if defined(__linux__)
// Ids below 65536, which are mapped in most containers, and away from those of accounts and system services.
enum { FIRST_USER = 51000, USER_COUNT = 8000 };

static int has_account(uint32_t user) {
    char room[4096];
    struct passwd entry, *found = NULL;
    return getpwuid_r(user, &entry, room, sizeof room, &found) == 0 && found != NULL;
}

uint32_t agon_user_lease(int *descriptor) {
    const uint32_t start = (uint32_t)getpid() * 31u;
    for (uint32_t i = 0; i < USER_COUNT; i++) {
        const uint32_t user = FIRST_USER + (start + i) % USER_COUNT;
        // A name that only one socket of the machine can have, and that is free again when its holder ends, however.
        const int holder = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (holder < 0) return 0;
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        const int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "agon-user-%u", user);
        const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
        if (bind(holder, (const struct sockaddr *)&address, size) == 0 && !has_account(user)) {
            *descriptor = holder;
            return user;
        }
        close(holder);
    }
    return 0;
}

typedef struct {
    uint32_t user;
    int fault;
} sweep;

static int kill_all(void *argument) {
    sweep *sweep = argument;
    if (syscall(SYS_setresgid, sweep->user, sweep->user, sweep->user) != 0
        || syscall(SYS_setresuid, sweep->user, sweep->user, sweep->user) != 0) {
        sweep->fault = -1;
        _exit(1);
    }
    // One call reaches all, those included that are being forked: none of them gets away.
    sweep->fault = kill(-1, SIGKILL) == 0 ? 0 : errno;
    _exit(0);
}

int agon_user_kill(uint32_t user) {
    // Killed processes are found until whoever inherited them has taken note, which is not this program's to hasten.
    for (int round = 0; round < 200; round++) {
        char stack[32768] __attribute__((aligned(16)));
        sweep sweep = {user, -1};
        const int pid = clone(kill_all, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &sweep);
        if (pid < 0) return -1;
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
        if (sweep.fault == ESRCH) return round;
        if (sweep.fault != 0) return -1;
        const struct timespec pause = {0, 1000000};
        nanosleep(&pause, NULL);
    }
    return 200;
}
#else
uint32_t agon_user_lease(int *descriptor) {
    *descriptor = -1;
    return 0;
}

int agon_user_kill(uint32_t user) {
    (void)user;
    return -1;
}
#endif
