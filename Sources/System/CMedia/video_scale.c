// Scaling of planar YUV: each plane is resampled by itself, to the size of the picture, and then
// becomes red, green and blue. All sums are of whole numbers, so a picture is the same everywhere.
#include "fast.h"
#include "video_private.h"

#include <string.h>

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>

// A plane in the size of the picture, and the resampler of the last size that frames had.
typedef struct plane_scaler {
  uint8_t *pixels;
  vision_resampler *resampler;
  int width, height, shift_x, shift_y;
} plane_scaler;

struct vision_plane_scaler {
  int width, height;
  plane_scaler planes[3];
};

vision_plane_scaler *vision_plane_scaler_make(int width, int height) {
  vision_plane_scaler *scaler = av_mallocz(sizeof *scaler);
  if (!scaler) return NULL;
  scaler->width = width;
  scaler->height = height;
  return scaler;
}

void vision_plane_scaler_free(vision_plane_scaler *scaler) {
  if (!scaler) return;
  for (int i = 0; i < 3; i++) {
    vision_resampler_free(scaler->planes[i].resampler);
    av_free(scaler->planes[i].pixels);
  }
  av_free(scaler);
}

int vision_plane_scaler_takes(enum AVPixelFormat format) {
  const AVPixFmtDescriptor *layout = av_pix_fmt_desc_get(format);
  const uint64_t unlike = AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL;
  if (!layout || layout->nb_components != 3 || !(layout->flags & AV_PIX_FMT_FLAG_PLANAR)
      || (layout->flags & unlike))
    return 0;
  for (int i = 0; i < 3; i++) {
    const AVComponentDescriptor *component = &layout->comp[i];
    if (component->plane != i || component->step != 1 || component->depth != 8
        || component->shift != 0 || component->offset != 0)
      return 0;
  }
  return 1;
}

static int prepare(plane_scaler *plane, const vision_plane_scaler *scaler, const AVFrame *frame,
                   int shift_x, int shift_y) {
  if (plane->resampler && plane->width == frame->width && plane->height == frame->height
      && plane->shift_x == shift_x && plane->shift_y == shift_y)
    return 0;
  vision_resampler_free(plane->resampler);
  // The last sample of an odd side covers pixels that are not there.
  plane->resampler = vision_resampler_make(
    1, AV_CEIL_RSHIFT(frame->width, shift_x), AV_CEIL_RSHIFT(frame->height, shift_y), 0, 0,
    frame->width / (double)(1 << shift_x), frame->height / (double)(1 << shift_y),
    VISION_FILTER_BILINEAR, scaler->width, scaler->height);
  if (!plane->resampler) return AVERROR(ENOMEM);
  plane->width = frame->width;
  plane->height = frame->height;
  plane->shift_x = shift_x;
  plane->shift_y = shift_y;
  return 0;
}

// Brings a plane to the size of the picture. `shift_x` and `shift_y` say how much smaller it is than
// the frame.
static int scale_plane(plane_scaler *plane, const vision_plane_scaler *scaler,
                       const AVFrame *frame, int index, int shift_x, int shift_y) {
  const int width = scaler->width, height = scaler->height;
  if (!plane->pixels) plane->pixels = av_malloc((size_t)width * (size_t)height);
  if (!plane->pixels) return AVERROR(ENOMEM);
  const uint8_t *rows = frame->data[index];
  ptrdiff_t stride = frame->linesize[index];
  if (frame->width == (2 * width) << shift_x && frame->height == (2 * height) << shift_y)
    return vision_halve(rows, stride, 2 * width, 2 * height, plane->pixels, width) == 0
      ? 0 : AVERROR(ENOMEM);
  int code = prepare(plane, scaler, frame, shift_x, shift_y);
  if (code == 0) vision_resampler_run(plane->resampler, rows, stride, plane->pixels, width);
  return code;
}

// Colours as whole multiples of 2^-16 of the samples' distances from black and grey.
typedef struct colour_weights {
  int32_t black, luma, red_from_v, green_from_u, green_from_v, blue_from_u;
} colour_weights;

static colour_weights weights_of(const AVFrame *frame, int full_range) {
  const int *table = vision_video_coefficients(frame);
  colour_weights weights = {16, (1 << 16) * 255 / 219, table[0], -table[2], -table[3], table[1]};
  if (full_range) {
    // The table is for colour differences of 224 steps.
    weights = (colour_weights){0, 1 << 16, (int32_t)(table[0] * INT64_C(224) / 255),
                               (int32_t)(-table[2] * INT64_C(224) / 255),
                               (int32_t)(-table[3] * INT64_C(224) / 255),
                               (int32_t)(table[1] * INT64_C(224) / 255)};
  }
  return weights;
}

enum { lanes = 16 };
typedef uint8_t bytes __attribute__((vector_size(16), aligned(1)));
typedef int32_t numbers __attribute__((vector_size(64), aligned(4)));

static inline __attribute__((always_inline)) bytes to_bytes(const numbers *value) {
  numbers sum = (*value + (1 << 15)) >> 16;
  sum = __builtin_elementwise_min(__builtin_elementwise_max(sum, (numbers){0}), (numbers){0} + 255);
  return __builtin_convertvector(sum, bytes);
}

static inline __attribute__((always_inline)) void mix_pixels(
  const colour_weights *weights, bytes y, bytes u, bytes v, bytes rgb[3]) {
  numbers light = (__builtin_convertvector(y, numbers) - weights->black) * weights->luma;
  numbers to_blue = __builtin_convertvector(u, numbers) - 128;
  numbers to_red = __builtin_convertvector(v, numbers) - 128;
  numbers sums[3] = {light + to_red * weights->red_from_v,
                     light + to_blue * weights->green_from_u + to_red * weights->green_from_v,
                     light + to_blue * weights->blue_from_u};
  bytes red = to_bytes(&sums[0]), green = to_bytes(&sums[1]), blue = to_bytes(&sums[2]);
  // Red and green first, with room for blue, then blue.
  bytes first = __builtin_shufflevector(red, green, 0, 16, -1, 1, 17, -1, 2, 18, -1, 3, 19, -1, 4,
                                        20, -1, 5);
  bytes second = __builtin_shufflevector(red, green, 21, -1, 6, 22, -1, 7, 23, -1, 8, 24, -1, 9, 25,
                                         -1, 10, 26);
  bytes third = __builtin_shufflevector(red, green, -1, 11, 27, -1, 12, 28, -1, 13, 29, -1, 14, 30,
                                        -1, 15, 31, -1);
  rgb[0] = __builtin_shufflevector(first, blue, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20,
                                   15);
  rgb[1] = __builtin_shufflevector(second, blue, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25,
                                   14, 15);
  rgb[2] = __builtin_shufflevector(third, blue, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13,
                                   14, 31);
}

FAST static void mix_row(const colour_weights *weights, const uint8_t *y, const uint8_t *u,
                    const uint8_t *v, uint8_t *rgb, int width) {
  int x = 0;
  for (; x + lanes <= width; x += lanes)
    mix_pixels(weights, *(const bytes *)(y + x), *(const bytes *)(u + x), *(const bytes *)(v + x),
               (bytes *)(rgb + 3 * x));
  if (x == width) return;
  bytes last[3] = {{0}}, mixed[3];
  const uint8_t *rows[3] = {y, u, v};
  for (int i = 0; i < 3; i++) memcpy(&last[i], rows[i] + x, (size_t)(width - x));
  mix_pixels(weights, last[0], last[1], last[2], mixed);
  memcpy(rgb + 3 * x, mixed, (size_t)(width - x) * 3);
}

int vision_plane_scaler_run(vision_plane_scaler *scaler, const AVFrame *frame, uint8_t *rgb,
                            int stride) {
  int full_range = frame->color_range == AVCOL_RANGE_JPEG;
  enum AVPixelFormat format = vision_video_plain_format(frame->format, &full_range);
  const AVPixFmtDescriptor *layout = av_pix_fmt_desc_get(format);
  const int width = scaler->width, height = scaler->height;
  const uint8_t *rows[3];
  ptrdiff_t strides[3];
  for (int i = 0; i < 3; i++) {
    int shift_x = i ? layout->log2_chroma_w : 0, shift_y = i ? layout->log2_chroma_h : 0;
    rows[i] = frame->data[i];
    strides[i] = frame->linesize[i];
    // Colours of half the size, which most videos have, need nothing in a picture of half the size.
    if (frame->width == width << shift_x && frame->height == height << shift_y) continue;
    int code = scale_plane(&scaler->planes[i], scaler, frame, i, shift_x, shift_y);
    if (code < 0) return code;
    rows[i] = scaler->planes[i].pixels;
    strides[i] = width;
  }
  colour_weights weights = weights_of(frame, full_range);
  for (int line = 0; line < height; line++)
    mix_row(&weights, rows[0] + line * strides[0], rows[1] + line * strides[1],
            rows[2] + line * strides[2], rgb + (ptrdiff_t)line * stride, width);
  return 0;
}
