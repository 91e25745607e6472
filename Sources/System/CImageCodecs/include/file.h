#ifndef CImageCodecs_file_h
#define CImageCodecs_file_h

#include "byte_sink.h"

/// Reads a whole regular file of at most `limit` bytes.
///
/// Returns 0, or -1 with the reason in the message of `sink`. Devices, pipes and folders are
/// refused: reading them may never end.
int vision_file_read(const char *path, size_t limit, vision_byte_sink *sink);

/// Writes a file that appears complete or not at all: beside its place first, then renamed.
///
/// Returns 0, or -1 with the reason in the message of `sink`, which is not used otherwise.
int vision_file_write(
    const char *path, const uint8_t *bytes, size_t count, vision_byte_sink *sink);

#endif
