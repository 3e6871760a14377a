#if defined(__linux__)
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static int write_text(const char *path, const char *text) {
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    const ssize_t count = write(file, text, strlen(text));
    close(file);
    return count == (ssize_t)strlen(text) ? 0 : -1;
}

// In a user namespace the caller keeps its own id, and has no other.
static int map_user(const launch *launch) {
    char text[64];
    if (write_text("/proc/self/setgroups", "deny") != 0 && errno != ENOENT) return -1;
    snprintf(text, sizeof text, "%u %u 1", launch->caller, launch->caller);
    if (write_text("/proc/self/uid_map", text) != 0) return -1;
    snprintf(text, sizeof text, "%u %u 1", launch->caller_group, launch->caller_group);
    return write_text("/proc/self/gid_map", text);
}

static int make_folders(char *path, mode_t mode) {
    for (char *place = path + 1; *place; place++) {
        if (*place != '/') continue;
        *place = 0;
        const int fault = mkdir(path, 0755) != 0 && errno != EEXIST;
        *place = '/';
        if (fault) return -1;
    }
    return mkdir(path, mode) != 0 && errno != EEXIST ? -1 : 0;
}

static int make_read_only(const char *target) {
#if defined(SYS_mount_setattr)
    struct {
        uint64_t set, clear, propagation, userns;
    } attributes = {0x1 | 0x2, 0, 0, 0};  // read-only, no setuid; with everything mounted below
    if (syscall(SYS_mount_setattr, AT_FDCWD, target, 0x8000 /* recursive */, &attributes, sizeof attributes) == 0) return 0;
#endif
    struct statvfs state;
    if (statvfs(target, &state) != 0) return -1;
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID;
    if (state.f_flag & ST_NODEV) flags |= MS_NODEV;
    if (state.f_flag & ST_NOEXEC) flags |= MS_NOEXEC;
    if (state.f_flag & ST_NOATIME) flags |= MS_NOATIME;
    if (state.f_flag & ST_NODIRATIME) flags |= MS_NODIRATIME;
    if (state.f_flag & ST_RELATIME) flags |= MS_RELATIME;
    return mount(NULL, target, NULL, flags, NULL);
}

// Shows a file or folder of the machine at the same path below the new root.
static int show(const char *root, const char *path, int read_only) {
    char target[AGON_PATH], link[AGON_PATH];
    struct stat state;
    if (lstat(path, &state) != 0) return -1;
    if (!agon_join(target, root, path)) return -1;
    char *name = strrchr(target, '/');
    *name = 0;
    if (strlen(target) > strlen(root) && make_folders(target, 0755) != 0) return -1;
    *name = '/';
    if (S_ISLNK(state.st_mode)) {
        const ssize_t length = readlink(path, link, sizeof link - 1);
        if (length < 0) return -1;
        link[length] = 0;
        return symlink(link, target) != 0 && errno != EEXIST ? -1 : 0;
    }
    if (S_ISDIR(state.st_mode)) {
        if (mkdir(target, 0755) != 0 && errno != EEXIST) return -1;
    } else {
        const int file = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (file >= 0) close(file);
    }
    if (mount(path, target, NULL, MS_BIND | MS_REC, NULL) != 0) return -1;
    return read_only ? make_read_only(target) : 0;
}

// The folders that the program may write, all of one quota: its working folder, /tmp and /dev/shm.
static int make_box(const agon_plan *plan, const char *root) {
    static const char *const places[3][2] = {{"box/work", "work"}, {"box/tmp", "tmp"}, {"box/shm", "dev/shm"}};
    char box[AGON_PATH], inside[AGON_PATH], outside[AGON_PATH], options[64];
    if (!agon_join(box, root, "box") || mkdir(box, 0755) != 0) return -1;
    snprintf(options, sizeof options, "mode=755,nr_inodes=20000,size=%llu", (unsigned long long)plan->disk_bytes);
    if (mount("tmpfs", box, "tmpfs", MS_NOSUID | MS_NODEV, options) != 0) return -1;
    for (int i = 0; i < 3; i++) {
        if (!agon_join(inside, root, places[i][0]) || !agon_join(outside, root, places[i][1])) return -1;
        if (mkdir(inside, 0700) != 0 || make_folders(outside, 0755) != 0) return -1;
        if (plan->user && chown(inside, plan->user, plan->user) != 0) return -1;
        if (mount(inside, outside, NULL, MS_BIND, NULL) != 0) return -1;
    }
    return umount2(box, MNT_DETACH) != 0 || rmdir(box) != 0 ? -1 : 0;
}

static int make_devices(const char *root) {
    static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};
    static const char *const links[][2] = {
        {"/proc/self/fd", "dev/fd"}, {"/proc/self/fd/0", "dev/stdin"}, {"/proc/self/fd/1", "dev/stdout"},
        {"/proc/self/fd/2", "dev/stderr"}};
    char path[AGON_PATH];
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        if (show(root, devices[i], 0) != 0) return -1;
    }
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        if (!agon_join(path, root, links[i][1]) || symlink(links[i][0], path) != 0) return -1;
    }
    return 0;
}

static int enter_root(const agon_plan *plan) {
    static const char *const system[] = {
        "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives", "/etc/ld.so.cache"};
    const char *root = plan->folder;
    char path[AGON_PATH];
    if (mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,nr_inodes=4000,size=1m") != 0) return AGON_STEP_MOUNT;
    for (size_t i = 0; i < sizeof system / sizeof *system; i++) {
        if (show(root, system[i], 1) != 0 && errno != ENOENT) return AGON_STEP_MOUNT;
    }
    if (make_box(plan, root) != 0 || make_devices(root) != 0) return AGON_STEP_MOUNT;
    for (size_t i = 0; plan->visible && plan->visible[i]; i++) {
        if (show(root, plan->visible[i], 1) != 0) return AGON_STEP_VISIBLE;
    }
    if (!agon_join(path, root, "proc") || mkdir(path, 0555) != 0) return AGON_STEP_MOUNT;
    // Some containers forbid it; the program then goes without.
    (void)mount("proc", path, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    if (chdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0) return AGON_STEP_ROOT;
    if (chdir("/") != 0 || mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) != 0) {
        return AGON_STEP_ROOT;
    }
    return AGON_STEP_NONE;
}

int agon_enter_namespaces(const launch *launch) {
    if (launch->caller != 0 && map_user(launch) != 0) return AGON_STEP_USER_MAP;
    if (mount(NULL, "/", NULL, MS_REC | (launch->plan->is_sealed ? MS_PRIVATE : MS_SLAVE), NULL) != 0) return AGON_STEP_MOUNT;
    if (launch->plan->is_sealed) return enter_root(launch->plan);
    // The machine's own list of processes would not know the program by the ids that it sees.
    return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0 ? AGON_STEP_NONE : AGON_STEP_MOUNT;
}
#endif
