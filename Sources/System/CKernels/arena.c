// Best fit with joining of neighbours. What one phase of a training step frees serves the next one,
// whatever the sizes: size classes would keep the largest total of every class instead.
#include "arena.h"
#include <sys/mman.h>
#include <unistd.h>

#if !defined(MAP_NORESERVE)
#define MAP_NORESERVE 0
#endif

// In front of every buffer; its size keeps buffers aligned to cache lines.
typedef struct block {
  struct block *before, *after;          // neighbours in memory, in the same range
  struct block *previous_free, *next_free;
  int64_t bytes;                         // with this header
  int64_t is_free;
  struct range *range;
  int64_t padding;
} block;
_Static_assert(sizeof(block) == 64, "a header fills one cache line");

// Addresses reserved from the system; memory comes with first use. Lies at the start of its range.
typedef struct range {
  char *top, *end;
  block *last;
  struct range *next;
} range;

enum { smallest_rest = 1 << 12, growth = 1 << 20 };

static block *free_blocks;
static range *ranges;

static void push_free(block *b) {
  b->is_free = 1;
  b->previous_free = NULL;
  b->next_free = free_blocks;
  if (free_blocks) free_blocks->previous_free = b;
  free_blocks = b;
}
static void remove_free(block *b) {
  b->is_free = 0;
  if (b->previous_free) b->previous_free->next_free = b->next_free;
  else free_blocks = b->next_free;
  if (b->next_free) b->next_free->previous_free = b->previous_free;
}

static range *reserve(int64_t bytes) {
  // A limit on addresses may refuse a wide range; a narrow one is as good until it is full.
  for (int64_t size = (int64_t)1 << 38;; size >>= 2) {
    if (size < bytes + growth) size = bytes + growth;
    void *memory = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED) {
#if defined(MADV_HUGEPAGE)
      madvise(memory, (size_t)size, MADV_HUGEPAGE);
#endif
      range *r = memory;
      *r = (range){.top = (char *)memory + 64, .end = (char *)memory + size, .next = ranges};
      ranges = r;
      return r;
    }
    if (size <= bytes + growth) return NULL;
  }
}

// The rest of a block behind its first `bytes` becomes free.
static void split(block *b, int64_t bytes) {
  if (b->bytes - bytes < smallest_rest) return;
  block *rest = (block *)((char *)b + bytes);
  *rest = (block){.before = b, .after = b->after, .bytes = b->bytes - bytes, .range = b->range};
  if (rest->after) rest->after->before = rest;
  else b->range->last = rest;
  b->after = rest;
  b->bytes = bytes;
  push_free(rest);
}

void *ck_arena_take(int64_t bytes, int64_t *grown) {
  int64_t needed = (bytes + 63) / 64 * 64 + (int64_t)sizeof(block);
  *grown = 0;
  block *best = NULL;
  for (block *b = free_blocks; b; b = b->next_free)
    if (b->bytes >= needed && (!best || b->bytes < best->bytes)) best = b;
  if (best) {
    remove_free(best);
    split(best, needed);
    return best + 1;
  }
  range *r = ranges;
  block *last = r ? r->last : NULL;
  int64_t missing = last && last->is_free ? needed - last->bytes : needed;
  if (!r || r->end - r->top < missing) {
    r = reserve(needed + 64);
    if (!r) return NULL;
    last = NULL;
    missing = needed;
  }
  *grown = missing;
  if (last && last->is_free) {
    remove_free(last);
    last->bytes = needed;
  } else {
    block *b = (block *)r->top;
    *b = (block){.before = last, .bytes = needed, .range = r};
    if (last) last->after = b;
    r->last = last = b;
  }
  r->top += missing;
  return last + 1;
}

void ck_arena_give(void *buffer) {
  block *b = (block *)buffer - 1;
  block *after = b->after, *before = b->before;
  if (after && after->is_free) {
    remove_free(after);
    b->bytes += after->bytes;
    b->after = after->after;
    if (b->after) b->after->before = b;
    else b->range->last = b;
  }
  if (before && before->is_free) {
    remove_free(before);
    before->bytes += b->bytes;
    before->after = b->after;
    if (before->after) before->after->before = before;
    else before->range->last = before;
    b = before;
  }
  push_free(b);
}

void ck_arena_trim(void) {
  int64_t page = sysconf(_SC_PAGESIZE);
  for (block *b = free_blocks; b; b = b->next_free) {
    uintptr_t first = ((uintptr_t)(b + 1) + (uintptr_t)page - 1) / (uintptr_t)page * (uintptr_t)page;
    uintptr_t end = ((uintptr_t)b + (uintptr_t)b->bytes) / (uintptr_t)page * (uintptr_t)page;
    if (end > first) madvise((void *)first, end - first, MADV_DONTNEED);
  }
}
