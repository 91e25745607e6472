#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(vision_byte_sink *sink, const char *reason) {
  snprintf(sink->message, sizeof sink->message, "%s", reason);
  return -1;
}

/// Reads up to the end of the file, which may have changed size since it was measured.
static int read_all(int descriptor, size_t limit, vision_byte_sink *sink) {
  for (;;) {
    if (sink->count > limit) return fail(sink, "the file is too large for a picture");
    // One byte more than asked, so that the end of the file is seen without growing the block.
    size_t room = sink->capacity - sink->count;
    if (room == 0) {
      if (vision_byte_sink_reserve(sink, 65536) != 0) return fail(sink, "memory is short");
      room = sink->capacity - sink->count;
    }
    ssize_t got = read(descriptor, sink->bytes + sink->count, room);
    if (got == 0) return 0;
    if (got < 0) {
      if (errno == EINTR) continue;
      return fail(sink, strerror(errno));
    }
    sink->count += (size_t)got;
  }
}

int vision_file_read(const char *path, size_t limit, vision_byte_sink *sink) {
  // Non-blocking: opening a pipe nobody writes to must not hang. It has no effect on files.
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return fail(sink, strerror(errno));
  struct stat status;
  int result;
  if (fstat(descriptor, &status) != 0) {
    result = fail(sink, strerror(errno));
  } else if (S_ISDIR(status.st_mode)) {
    result = fail(sink, "it is a folder");
  } else if (!S_ISREG(status.st_mode)) {
    result = fail(sink, "it is not a regular file");
  } else if (status.st_size < 0 || (uintmax_t)status.st_size > limit) {
    result = fail(sink, "the file is too large for a picture");
  } else if (vision_byte_sink_reserve(sink, (size_t)status.st_size + 1) != 0) {
    result = fail(sink, "memory is short");
  } else {
    result = read_all(descriptor, limit, sink);
  }
  close(descriptor);
  return result;
}
