#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

// The child runs on the caller's memory until it execs, so that a start costs the same whatever the caller holds. It
// therefore allocates nothing, takes no lock, and changes ids by plain system calls: the C library's own would change
// those of the caller's threads.
#define STACK_SIZE (256 << 10)

char *agon_join(char *buffer, const char *folder, const char *name) {
    const size_t head = strlen(folder), tail = strlen(name);
    if (head + tail + 2 > AGON_PATH) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    memcpy(buffer, folder, head);
    size_t place = head;
    if (head > 0 && buffer[head - 1] != '/' && name[0] != '/') buffer[place++] = '/';
    memcpy(buffer + place, name, tail + 1);
    return buffer;
}

static void close_from(int first) {
#if defined(SYS_close_range)
    if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0) return;
#endif
    struct rlimit limit;
    const int last = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
    for (int descriptor = first; descriptor < last; descriptor++) close(descriptor);
}

// Descriptors 0, 1 and 2 as planned, 3 the report, which exec closes, and no others.
static int arrange_descriptors(launch *launch) {
    const int wanted[4] = {launch->plan->input, launch->plan->output, launch->plan->errors, launch->report};
    int moved[4];
    for (int i = 0; i < 4; i++) {
        moved[i] = fcntl(wanted[i], F_DUPFD, 4);
        if (moved[i] < 0) return -1;
    }
    for (int i = 0; i < 4; i++) {
        if (dup2(moved[i], i) < 0) return -1;
    }
    launch->report = 3;
    if (fcntl(3, F_SETFD, FD_CLOEXEC) < 0) return -1;
    close_from(4);
    return 0;
}

static int limit_to(int resource, uint64_t soft, uint64_t hard) {
    struct rlimit limit, old;
    if (getrlimit(resource, &old) != 0) return -1;
    limit.rlim_cur = (rlim_t)soft;
    limit.rlim_max = (rlim_t)hard;
    if (old.rlim_max != RLIM_INFINITY) {
        if (limit.rlim_max > old.rlim_max) limit.rlim_max = old.rlim_max;
        if (limit.rlim_cur > old.rlim_max) limit.rlim_cur = old.rlim_max;
    }
    return setrlimit(resource, &limit);
}

static int apply_limits(const agon_plan *plan) {
    if (limit_to(RLIMIT_CORE, 0, 0) != 0) return -1;
    if (plan->cpu_seconds && limit_to(RLIMIT_CPU, plan->cpu_seconds, plan->cpu_seconds) != 0) return -1;
    if (plan->file_count_limit && limit_to(RLIMIT_NOFILE, plan->file_count_limit, plan->file_count_limit) != 0) return -1;
    if (plan->disk_bytes && limit_to(RLIMIT_FSIZE, plan->disk_bytes, plan->disk_bytes) != 0) return -1;
#if defined(__linux__)
    if (plan->memory_bytes && limit_to(RLIMIT_AS, plan->memory_bytes, plan->memory_bytes) != 0) return -1;
    // Without a user id of its own the system would count what else the user runs.
    const int counts = plan->user || plan->isolation == AGON_NAMESPACES;
    if (plan->process_count && counts && limit_to(RLIMIT_NPROC, plan->process_count, plan->process_count) != 0) return -1;
#endif
    return 0;
}

static int become_user(const launch *launch) {
    const agon_plan *plan = launch->plan;
#if defined(__linux__)
    if (plan->user) {
        if (syscall(SYS_setgroups, 0, NULL) != 0) return -1;
        if (syscall(SYS_setresgid, plan->user, plan->user, plan->user) != 0) return -1;
        if (syscall(SYS_setresuid, plan->user, plan->user, plan->user) != 0) return -1;
    }
    if (plan->is_sealed) {
        for (int capability = 0; capability < 64; capability++) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
        struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
        const struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
        if (syscall(SYS_capset, &header, none) != 0) return -1;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return -1;
#endif
    return 0;
}

static int write_files(const agon_plan *plan) {
    for (size_t i = 0; i < plan->file_count; i++) {
        const int file = open(plan->file_names[i], O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (file < 0) return -1;
        const uint8_t *bytes = plan->file_bytes[i];
        for (size_t done = 0; done < plan->file_lengths[i];) {
            const ssize_t count = write(file, bytes + done, plan->file_lengths[i] - done);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) {
                if (count == 0) errno = ENOSPC;
                return -1;
            }
            done += (size_t)count;
        }
        close(file);
    }
    return 0;
}

static void reset_signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// The program is looked up in the PATH that it will have itself. Returns only with a fault in `errno`.
static void exec_program(const agon_plan *plan) {
    char *const *arguments = (char *const *)plan->arguments, *const *environment = (char *const *)plan->environment;
    const char *name = arguments[0], *path = "";
    if (strchr(name, '/')) {
        execve(name, arguments, environment);
        return;
    }
    for (size_t i = 0; plan->environment[i]; i++) {
        if (strncmp(plan->environment[i], "PATH=", 5) == 0) path = plan->environment[i] + 5;
    }
    int fault = ENOENT;
    char folder[AGON_PATH], whole[AGON_PATH];
    while (*path) {
        const size_t length = strcspn(path, ":");
        if (length > 0 && length < sizeof folder) {
            memcpy(folder, path, length);
            folder[length] = 0;
            if (agon_join(whole, folder, name)) execve(whole, arguments, environment);
            if (errno != ENOENT && errno != ENOTDIR) fault = errno;
        }
        path += length;
        if (*path == ':') path++;
    }
    errno = fault;
}

static int set_up(launch *launch) {
    const agon_plan *plan = launch->plan;
    setsid();
    umask(022);
    if (arrange_descriptors(launch) != 0) return AGON_STEP_DESCRIPTORS;
    if (plan->isolation == AGON_NAMESPACES) {
        const int step = agon_enter_namespaces(launch);
        if (step) return step;
    }
    const int has_own_root = plan->isolation == AGON_NAMESPACES && plan->is_sealed;
    if (chdir(has_own_root ? "/work" : plan->folder) != 0) return AGON_STEP_FOLDER;
    if (apply_limits(plan) != 0) return AGON_STEP_LIMITS;
    if (become_user(launch) != 0) return AGON_STEP_USER;
    if (write_files(plan) != 0) return AGON_STEP_FILES;
    reset_signals();
    if (plan->is_filtered && agon_install_filter() != 0) return AGON_STEP_FILTER;
    return AGON_STEP_NONE;
}

static int child(void *argument) {
    launch *launch = argument;
    int report[2] = {set_up(launch), errno};
    if (report[0] == AGON_STEP_NONE) {
        if (!launch->plan->arguments) _exit(0);
        exec_program(launch->plan);
        report[0] = AGON_STEP_EXEC;
        report[1] = errno;
    }
    while (write(launch->report, report, sizeof report) < 0 && errno == EINTR) {
    }
    _exit(127);
}

#if defined(__linux__)
static pthread_once_t dumpable_once = PTHREAD_ONCE_INIT;
static int is_dumpable;
static void ask_dumpable(void) { is_dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1; }

static int spawn(launch *launch) {
    const agon_plan *plan = launch->plan;
    int flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
    if (plan->isolation == AGON_NAMESPACES) {
        flags |= CLONE_NEWPID | CLONE_NEWNS;
        if (plan->is_sealed) flags |= CLONE_NEWNET | CLONE_NEWIPC;
        if (launch->caller != 0) flags |= CLONE_NEWUSER;
    }
    pthread_once(&dumpable_once, ask_dumpable);
    char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return -1;
    const int pid = clone(child, stack + STACK_SIZE, flags, launch);
    const int fault = errno;
    munmap(stack, STACK_SIZE);
    // A child that changed its user took this mark from the memory it shared.
    if (is_dumpable) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    errno = fault;
    return pid;
}
#else
static int spawn(launch *launch) {
    const int pid = fork();
    if (pid == 0) child(launch);
    return pid;
}

int agon_enter_namespaces(const launch *launch) {
    (void)launch;
    errno = ENOSYS;
    return AGON_STEP_CLONE;
}

int agon_install_filter(void) {
    errno = ENOSYS;
    return -1;
}

int agon_sandbox_has_filter(void) { return 0; }
#endif

int agon_sandbox_start(const agon_plan *plan, agon_start *start) {
    *start = (agon_start){-1, -1, AGON_STEP_CLONE, 0};
    int ends[2];
    if (agon_pipe(ends) != 0) {
        start->error = errno;
        return -1;
    }
    launch launch = {plan, geteuid(), getegid(), ends[1]};
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    const int pid = spawn(&launch);
    start->error = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    close(ends[1]);
    int report[2] = {AGON_STEP_NONE, 0};
    ssize_t count = 0;
    if (pid > 0) {
        do count = read(ends[0], report, sizeof report);
        while (count < 0 && errno == EINTR);
    }
    close(ends[0]);
    if (pid < 0) return -1;
    if (count == (ssize_t)sizeof report) {
        start->step = report[0];
        start->error = report[1];
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
        return -1;
    }
    start->pid = pid;
    start->step = AGON_STEP_NONE;
    start->error = 0;
#if defined(SYS_pidfd_open)
    start->ended = (int)syscall(SYS_pidfd_open, pid, 0u);
#endif
    return 0;
}
