#ifndef CImageCodecs_byte_sink_h
#define CImageCodecs_byte_sink_h

#include <stddef.h>
#include <stdint.h>

/// Room for one error sentence, including the closing zero.
#define VISION_MESSAGE_SIZE 256

/// Bytes an encoder produced, or the sentence that says why it did not.
typedef struct {
  uint8_t *bytes;
  size_t count;
  size_t capacity;
  char message[VISION_MESSAGE_SIZE];
} vision_byte_sink;

/// Appends bytes; returns 0, or -1 when memory is short.
int vision_byte_sink_append(vision_byte_sink *sink, const uint8_t *bytes, size_t count);

/// Makes room for at least `extra` more bytes; returns 0, or -1 when memory is short.
int vision_byte_sink_reserve(vision_byte_sink *sink, size_t extra);

/// Gives the bytes back.
void vision_byte_sink_free(vision_byte_sink *sink);

/// The sentence of a failed encoder.
const char *vision_byte_sink_message(const vision_byte_sink *sink);

#endif
