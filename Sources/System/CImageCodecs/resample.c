#include "resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// One build for machines with AVX2 and one for all others, chosen when the program is loaded.
#if defined(__x86_64__) && defined(__GLIBC__)
#define FAST __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define FAST
#endif

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

/// Rows that the column pass takes at once: four pixels of three colours and a spare byte each fill
/// the lanes of a vector.
#define LINES 4
typedef uint8_t bytes __attribute__((vector_size(16), aligned(1)));
typedef int32_t sums __attribute__((vector_size(64), aligned(4)));

/// Puts `count` rows side by side, pixel by pixel: 4 bytes for each of LINES rows. Rows that are not
/// there keep what the line held.
static void interleave(const uint8_t *rows, size_t stride, int count, int width, uint8_t *line) {
  for (int r = 0; r < count; r++) {
    const uint8_t *from = rows + (size_t)r * stride;
    uint8_t *to = line + 4 * r;
    // Four bytes at a time; the last pixel must not read beyond its row.
    for (int x = 0; x + 1 < width; x++) memcpy(to + 4 * LINES * (size_t)x, from + 3 * (size_t)x, 4);
    memcpy(to + 4 * LINES * (size_t)(width - 1), from + 3 * (size_t)(width - 1), 3);
  }
}

/// The column pass of LINES rows; target rows have four bytes behind them.
FAST static void mix_columns(
    const uint8_t *line, const taps *t, uint8_t *target, size_t stride, int length) {
  for (int i = 0; i < length; i++) {
    const uint8_t *from = line + 4 * LINES * (size_t)t->first[i];
    const int32_t *weights = t->weights + (size_t)i * (size_t)t->stride;
    int count = t->count[i];
    sums sum = (sums){0} + (1 << (FRACTION_BITS - 1));
    for (int k = 0; k < count; k++, from += 4 * LINES)
      sum += __builtin_convertvector(*(const bytes *)from, sums) * weights[k];
    sum >>= FRACTION_BITS;
    sum = __builtin_elementwise_min(__builtin_elementwise_max(sum, (sums){0}), (sums){0} + 255);
    bytes packed = __builtin_convertvector(sum, bytes);
    // The fourth byte is overwritten by the next pixel.
    for (int r = 0; r < LINES; r++)
      memcpy(target + (size_t)r * stride + 3 * (size_t)i, (const uint8_t *)&packed + 4 * r, 4);
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

int vision_resample(
    const uint8_t *source, int width, int height, double left, double top, double right,
    double bottom, int filter, uint8_t *target, int target_width, int target_height) {
  taps columns = {0}, rows = {0};
  uint8_t *middle = NULL, *line = NULL;
  int result = -1;
  if (taps_make(&columns, width, left, right, target_width, filter) == 0 &&
      taps_make(&rows, height, top, bottom, target_height, filter) == 0) {
    // Only the source rows that some target row needs.
    int low = height, high = 0;
    for (int i = 0; i < target_height; i++) {
      if (rows.first[i] < low) low = rows.first[i];
      if (rows.first[i] + rows.count[i] > high) high = rows.first[i] + rows.count[i];
    }
    size_t length = (size_t)target_width * 3, stride = length + 4;
    middle = malloc((size_t)(high - low + LINES - 1) * stride);
    line = calloc((size_t)width, 4 * LINES);
    if (middle && line) {
      size_t source_stride = (size_t)width * 3;
      for (int y = low; y < high; y += LINES) {
        interleave(
            source + (size_t)y * source_stride, source_stride, high - y < LINES ? high - y : LINES,
            width, line);
        mix_columns(line, &columns, middle + (size_t)(y - low) * stride, stride, target_width);
      }
      for (int i = 0; i < target_height; i++) {
        mix_rows(
            middle + (size_t)(rows.first[i] - low) * stride, stride,
            rows.weights + (size_t)i * (size_t)rows.stride, rows.count[i],
            target + (size_t)i * length, length);
      }
      result = 0;
    }
  }
  free(middle);
  free(line);
  taps_free(&columns);
  taps_free(&rows);
  return result;
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
