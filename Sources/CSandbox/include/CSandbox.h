#ifndef CSANDBOX_H
#define CSANDBOX_H

#include <stddef.h>
#include <stdint.h>

/// How far a program is kept apart from the machine.
enum {
    /// Namespaces of its own: processes, mounts and, where it is sealed, network and System V IPC.
    AGON_NAMESPACES = 0,
    /// A user id that nothing else has.
    AGON_PRIVATE_USER = 1,
    /// Limits on resources alone.
    AGON_LIMITS = 2,
};

/// The step at which a start failed.
enum {
    AGON_STEP_NONE = 0,
    AGON_STEP_CLONE,
    AGON_STEP_DESCRIPTORS,
    AGON_STEP_USER_MAP,
    AGON_STEP_MOUNT,
    AGON_STEP_VISIBLE,
    AGON_STEP_ROOT,
    AGON_STEP_FOLDER,
    AGON_STEP_LIMITS,
    AGON_STEP_USER,
    AGON_STEP_FILES,
    AGON_STEP_FILTER,
    AGON_STEP_EXEC,
};

/// What is to be started, and what it may do. Lists of text end with NULL.
typedef struct {
    /// Its arguments, the program first; NULL tries everything except the program.
    const char *const *arguments;
    const char *const *environment;
    /// The working folder. Where the program is sealed in namespaces, an empty folder on which its root is mounted.
    const char *folder;
    /// Files and folders of the machine that a sealed program may read beside the system's own.
    const char *const *visible;
    /// Files that lie in the working folder when it starts.
    const char *const *file_names;
    const uint8_t *const *file_bytes;
    const size_t *file_lengths;
    size_t file_count;
    int isolation;
    /// Whether it has neither network nor the machine's files.
    int is_sealed;
    /// Whether system calls that a sealed program has no need of are refused.
    int is_filtered;
    /// Descriptors that become 0, 1 and 2.
    int input, output, errors;
    /// The user id that it runs under; 0 keeps the caller's.
    uint32_t user;
    /// Limits; 0 is none.
    uint64_t cpu_seconds, memory_bytes, process_count, file_count_limit, disk_bytes;
} agon_plan;

/// What came of a start.
typedef struct {
    int pid;
    /// Becomes readable when the program ends; -1 where the system has no such thing.
    int ended;
    /// Where it failed and with what `errno`; `AGON_STEP_NONE` where it runs.
    int step, error;
} agon_start;

/// Starts a program in a session of its own. It is killed when the calling thread ends.
/// Returns 0 where it runs; else -1, and nothing is left of it.
int agon_sandbox_start(const agon_plan *plan, agon_start *start);

/// Whether system calls can be filtered on this kind of machine at all.
int agon_sandbox_has_filter(void);

/// Takes a user id that no account, and no other program that was started so, has.
/// Returns the id and a descriptor that holds it until it is closed; 0 where there is none.
uint32_t agon_user_lease(int *descriptor);

/// Kills every process of a leased user id. Returns how many rounds found one alive, -1 where it cannot be asked.
int agon_user_kill(uint32_t user);

/// A pipe both of whose ends are closed on exec. Returns 0, or -1 with `errno`.
int agon_pipe(int ends[2]);

/// Reads and writes of this thread on the descriptor return instead of waiting.
int agon_no_wait(int descriptor);

/// A write to a closed pipe is an error on this thread, not the end of the process.
void agon_ignore_broken_pipes(void);

/// Waits for the program's end and returns its wait status; -1 where it is no child.
/// Seconds of processor time and the status go where the pointers say. `block` 0 returns 0 at once where it runs on.
int agon_wait(int pid, int block, int *status, double *cpu_seconds);

#endif
