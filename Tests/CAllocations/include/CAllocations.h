// How many bytes a thread holds at most between two moments, by an allocator that counts for it.
//
// Linking this target puts its `malloc` before glibc's. Where there is no glibc, or a sanitizer brings an allocator of
// its own, nothing is counted.

#ifndef AGON_ALLOCATIONS_H
#define AGON_ALLOCATIONS_H

// Begins to count on this thread, from nothing. Returns 0 where nothing can be counted.
int agon_allocations_begin(void);
// Stops, and returns the greatest number of bytes that were held at once beyond those held at the beginning.
long agon_allocations_end(void);

#endif
