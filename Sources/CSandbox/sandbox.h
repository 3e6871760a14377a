#ifndef SANDBOX_H
#define SANDBOX_H

#include "CSandbox.h"

#include <sys/types.h>

/// A start under way, shared by the caller and the child that becomes the program.
typedef struct {
    const agon_plan *plan;
    /// The caller's ids, outside of any namespace.
    uid_t caller;
    gid_t caller_group;
    /// Where the child says what failed; closed by a successful exec.
    int report;
} launch;

/// Each returns 0, or the step that failed with `errno` set. All are called in the child.
int agon_enter_namespaces(const launch *launch);
int agon_install_filter(void);

/// The path of `name` below `folder` in `buffer`, which has room for AGON_PATH bytes. Returns `buffer`, or NULL.
char *agon_join(char *buffer, const char *folder, const char *name);
enum { AGON_PATH = 4096 };

#endif
