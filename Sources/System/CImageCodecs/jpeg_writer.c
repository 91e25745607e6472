#include <string.h>

#include "jpeg.h"
#include "jpeg_error.h"

/// Where libjpeg puts its bytes; `base` must be the first member.
typedef struct {
  struct jpeg_destination_mgr base;
  vision_byte_sink *sink;
} destination;

static void offer_room(j_compress_ptr codec, size_t extra) {
  destination *target = (destination *)codec->dest;
  if (vision_byte_sink_reserve(target->sink, extra) != 0) ERREXIT1(codec, JERR_OUT_OF_MEMORY, 0);
  target->base.next_output_byte = target->sink->bytes + target->sink->count;
  target->base.free_in_buffer = target->sink->capacity - target->sink->count;
}

static void start(j_compress_ptr codec) {
  offer_room(codec, (size_t)codec->image_width * codec->image_height / 4 + 4096);
}

/// libjpeg calls this when the whole block is used, and asks that its counters be ignored.
static boolean refill(j_compress_ptr codec) {
  destination *target = (destination *)codec->dest;
  target->sink->count = target->sink->capacity;
  offer_room(codec, target->sink->capacity);
  return TRUE;
}

static void finish(j_compress_ptr codec) {
  destination *target = (destination *)codec->dest;
  target->sink->count = target->sink->capacity - target->base.free_in_buffer;
}

int vision_jpeg_encode(
    const uint8_t *pixels, int width, int height, int quality, vision_byte_sink *sink) {
  struct jpeg_compress_struct codec;
  vision_jpeg_error error;
  destination target;
  memset(&codec, 0, sizeof codec);
  memset(&target, 0, sizeof target);
  target.base.init_destination = start;
  target.base.empty_output_buffer = refill;
  target.base.term_destination = finish;
  target.sink = sink;
  codec.err = vision_jpeg_error_setup(&error);
  if (setjmp(error.jump)) {
    memcpy(sink->message, error.message, sizeof sink->message);
    jpeg_destroy_compress(&codec);
    return -1;
  }
  jpeg_create_compress(&codec);
  codec.dest = &target.base;
  codec.image_width = (JDIMENSION)width;
  codec.image_height = (JDIMENSION)height;
  codec.input_components = 3;
  codec.in_color_space = JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, quality, TRUE);
  jpeg_start_compress(&codec, TRUE);
  while (codec.next_scanline < codec.image_height) {
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)codec.next_scanline * (size_t)width * 3);
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  return 0;
}
