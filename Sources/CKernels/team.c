#include "AgonTeam.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

// About 30 microseconds.
#define SPIN_LIMIT 2000
// The gradient of weights keeps its panels on the stack.
#define STACK_SIZE (2 << 20)

typedef struct {
    agon_team *team;
    int part;
    pthread_t thread;
} member;

struct agon_team {
    int size;
    member *members;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    atomic_int busy;
    atomic_uint_fast64_t round;  // raised when work is there
    atomic_int pending;          // parts of this round that have not returned
    atomic_int sleepers;         // members in `wake`
    atomic_int owner_sleeps;     // the caller is in `done`
    void (*work)(void *context, int part);
    void *context;
};

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// A sleeper announces itself, then looks again under the lock; whoever ends its wait changes the state first and looks
// for sleepers after. Both orders are sequentially consistent, so that one of the two sees the other.
static void await_round(agon_team *team, uint_fast64_t seen) {
    for (int i = 0; i < SPIN_LIMIT; i++) {
        if (atomic_load_explicit(&team->round, memory_order_acquire) != seen) return;
        relax();
    }
    pthread_mutex_lock(&team->lock);
    atomic_fetch_add(&team->sleepers, 1);
    while (atomic_load(&team->round) == seen) pthread_cond_wait(&team->wake, &team->lock);
    atomic_fetch_sub(&team->sleepers, 1);
    pthread_mutex_unlock(&team->lock);
}

static void *serve(void *argument) {
    member *self = argument;
    agon_team *team = self->team;
    for (uint_fast64_t seen = 0;; seen++) {
        await_round(team, seen);
        if (!team->work) return 0;
        team->work(team->context, self->part);
        if (atomic_fetch_sub(&team->pending, 1) == 1 && atomic_load(&team->owner_sleeps)) {
            pthread_mutex_lock(&team->lock);
            pthread_cond_signal(&team->done);
            pthread_mutex_unlock(&team->lock);
        }
    }
}

static void begin_round(agon_team *team, void (*work)(void *context, int part), void *context) {
    team->work = work;
    team->context = context;
    atomic_store(&team->pending, team->size - 1);
    atomic_fetch_add(&team->round, 1);
    if (atomic_load(&team->sleepers)) {
        pthread_mutex_lock(&team->lock);
        pthread_cond_broadcast(&team->wake);
        pthread_mutex_unlock(&team->lock);
    }
}

agon_team *agon_team_create(int size) {
    agon_team *team = calloc(1, sizeof *team);
    member *members = calloc(size > 0 ? (size_t)size : 1, sizeof *members);
    if (!team || !members) {
        free(team);
        free(members);
        return 0;
    }
    team->members = members;
    team->size = 1;
    pthread_mutex_init(&team->lock, 0);
    pthread_cond_init(&team->wake, 0);
    pthread_cond_init(&team->done, 0);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    while (team->size < size) {
        member *next = &members[team->size];
        next->team = team;
        next->part = team->size;
        if (pthread_create(&next->thread, &attributes, serve, next)) break;
        team->size++;
    }
    pthread_attr_destroy(&attributes);
    return team;
}

int agon_team_size(const agon_team *team) { return team->size; }

void agon_team_run(agon_team *team, void (*work)(void *context, int part), void *context) {
    if (team->size == 1 || atomic_exchange(&team->busy, 1)) {
        for (int part = 0; part < team->size; part++) work(context, part);
        return;
    }
    begin_round(team, work, context);
    work(context, 0);
    for (int i = 0; i < SPIN_LIMIT && atomic_load_explicit(&team->pending, memory_order_acquire); i++) relax();
    if (atomic_load(&team->pending)) {
        pthread_mutex_lock(&team->lock);
        atomic_store(&team->owner_sleeps, 1);
        while (atomic_load(&team->pending)) pthread_cond_wait(&team->done, &team->lock);
        atomic_store(&team->owner_sleeps, 0);
        pthread_mutex_unlock(&team->lock);
    }
    atomic_store(&team->busy, 0);
}

void agon_team_destroy(agon_team *team) {
    begin_round(team, 0, 0);
    for (int part = 1; part < team->size; part++) pthread_join(team->members[part].thread, 0);
    pthread_cond_destroy(&team->done);
    pthread_cond_destroy(&team->wake);
    pthread_mutex_destroy(&team->lock);
    free(team->members);
    free(team);
}
