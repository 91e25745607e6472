// Large buffers, cut from one range of addresses and joined again when they come back.
#ifndef ck_arena_h
#define ck_arena_h
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

// The caller holds the lock of the buffer pool in all of these.
// NULL when the system has no memory; `grown` tells how many bytes were taken from the system.
void *ck_arena_take(int64_t bytes, int64_t *grown);
void ck_arena_give(void *buffer);
// Lets the system have the pages of everything that is free.
void ck_arena_trim(void);
#endif
