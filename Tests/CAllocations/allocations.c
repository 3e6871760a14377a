#include "CAllocations.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define AGON_SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(AGON_SANITIZED)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);
extern size_t malloc_usable_size(void *memory);

static _Thread_local int counting;
static _Thread_local long held, most;

static void *took(void *memory) {
    if (counting && memory) {
        held += (long)malloc_usable_size(memory);
        if (held > most) most = held;
    }
    return memory;
}

void *malloc(size_t size) { return took(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return took(__libc_calloc(count, size)); }

void *memalign(size_t alignment, size_t size) { return took(__libc_memalign(alignment, size)); }

void *aligned_alloc(size_t alignment, size_t size) { return took(__libc_memalign(alignment, size)); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) || (alignment & (alignment - 1)) || !alignment) return EINVAL;
    void *taken = took(__libc_memalign(alignment, size));
    if (!taken) return ENOMEM;
    *memory = taken;
    return 0;
}

void *realloc(void *memory, size_t size) {
    const long before = counting && memory ? (long)malloc_usable_size(memory) : 0;
    void *grown = __libc_realloc(memory, size);
    if (grown || !size) held -= before;
    return took(grown);
}

void free(void *memory) {
    if (counting && memory) held -= (long)malloc_usable_size(memory);
    __libc_free(memory);
}

int agon_allocations_begin(void) {
    held = most = 0;
    counting = 1;
    return 1;
}

long agon_allocations_end(void) {
    counting = 0;
    return most;
}

#else

int agon_allocations_begin(void) { return 0; }
long agon_allocations_end(void) { return 0; }

#endif
