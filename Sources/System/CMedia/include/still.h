#ifndef CMedia_still_h
#define CMedia_still_h

#include <stddef.h>
#include <stdint.h>

/// How reading a still picture ended.
enum {
  VISION_STILL_DONE = 0,
  /// The bytes are in no still-picture format FFmpeg knows.
  VISION_STILL_UNKNOWN = 1,
  /// More pixels than asked for; width and height are set.
  VISION_STILL_TOO_LARGE = 2,
  /// Anything else; the message is set.
  VISION_STILL_FAILED = 3
};

/// A still picture decoded by FFmpeg, or the reason why not.
typedef struct {
  /// `height * width * 3` bytes of red, green, blue, to be freed with `vision_still_free`.
  uint8_t *pixels;
  int width;
  int height;
  /// FFmpeg's name of the format, "" while unknown.
  char format[32];
  char message[256];
} vision_still;

/// Decodes the first picture of a file held in memory. Alpha is dropped.
///
/// Only still-picture formats are tried, none of which opens another file.
int vision_still_decode(
    const uint8_t *bytes, size_t count, int64_t pixel_limit, vision_still *still);

/// The name of the format, and the reason of a failure.
const char *vision_still_format(const vision_still *still);
const char *vision_still_message(const vision_still *still);

/// Releases the pixels.
void vision_still_free(vision_still *still);

#endif
