// One process-wide thread pool: workers spin for a short while, then sleep; parts come from a counter.
#include "internal.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { max_threads = 64, spins_before_sleep = 20000, spins_before_yield = 2000 };

static pthread_mutex_t call_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
// Written under call_lock, read by any thread.
static _Atomic int thread_count = 1;
static int started_workers = 0;
static _Thread_local bool inside_part = false;

static struct {
  ck_part_function function;
  void *context;
  int parts;
} job;
static _Atomic uint64_t generation = 0;
static _Atomic int next_part = 0;
static _Atomic int active_workers = 0;
static _Atomic int allowed_workers = 0;
static _Atomic int sleepers = 0;
// The last job before a worker was made: it must not take part in that one.
static uint64_t first_seen[max_threads];

CK_INLINE void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void run_parts(void) {
  inside_part = true;
  for (;;) {
    int part = atomic_fetch_add_explicit(&next_part, 1, memory_order_relaxed);
    if (part >= job.parts) break;
    job.function(job.context, part);
  }
  inside_part = false;
}

static void *worker(void *argument) {
  int index = (int)(intptr_t)argument;
  uint64_t seen = first_seen[index];
  for (;;) {
    int spins = 0;
    uint64_t now;
    while ((now = atomic_load_explicit(&generation, memory_order_acquire)) == seen) {
      if (++spins < spins_before_sleep) {
        relax();
        continue;
      }
      pthread_mutex_lock(&sleep_lock);
      atomic_fetch_add(&sleepers, 1);
      while (atomic_load(&generation) == seen) pthread_cond_wait(&wake, &sleep_lock);
      atomic_fetch_sub(&sleepers, 1);
      pthread_mutex_unlock(&sleep_lock);
    }
    seen = now;
    if (index < atomic_load(&allowed_workers)) run_parts();
    atomic_fetch_sub_explicit(&active_workers, 1, memory_order_release);
  }
  return NULL;
}

void ck_pool_configure(int threads) {
  if (threads < 1) threads = 1;
  if (threads > max_threads) threads = max_threads;
  pthread_mutex_lock(&call_lock);
  // The matrix library must stay single-threaded: its own workers busy-wait and fight with ours.
  openblas_set_num_threads(1);
  while (started_workers < threads - 1) {
    pthread_t thread;
    first_seen[started_workers] = atomic_load(&generation);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 4 << 20);
    int failed = pthread_create(&thread, &attributes, worker, (void *)(intptr_t)started_workers);
    pthread_attr_destroy(&attributes);
    if (failed) break;
    started_workers++;
  }
  atomic_store_explicit(&thread_count,
                        threads <= started_workers + 1 ? threads : started_workers + 1,
                        memory_order_relaxed);
  pthread_mutex_unlock(&call_lock);
}

void ck_pool_leave(void) { inside_part = true; }

int ck_pool_threads(void) {
  return atomic_load_explicit(&thread_count, memory_order_relaxed);
}

void ck_parallel(int parts, ck_part_function function, void *context) {
  if (parts <= 0) return;
  if (parts == 1 || ck_pool_threads() == 1 || inside_part ||
      pthread_mutex_trylock(&call_lock) != 0) {
    for (int part = 0; part < parts; part++) function(context, part);
    return;
  }
  job.function = function;
  job.context = context;
  job.parts = parts;
  atomic_store_explicit(&next_part, 0, memory_order_relaxed);
  atomic_store_explicit(&allowed_workers, ck_pool_threads() - 1, memory_order_relaxed);
  atomic_store_explicit(&active_workers, started_workers, memory_order_relaxed);
  atomic_fetch_add(&generation, 1);
  if (atomic_load(&sleepers) > 0) {
    pthread_mutex_lock(&sleep_lock);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&sleep_lock);
  }
  run_parts();
  // A worker that lost its core to another program needs this one: give it up after a short while.
  for (int spins = 0; atomic_load_explicit(&active_workers, memory_order_acquire) > 0; spins++) {
    if (spins < spins_before_yield) relax();
    else sched_yield();
  }
  pthread_mutex_unlock(&call_lock);
}
