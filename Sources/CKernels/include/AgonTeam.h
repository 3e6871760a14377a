// A few threads that compute parts of one piece of work: bounded spinning, then sleep.
//
// Work comes in rounds of some ten microseconds, hundreds of them a step. Between two rounds a thread spins for about
// as long as waking it would take, and then sleeps: on a machine that others use as well, spinning without bound would
// take their time.

#ifndef AGON_TEAM_H
#define AGON_TEAM_H

typedef struct agon_team agon_team;

// A team of `size` threads, the caller of `agon_team_run` among them. Fewer where the system gives no more; null
// without memory.
agon_team *agon_team_create(int size);
int agon_team_size(const agon_team *team);
// Calls work(context, part) once for each part 0 … size−1 and returns when all have returned. A call from within a
// part, or from a second thread meanwhile, computes its parts one after the other.
void agon_team_run(agon_team *team, void (*work)(void *context, int part), void *context);
// Ends the threads; no run may be under way.
void agon_team_destroy(agon_team *team);

#endif
