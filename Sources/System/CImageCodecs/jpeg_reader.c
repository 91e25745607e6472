#include <stdlib.h>
#include <string.h>

#include "jpeg.h"
#include "jpeg_error.h"

/// More scans than any encoder writes; each costs a pass over the picture.
#define SCAN_LIMIT 100

struct vision_jpeg_reader {
  struct jpeg_decompress_struct codec;
  struct jpeg_progress_mgr progress;
  vision_jpeg_error error;
  const uint8_t *bytes;
  size_t count;
  int created;
};

static void watch_scans(j_common_ptr common) {
  j_decompress_ptr codec = (j_decompress_ptr)common;
  if (codec->input_scan_number <= SCAN_LIMIT) return;
  vision_jpeg_reader *reader = (vision_jpeg_reader *)common->client_data;
  snprintf(
      reader->error.message, sizeof reader->error.message, "it has more than %d scans",
      SCAN_LIMIT);
  longjmp(reader->error.jump, 1);
}

vision_jpeg_reader *vision_jpeg_open(const uint8_t *bytes, size_t count) {
  vision_jpeg_reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  reader->bytes = bytes;
  reader->count = count;
  return reader;
}

int vision_jpeg_read_header(vision_jpeg_reader *reader) {
  j_decompress_ptr codec = &reader->codec;
  codec->err = vision_jpeg_error_setup(&reader->error);
  if (setjmp(reader->error.jump)) return -1;
  jpeg_create_decompress(codec);
  reader->created = 1;
  codec->client_data = reader;
  reader->progress.progress_monitor = watch_scans;
  codec->progress = &reader->progress;
  jpeg_mem_src(codec, (unsigned char *)reader->bytes, (unsigned long)reader->count);
  jpeg_save_markers(codec, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(codec, TRUE);
  // A Huffman code has at least one bit for every block of 64 samples, and uneven subsampling
  // stores at least one sample for four pixels. A damaged size must not claim all memory.
  uint64_t pixel_count = (uint64_t)codec->image_width * codec->image_height;
  if (!codec->arith_code && pixel_count / 2048 > reader->count) {
    snprintf(
        reader->error.message, sizeof reader->error.message,
        "the file is too short for %u by %u pixels", codec->image_width, codec->image_height);
    return -1;
  }
  return 0;
}

int vision_jpeg_width(const vision_jpeg_reader *reader) { return (int)reader->codec.image_width; }

int vision_jpeg_height(const vision_jpeg_reader *reader) {
  return (int)reader->codec.image_height;
}

const uint8_t *vision_jpeg_exif(const vision_jpeg_reader *reader, size_t *count) {
  static const char tag[6] = {'E', 'x', 'i', 'f', 0, 0};
  for (jpeg_saved_marker_ptr marker = reader->codec.marker_list; marker; marker = marker->next) {
    if (marker->marker != JPEG_APP0 + 1 || marker->data_length <= sizeof tag) continue;
    if (memcmp(marker->data, tag, sizeof tag) != 0) continue;
    *count = marker->data_length - sizeof tag;
    return marker->data + sizeof tag;
  }
  *count = 0;
  return NULL;
}

int vision_jpeg_start(vision_jpeg_reader *reader, int eighths, int *width, int *height) {
  j_decompress_ptr codec = &reader->codec;
  if (setjmp(reader->error.jump)) return -1;
  int has_black = codec->jpeg_color_space == JCS_CMYK || codec->jpeg_color_space == JCS_YCCK;
  codec->out_color_space = has_black ? JCS_CMYK : JCS_RGB;
  codec->scale_num = (unsigned)eighths;
  codec->scale_denom = 8;
  jpeg_calc_output_dimensions(codec);
  *width = (int)codec->output_width;
  *height = (int)codec->output_height;
  return 0;
}

/// Four inks to light. Files hold the inks inverted (Adobe's convention), so a byte is the light
/// its ink lets through; the product is rounded as Pillow does it.
static void convert_inks(const uint8_t *inks, uint8_t *pixels, int width) {
  for (int x = 0; x < width; x++) {
    int black = inks[4 * x + 3];
    for (int c = 0; c < 3; c++) {
      int product = (255 - inks[4 * x + c]) * black + 128;
      pixels[3 * x + c] = (uint8_t)(black - (((product >> 8) + product) >> 8));
    }
  }
}

int vision_jpeg_read_pixels(vision_jpeg_reader *reader, uint8_t *pixels) {
  j_decompress_ptr codec = &reader->codec;
  if (setjmp(reader->error.jump)) return -1;
  jpeg_start_decompress(codec);
  size_t stride = (size_t)codec->output_width * 3;
  if (codec->out_color_space == JCS_CMYK) {
    JSAMPARRAY inks = codec->mem->alloc_sarray(
        (j_common_ptr)codec, JPOOL_IMAGE, codec->output_width * 4, 1);
    while (codec->output_scanline < codec->output_height) {
      uint8_t *row = pixels + codec->output_scanline * stride;
      jpeg_read_scanlines(codec, inks, 1);
      convert_inks(inks[0], row, (int)codec->output_width);
    }
  } else {
    while (codec->output_scanline < codec->output_height) {
      JSAMPROW rows[8];
      JDIMENSION left = codec->output_height - codec->output_scanline;
      JDIMENSION count = left < 8 ? left : 8;
      for (JDIMENSION i = 0; i < count; i++) {
        rows[i] = pixels + (codec->output_scanline + i) * stride;
      }
      jpeg_read_scanlines(codec, rows, count);
    }
  }
  // Reads on to the end marker, so that a file cut short anywhere is noticed.
  jpeg_finish_decompress(codec);
  return 0;
}

const char *vision_jpeg_message(const vision_jpeg_reader *reader) {
  return reader->error.message;
}

void vision_jpeg_close(vision_jpeg_reader *reader) {
  if (!reader) return;
  if (reader->created) jpeg_destroy_decompress(&reader->codec);
  free(reader);
}
