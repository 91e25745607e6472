#include "fast.h"
#include "resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/// Weights are whole multiples of 2^-22: 8 bits of pixel, 2 of headroom, 32 in all.
#define FRACTION_BITS 22

/// For each target position: the first source position, how many, and their weights.
typedef struct {
  int *first;
  int *count;
  int32_t *weights;
  int stride;
} taps;

static double triangle(double x) {
  x = fabs(x);
  return x < 1 ? 1 - x : 0;
}

static double cubic(double x) {
  const double a = -0.5;
  x = fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

static double clamp(double value, double low, double high) {
  return value < low ? low : value > high ? high : value;
}

static void taps_free(taps *t) {
  free(t->first);
  free(t->count);
  free(t->weights);
}

/// The weights of one axis: `size` source positions, the span `low` to `high` of it, `length`
/// target positions.
static int taps_make(taps *t, int size, double low, double high, int length, int filter) {
  double (*kernel)(double) = filter == VISION_FILTER_BICUBIC ? cubic : triangle;
  double scale = (high - low) / length;
  double stretch = scale < 1 ? 1 : scale;
  double support = (filter == VISION_FILTER_BICUBIC ? 2.0 : 1.0) * stretch;
  // No window is wider than the picture, however large the box.
  double wanted = ceil(support) * 2 + 1;
  t->stride = wanted < size ? (int)wanted : size;
  t->first = malloc((size_t)length * sizeof(int));
  t->count = malloc((size_t)length * sizeof(int));
  t->weights = malloc((size_t)length * (size_t)t->stride * sizeof(int32_t));
  double *exact = malloc((size_t)t->stride * sizeof(double));
  if (!t->first || !t->count || !t->weights || !exact) {
    free(exact);
    return -1;
  }
  for (int i = 0; i < length; i++) {
    double centre = low + (i + 0.5) * scale;
    int first = (int)clamp(floor(centre - support + 0.5), 0, size);
    int end = (int)clamp(floor(centre + support + 0.5), 0, size);
    int count = end - first;
    if (count > t->stride) count = t->stride;
    double sum = 0;
    for (int k = 0; k < count; k++) {
      exact[k] = kernel((k + first - centre + 0.5) / stretch);
      sum += exact[k];
    }
    int32_t *weights = t->weights + (size_t)i * (size_t)t->stride;
    if (count <= 0 || sum <= 0) {
      first = (int)clamp(floor(centre), 0, size - 1);
      count = 1;
      weights[0] = 1 << FRACTION_BITS;
    } else {
      for (int k = 0; k < count; k++) {
        weights[k] = (int32_t)lround(exact[k] / sum * (1 << FRACTION_BITS));
      }
    }
    t->first[i] = first;
    t->count[i] = count;
  }
  free(exact);
  return 0;
}

static inline uint8_t to_byte(int32_t sum) {
  sum >>= FRACTION_BITS;
  return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

/// Lanes of a vector in the column pass: four rows of three colours and a spare byte, or sixteen rows
/// of one byte.
#define LANES 16
typedef uint8_t bytes __attribute__((vector_size(16), aligned(1)));
typedef int32_t sums __attribute__((vector_size(64), aligned(4)));

/// Puts `count` rows of three colours side by side, pixel by pixel. Rows that are not there keep what
/// the line held.
static void interleave_colours(
    const uint8_t *rows, ptrdiff_t stride, int count, int width, uint8_t *line) {
  for (int r = 0; r < count; r++) {
    const uint8_t *from = rows + r * stride;
    uint8_t *to = line + 4 * r;
    // Four bytes at a time; the last pixel must not read beyond its row.
    for (int x = 0; x + 1 < width; x++) memcpy(to + LANES * (size_t)x, from + 3 * (size_t)x, 4);
    memcpy(to + LANES * (size_t)(width - 1), from + 3 * (size_t)(width - 1), 3);
  }
}

static inline __attribute__((always_inline)) void transpose(bytes block[LANES]) {
  bytes other[LANES];
  for (int stage = 0; stage < 2; stage++) {
    // Interleaving the halves four times turns rows into columns.
    for (int i = 0; i < 8; i++) {
      other[2 * i] = __builtin_shufflevector(
          block[i], block[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      other[2 * i + 1] = __builtin_shufflevector(
          block[i], block[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    for (int i = 0; i < 8; i++) {
      block[2 * i] = __builtin_shufflevector(
          other[i], other[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      block[2 * i + 1] = __builtin_shufflevector(
          other[i], other[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
  }
}

/// The same for sixteen rows of one byte a pixel.
FAST static void interleave_plane(
    const uint8_t *rows, ptrdiff_t stride, int count, int width, uint8_t *line) {
  if (count == LANES && width >= LANES) {
    for (int start = 0; start < width; start += LANES) {
      int x = start + LANES <= width ? start : width - LANES;
      bytes block[LANES];
      for (int r = 0; r < LANES; r++) block[r] = *(const bytes *)(rows + r * stride + x);
      transpose(block);
      memcpy(line + LANES * (size_t)x, block, sizeof block);
    }
    return;
  }
  for (int r = 0; r < count; r++)
    for (int x = 0; x < width; x++) line[LANES * (size_t)x + (size_t)r] = rows[r * stride + x];
}

static inline __attribute__((always_inline)) bytes mixed_column(
    const uint8_t *line, const taps *t, int i) {
  const uint8_t *from = line + LANES * (size_t)t->first[i];
  const int32_t *weights = t->weights + (size_t)i * (size_t)t->stride;
  int count = t->count[i];
  sums sum = (sums){0} + (1 << (FRACTION_BITS - 1));
  for (int k = 0; k < count; k++, from += LANES)
    sum += __builtin_convertvector(*(const bytes *)from, sums) * weights[k];
  sum >>= FRACTION_BITS;
  sum = __builtin_elementwise_min(__builtin_elementwise_max(sum, (sums){0}), (sums){0} + 255);
  return __builtin_convertvector(sum, bytes);
}

/// The column pass of four rows of three colours; target rows have four bytes behind them.
FAST static void mix_colour_columns(
    const uint8_t *line, const taps *t, uint8_t *target, size_t stride, int length) {
  for (int i = 0; i < length; i++) {
    bytes packed = mixed_column(line, t, i);
    // The fourth byte is overwritten by the next pixel.
    for (int r = 0; r < 4; r++)
      memcpy(target + (size_t)r * stride + 3 * (size_t)i, (const uint8_t *)&packed + 4 * r, 4);
  }
}

/// The column pass of sixteen rows of one byte; target rows have sixteen bytes behind them.
FAST static void mix_plane_columns(
    const uint8_t *line, const taps *t, uint8_t *target, size_t stride, int length) {
  for (int start = 0; start < length; start += LANES) {
    bytes block[LANES];
    for (int j = 0; j < LANES; j++)
      block[j] = mixed_column(line, t, start + j < length ? start + j : length - 1);
    transpose(block);
    for (int r = 0; r < LANES; r++)
      memcpy(target + (size_t)r * stride + start, &block[r], LANES);
  }
}

/// How many sums of the row pass stay in registers at once.
#define BLOCK 32

/// One row of the row pass.
FAST static void mix_rows(
    const uint8_t *rows, size_t stride, const int32_t *weights, int count, uint8_t *target,
    size_t length) {
  size_t x = 0;
  for (; x + BLOCK <= length; x += BLOCK) {
    int32_t sums[BLOCK];
    for (int j = 0; j < BLOCK; j++) sums[j] = 1 << (FRACTION_BITS - 1);
    for (int k = 0; k < count; k++) {
      const uint8_t *row = rows + (size_t)k * stride + x;
      int32_t weight = weights[k];
      for (int j = 0; j < BLOCK; j++) sums[j] += row[j] * weight;
    }
    for (int j = 0; j < BLOCK; j++) target[x + (size_t)j] = to_byte(sums[j]);
  }
  for (; x < length; x++) {
    int32_t sum = 1 << (FRACTION_BITS - 1);
    for (int k = 0; k < count; k++) sum += rows[(size_t)k * stride + x] * weights[k];
    target[x] = to_byte(sum);
  }
}

struct vision_resampler {
  int channels, width, height, target_width, target_height;
  taps columns, rows;
  /// The source rows that some target row needs.
  int low, high;
  /// Those rows with the target's columns, and the rows that the column pass has in hand.
  uint8_t *middle, *line;
  size_t middle_stride;
};

vision_resampler *vision_resampler_make(
    int channels, int width, int height, double left, double top, double right, double bottom,
    int filter, int target_width, int target_height) {
  vision_resampler *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  r->channels = channels;
  r->width = width;
  r->height = height;
  r->target_width = target_width;
  r->target_height = target_height;
  if (taps_make(&r->columns, width, left, right, target_width, filter) != 0 ||
      taps_make(&r->rows, height, top, bottom, target_height, filter) != 0) {
    vision_resampler_free(r);
    return NULL;
  }
  r->low = height;
  for (int i = 0; i < target_height; i++) {
    int end = r->rows.first[i] + r->rows.count[i];
    if (r->rows.first[i] < r->low) r->low = r->rows.first[i];
    if (end > r->high) r->high = end;
  }
  r->middle_stride = (size_t)target_width * (size_t)channels + LANES;
  r->middle = malloc((size_t)(r->high - r->low + LANES - 1) * r->middle_stride);
  r->line = calloc((size_t)width, LANES);
  if (!r->middle || !r->line) {
    vision_resampler_free(r);
    return NULL;
  }
  return r;
}

void vision_resampler_free(vision_resampler *r) {
  if (!r) return;
  free(r->middle);
  free(r->line);
  taps_free(&r->columns);
  taps_free(&r->rows);
  free(r);
}

void vision_resampler_run(
    vision_resampler *r, const uint8_t *source, ptrdiff_t stride, uint8_t *target,
    ptrdiff_t target_stride) {
  int colours = r->channels == 3, lines = colours ? 4 : LANES;
  for (int y = r->low; y < r->high; y += lines) {
    int count = r->high - y < lines ? r->high - y : lines;
    uint8_t *mixed = r->middle + (size_t)(y - r->low) * r->middle_stride;
    if (colours) {
      interleave_colours(source + y * stride, stride, count, r->width, r->line);
      mix_colour_columns(r->line, &r->columns, mixed, r->middle_stride, r->target_width);
    } else {
      interleave_plane(source + y * stride, stride, count, r->width, r->line);
      mix_plane_columns(r->line, &r->columns, mixed, r->middle_stride, r->target_width);
    }
  }
  for (int i = 0; i < r->target_height; i++) {
    mix_rows(
        r->middle + (size_t)(r->rows.first[i] - r->low) * r->middle_stride, r->middle_stride,
        r->rows.weights + (size_t)i * (size_t)r->rows.stride, r->rows.count[i],
        target + i * target_stride, (size_t)r->target_width * (size_t)r->channels);
  }
}

int vision_resample(
    const uint8_t *source, int width, int height, double left, double top, double right,
    double bottom, int filter, uint8_t *target, int target_width, int target_height) {
  vision_resampler *r = vision_resampler_make(
      3, width, height, left, top, right, bottom, filter, target_width, target_height);
  if (!r) return -1;
  vision_resampler_run(r, source, (ptrdiff_t)width * 3, target, (ptrdiff_t)target_width * 3);
  vision_resampler_free(r);
  return 0;
}

void vision_resample_nearest(
    const uint8_t *source, int width, int height, uint8_t *target, int target_width,
    int target_height) {
  for (int y = 0; y < target_height; y++) {
    size_t from_y = (size_t)((2 * (int64_t)y + 1) * height / (2 * (int64_t)target_height));
    const uint8_t *row = source + from_y * (size_t)width * 3;
    for (int x = 0; x < target_width; x++) {
      size_t from_x = (size_t)((2 * (int64_t)x + 1) * width / (2 * (int64_t)target_width));
      memcpy(target, row + 3 * from_x, 3);
      target += 3;
    }
  }
}
