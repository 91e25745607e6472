// Float buffers that a steady training step takes none of from the system: small ones are kept by
// size class, large ones are cut from an arena.
#include "arena.h"
#include "internal.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { class_count = 128, alignment = 64, largest_small = 1 << 19 };

typedef struct free_buffer {
  struct free_buffer *next;
} free_buffer;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static free_buffer *free_lists[class_count];
static ck_buffer_statistics statistics;

// Classes: eight steps to each power of two, from 64 bytes on.
static int size_class(int64_t bytes, int64_t *rounded) {
  if (bytes <= 512) {
    *rounded = (bytes + 63) / 64 * 64;
    if (*rounded == 0) *rounded = 64;
    return (int)(*rounded / 64) - 1;
  }
  int power = 63 - __builtin_clzll((uint64_t)(bytes - 1));
  int64_t step = ((int64_t)1 << power) / 8;
  int64_t steps = (bytes - ((int64_t)1 << power) + step - 1) / step;
  *rounded = ((int64_t)1 << power) + steps * step;
  return 8 + (power - 9) * 8 + (int)steps - 1;
}

static int64_t class_bytes(int index) {
  if (index < 8) return (index + 1) * 64;
  int power = 9 + (index - 8) / 8, steps = (index - 8) % 8 + 1;
  return ((int64_t)1 << power) + steps * (((int64_t)1 << power) / 8);
}

// A free buffer of this class or of one up to twice as large: batches of changing size then share
// buffers instead of filling every class.
enum { larger_classes = 8 };
static free_buffer *find(int index, int *found) {
  for (int i = index; i <= index + larger_classes && i < class_count; i++) {
    if (!free_lists[i]) continue;
    free_buffer *buffer = free_lists[i];
    free_lists[i] = buffer->next;
    *found = i;
    return buffer;
  }
  return NULL;
}

static void *take_large(int64_t bytes, int64_t *rounded) {
  int64_t grown;
  *rounded = (bytes + 63) / 64 * 64;
  void *buffer = ck_arena_take(*rounded, &grown);
  if (grown > 0) {
    statistics.system_allocations++;
    statistics.system_bytes += grown;
  }
  return buffer;
}
static void *take_small(int64_t bytes, int64_t *rounded) {
  int found, index = size_class(bytes, rounded);
  free_buffer *buffer = find(index, &found);
  if (buffer) {
    *rounded = class_bytes(found);
    return buffer;
  }
  void *memory = NULL;
  if (posix_memalign(&memory, alignment, (size_t)*rounded) != 0) return NULL;
  statistics.system_allocations++;
  statistics.system_bytes += *rounded;
  return memory;
}

// What stands around the sentence on standard output, for programs that read it there.
static struct {
  int is_set;
  char before[64], after[64];
} last_words;

void ck_buffer_set_last_words(const char *before, const char *after) {
  pthread_mutex_lock(&lock);
  last_words.is_set = 1;
  snprintf(last_words.before, sizeof last_words.before, "%s", before);
  snprintf(last_words.after, sizeof last_words.after, "%s", after);
  pthread_mutex_unlock(&lock);
}

static void put(int file, const char *text, size_t length) {
  while (length > 0) {
    ssize_t written = write(file, text, length);
    if (written <= 0) return;
    text += written;
    length -= (size_t)written;
  }
}

// There is nothing to go back to: whoever asked for the buffer has no result without it. So the process
// says what it lacks and ends, with the exit code of an internal error. Nothing here needs memory.
static _Noreturn void end_without_memory(int64_t bytes) {
  const double mebibyte = 1 << 20;
  char sentence[320];
  int length = snprintf(
      sentence, sizeof sentence,
      "Out of memory: %.1f MiB more were asked for, and %.1f MiB are in use by tensors; take a smaller "
      "batch or smaller pictures, or set model.activationCheckpointing=true.\n",
      (double)bytes / mebibyte, (double)statistics.in_use_bytes / mebibyte);
  if (length <= 0 || length >= (int)sizeof sentence) _exit(70);
  put(STDERR_FILENO, sentence, (size_t)length);
  if (last_words.is_set) {
    put(STDOUT_FILENO, last_words.before, strlen(last_words.before));
    put(STDOUT_FILENO, sentence, (size_t)length - 1);
    put(STDOUT_FILENO, last_words.after, strlen(last_words.after));
  }
  _exit(70);
}

float *ck_buffer_take(int64_t count, int64_t *capacity) {
  int64_t bytes = count * (int64_t)sizeof(float), rounded;
  pthread_mutex_lock(&lock);
  // The largest size class ends where large buffers begin.
  void *buffer =
      bytes > largest_small ? take_large(bytes, &rounded) : take_small(bytes, &rounded);
  if (!buffer) end_without_memory(bytes);
  statistics.in_use_bytes += rounded;
  if (statistics.in_use_bytes > statistics.peak_in_use_bytes)
    statistics.peak_in_use_bytes = statistics.in_use_bytes;
  pthread_mutex_unlock(&lock);
  *capacity = rounded / (int64_t)sizeof(float);
  return buffer;
}

void ck_buffer_give(float *buffer, int64_t capacity) {
  int64_t bytes = capacity * (int64_t)sizeof(float);
  pthread_mutex_lock(&lock);
  statistics.in_use_bytes -= bytes;
  if (bytes > largest_small) {
    ck_arena_give(buffer);
  } else {
    int64_t rounded;
    int index = size_class(bytes, &rounded);
    free_buffer *entry = (free_buffer *)buffer;
    entry->next = free_lists[index];
    free_lists[index] = entry;
  }
  pthread_mutex_unlock(&lock);
}

void ck_buffer_trim(void) {
  pthread_mutex_lock(&lock);
  for (int index = 0; index < class_count; index++) {
    while (free_lists[index]) {
      free_buffer *buffer = free_lists[index];
      free_lists[index] = buffer->next;
      free(buffer);
    }
  }
  ck_arena_trim();
  statistics.system_bytes = statistics.in_use_bytes;
  pthread_mutex_unlock(&lock);
}

ck_buffer_statistics ck_buffer_report(void) {
  pthread_mutex_lock(&lock);
  ck_buffer_statistics copy = statistics;
  pthread_mutex_unlock(&lock);
  return copy;
}

int64_t ck_peak_resident_bytes(void) {
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
#if defined(__APPLE__)
  return usage.ru_maxrss;
#else
  return (int64_t)usage.ru_maxrss * 1024;
#endif
}
