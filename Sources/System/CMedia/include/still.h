#ifndef CMedia_still_h
#define CMedia_still_h

#include <stddef.h>
#include <stdint.h>

/// How reading a still picture ended.
enum {
  VISION_STILL_DONE = 0,
  /// The bytes are in no still-picture format FFmpeg knows.
  VISION_STILL_UNKNOWN = 1,
  /// Anything else; the message is set.
  VISION_STILL_FAILED = 2
};

/// A still picture decoded by FFmpeg, or the reason why not.
typedef struct {
  /// `height` rows, `stride` bytes apart, of `width` times red, green, blue.
  uint8_t *rows;
  int stride;
  int width;
  int height;
  /// FFmpeg's name of the format, "" while unknown.
  char format[32];
  char message[512];
} vision_still;

/// Decodes the first picture of a file held in memory, unless it has more pixels than
/// `pixel_limit`. Alpha is dropped.
///
/// Only still-picture formats are tried, none of which opens another file.
int vision_still_decode(
    const uint8_t *bytes, size_t count, int64_t pixel_limit, vision_still *still);

/// The name of the format, and the reason of a failure.
const char *vision_still_format(const vision_still *still);
const char *vision_still_message(const vision_still *still);

/// Copies the pixels of a decoded picture to `height * width * 3` bytes.
void vision_still_copy(const vision_still *still, uint8_t *pixels);

/// Releases the pixels.
void vision_still_free(vision_still *still);

#endif
