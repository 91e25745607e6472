#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
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

/// Opens a new file in the folder of `path`; its name, to be freed, goes to `temporary`.
static int open_beside(const char *path, char **temporary) {
  const char *slash = strrchr(path, '/');
  size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
  size_t size = folder + 64;
  char *name = malloc(size);
  *temporary = name;
  if (!name) {
    errno = ENOMEM;
    return -1;
  }
  memcpy(name, path, folder);
  for (int attempt = 0; attempt < 100; attempt++) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(
        name + folder, size - folder, ".writing-%ld-%ld-%d", (long)getpid(), (long)now.tv_nsec,
        attempt);
    int descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST) return descriptor;
  }
  return -1;
}

static int write_all(int descriptor, const uint8_t *bytes, size_t count) {
  while (count > 0) {
    ssize_t done = write(descriptor, bytes, count);
    if (done < 0) {
      if (errno == EINTR) continue;
      return -1;
    }
    bytes += done;
    count -= (size_t)done;
  }
  return 0;
}

int vision_file_write(
    const char *path, const uint8_t *bytes, size_t count, vision_byte_sink *sink) {
  char *temporary = NULL;
  int descriptor = open_beside(path, &temporary);
  int reason = descriptor < 0 ? errno : 0;
  if (descriptor >= 0) {
    if (write_all(descriptor, bytes, count) != 0) reason = errno;
    if (close(descriptor) != 0 && !reason) reason = errno;
    if (!reason && rename(temporary, path) != 0) reason = errno;
    if (reason) unlink(temporary);
  }
  free(temporary);
  return reason ? fail(sink, strerror(reason)) : 0;
}
