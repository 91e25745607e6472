#include <setjmp.h>
#include <stdio.h>

#include <png.h>

#include "png_picture.h"

typedef struct {
  vision_byte_sink *sink;
  jmp_buf jump;
} writer;

static void leave(png_structp codec, png_const_charp text) {
  writer *state = png_get_error_ptr(codec);
  snprintf(state->sink->message, sizeof state->sink->message, "%s", text);
  longjmp(state->jump, 1);
}

static void ignore(png_structp codec, png_const_charp text) {
  (void)codec;
  (void)text;
}

static void store(png_structp codec, png_bytep bytes, size_t count) {
  writer *state = png_get_io_ptr(codec);
  if (vision_byte_sink_append(state->sink, bytes, count) != 0) {
    png_error(codec, "memory is short");
  }
}

static void flush(png_structp codec) { (void)codec; }

int vision_png_encode(const uint8_t *pixels, int width, int height, vision_byte_sink *sink) {
  writer state;
  state.sink = sink;
  // Volatile: both are set between setjmp and a possible jump back.
  png_structp volatile codec = NULL;
  png_infop volatile info = NULL;
  int result = -1;
  if (!setjmp(state.jump)) {
    codec = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state, leave, ignore);
    if (codec) info = png_create_info_struct(codec);
    if (info) {
      png_set_write_fn(codec, &state, store, flush);
      png_set_IHDR(
          codec, info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_RGB,
          PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
      png_write_info(codec, info);
      size_t stride = (size_t)width * 3;
      for (int y = 0; y < height; y++) png_write_row(codec, pixels + (size_t)y * stride);
      png_write_end(codec, info);
      // Not volatile: assigned after the last call that can jump.
      result = 0;
    } else {
      snprintf(sink->message, sizeof sink->message, "libpng could not start");
    }
  }
  png_structp made = codec;
  png_infop made_info = info;
  if (made) png_destroy_write_struct(&made, &made_info);
  return result;
}
