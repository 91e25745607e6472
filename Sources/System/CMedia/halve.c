#include "fast.h"
#include "resample.h"

#include <stdlib.h>

// A triangle of twice the width weighs the four nearest rows and columns 1, 3, 3, 1. Beyond the
// border the weights are left out and the sum is divided by what remains.

static int clamped(int value, int last) { return value < 0 ? 0 : value > last ? last : value; }

/// A value at the border, where one or both of its outer weights are missing.
static uint8_t at_border(
    const uint8_t *source, ptrdiff_t stride, int width, int height, int x, int y) {
  static const int weights[4] = {1, 3, 3, 1};
  int sum = 0, total = 0;
  for (int j = 0; j < 4; j++) {
    int row = 2 * y - 1 + j;
    if (row != clamped(row, height - 1)) continue;
    for (int i = 0; i < 4; i++) {
      int column = 2 * x - 1 + i;
      if (column != clamped(column, width - 1)) continue;
      sum += weights[j] * weights[i] * source[row * stride + column];
      total += weights[j] * weights[i];
    }
  }
  return (uint8_t)((sum + total / 2) / total);
}

/// The weighted sums of four rows, in `sums`, and from them the values 1 to `count` - 2 of a row.
FAST static void halve_row(
    const uint8_t *rows, ptrdiff_t stride, uint16_t *restrict sums, uint8_t *restrict target,
    int count) {
  const uint8_t *a = rows, *b = rows + stride, *c = rows + 2 * stride, *d = rows + 3 * stride;
  for (int x = 0; x < 2 * count; x++) sums[x] = (uint16_t)(a[x] + 3 * (b[x] + c[x]) + d[x]);
  for (int x = 1; x < count - 1; x++) {
    const uint16_t *s = sums + 2 * x;
    uint16_t sum = (uint16_t)(s[-1] + 3 * (s[0] + s[1]) + s[2]);
    target[x] = (uint8_t)((sum + 32) >> 6);
  }
}

int vision_halve(
    const uint8_t *source, ptrdiff_t stride, int width, int height, uint8_t *target,
    ptrdiff_t target_stride) {
  int columns = width / 2, rows = height / 2;
  uint16_t *sums = malloc((size_t)width * sizeof *sums);
  if (!sums) return -1;
  for (int y = 0; y < rows; y++) {
    uint8_t *row = target + y * target_stride;
    int is_border = y == 0 || y == rows - 1;
    if (!is_border) halve_row(source + (2 * y - 1) * stride, stride, sums, row, columns);
    for (int x = 0; x < columns; x += is_border || x == columns - 1 ? 1 : columns - 1)
      row[x] = at_border(source, stride, width, height, x, y);
  }
  free(sums);
  return 0;
}
