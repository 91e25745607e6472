#include "byte_sink.h"

#include <stdlib.h>
#include <string.h>

int vision_byte_sink_reserve(vision_byte_sink *sink, size_t extra) {
  if (extra > SIZE_MAX / 4 - sink->count) return -1;
  size_t needed = sink->count + extra;
  if (needed <= sink->capacity) return 0;
  size_t capacity = sink->capacity < 4096 ? 4096 : sink->capacity * 2;
  if (capacity < needed) capacity = needed;
  uint8_t *bytes = realloc(sink->bytes, capacity);
  if (!bytes) return -1;
  sink->bytes = bytes;
  sink->capacity = capacity;
  return 0;
}

int vision_byte_sink_append(vision_byte_sink *sink, const uint8_t *bytes, size_t count) {
  if (vision_byte_sink_reserve(sink, count) != 0) return -1;
  if (count) memcpy(sink->bytes + sink->count, bytes, count);
  sink->count += count;
  return 0;
}

void vision_byte_sink_free(vision_byte_sink *sink) {
  free(sink->bytes);
  sink->bytes = NULL;
  sink->count = 0;
  sink->capacity = 0;
}

const char *vision_byte_sink_message(const vision_byte_sink *sink) { return sink->message; }
