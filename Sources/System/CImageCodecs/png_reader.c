#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "png_picture.h"

struct vision_png_reader {
  png_structp codec;
  png_infop info;
  jmp_buf jump;
  const uint8_t *bytes;
  size_t count;
  size_t position;
  char message[VISION_MESSAGE_SIZE];
};

static void leave(png_structp codec, png_const_charp text) {
  vision_png_reader *reader = png_get_error_ptr(codec);
  snprintf(reader->message, sizeof reader->message, "%s", text);
  longjmp(reader->jump, 1);
}

/// libpng warns about chunks beside the pixels, which we do not use.
static void ignore(png_structp codec, png_const_charp text) {
  (void)codec;
  (void)text;
}

static void supply(png_structp codec, png_bytep target, size_t count) {
  vision_png_reader *reader = png_get_io_ptr(codec);
  if (count > reader->count - reader->position) png_error(codec, "the file ends early");
  memcpy(target, reader->bytes + reader->position, count);
  reader->position += count;
}

vision_png_reader *vision_png_open(const uint8_t *bytes, size_t count) {
  vision_png_reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  reader->bytes = bytes;
  reader->count = count;
  return reader;
}

int vision_png_read_header(vision_png_reader *reader) {
  if (setjmp(reader->jump)) return -1;
  reader->codec = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, leave, ignore);
  if (reader->codec) reader->info = png_create_info_struct(reader->codec);
  if (!reader->info) {
    snprintf(reader->message, sizeof reader->message, "libpng could not start");
    return -1;
  }
  png_set_read_fn(reader->codec, reader, supply);
  png_read_info(reader->codec, reader->info);
  // Deflate shrinks 1032 times at best. A damaged size must not claim all memory.
  png_uint_32 width = png_get_image_width(reader->codec, reader->info);
  png_uint_32 height = png_get_image_height(reader->codec, reader->info);
  uint64_t row = png_get_rowbytes(reader->codec, reader->info);
  if (row * height / 1032 > reader->count) {
    snprintf(
        reader->message, sizeof reader->message, "the file is too short for %u by %u pixels",
        (unsigned)width, (unsigned)height);
    return -1;
  }
  return 0;
}

int vision_png_width(const vision_png_reader *reader) {
  return (int)png_get_image_width(reader->codec, reader->info);
}

int vision_png_height(const vision_png_reader *reader) {
  return (int)png_get_image_height(reader->codec, reader->info);
}

int vision_png_read_pixels(vision_png_reader *reader, uint8_t *pixels) {
  png_structp codec = reader->codec;
  if (setjmp(reader->jump)) return -1;
  png_set_expand(codec);
  png_set_strip_16(codec);
  png_set_gray_to_rgb(codec);
  png_set_strip_alpha(codec);
  int passes = png_set_interlace_handling(codec);
  png_read_update_info(codec, reader->info);
  size_t stride = (size_t)png_get_image_width(codec, reader->info) * 3;
  if (png_get_rowbytes(codec, reader->info) != stride) {
    png_error(codec, "its pixels do not convert to red, green, blue");
  }
  png_uint_32 height = png_get_image_height(codec, reader->info);
  for (int pass = 0; pass < passes; pass++) {
    for (png_uint_32 y = 0; y < height; y++) png_read_row(codec, pixels + y * stride, NULL);
  }
  png_read_end(codec, reader->info);
  return 0;
}

const uint8_t *vision_png_exif(const vision_png_reader *reader, size_t *count) {
  *count = 0;
#ifdef PNG_eXIf_SUPPORTED
  png_uint_32 size = 0;
  png_bytep block = NULL;
  if (png_get_eXIf_1(reader->codec, reader->info, &size, &block) && block) {
    *count = size;
    return block;
  }
#endif
  return NULL;
}

const char *vision_png_message(const vision_png_reader *reader) { return reader->message; }

void vision_png_close(vision_png_reader *reader) {
  if (!reader) return;
  if (reader->codec) png_destroy_read_struct(&reader->codec, &reader->info, NULL);
  free(reader);
}
