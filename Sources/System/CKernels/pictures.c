// Pictures to network input: one pass from stored bytes to cropped, coloured, normalised floats.
#include "internal.h"

typedef struct {
  float *y;
  const ck_picture *pictures;
  const float *mean, *deviation;
  int64_t height, width;
} picture_job;

// The most taps that one output position can have.
static int64_t tap_capacity(float length, int64_t output) {
  float scale = length / (float)output;
  return 2 * (int64_t)ceilf(scale > 1 ? scale : 1) + 2;
}

// Antialiased triangle filter along one axis: taps of output position `index`.
static int taps(float start, float length, int64_t output, int64_t index, int32_t *first,
                float *weights, int64_t capacity) {
  float scale = length / (float)output, support = scale > 1 ? scale : 1;
  float centre = start + ((float)index + 0.5f) * scale, total = 0;
  int32_t low = (int32_t)floorf(centre - support + 0.5f);
  int32_t high = (int32_t)floorf(centre + support + 0.5f);
  if (high - low > capacity) high = low + (int32_t)capacity;
  *first = low;
  int count = 0;
  for (int32_t i = low; i < high; i++) {
    float w = 1 - fabsf(((float)i + 0.5f - centre) / support);
    weights[count++] = w > 0 ? w : 0;
    total += weights[count - 1];
  }
  if (count == 0) {
    *first = (int32_t)floorf(centre);
    weights[count++] = total = 1;
  }
  for (int i = 0; i < count; i++) weights[i] /= total;
  return count;
}

static void colour_table(float *table, const ck_picture *p, int channel, float mean,
                         float deviation) {
  // Values are resampled as 0...255 in steps of 1/4, so one table of 1,024 entries serves.
  for (int i = 0; i < 1024; i++) {
    float v = p->gain[channel] * ((float)i / 1020.0f) + p->offset[channel];
    v = v < 0 ? 0 : (v > 1 ? 1 : v);
    if (p->gamma != 1) v = powf(v, p->gamma);
    table[i] = (v - mean) / deviation;
  }
}

CK_INLINE int32_t within(int32_t i, int32_t count) {
  return i < 0 ? 0 : (i >= count ? count - 1 : i);
}

// One source row, resampled to the output's width.
static void horizontal_row(float *row, const uint8_t *line, int32_t line_width, int64_t w,
                           const int32_t *firsts, const int32_t *counts, const float *weights,
                           int64_t capacity) {
  for (int64_t x = 0; x < w; x++) {
    float r = 0, g = 0, b = 0;
    const float *t = weights + x * capacity;
    for (int u = 0; u < counts[x]; u++) {
      const uint8_t *pixel = line + (int64_t)within(firsts[x] + u, line_width) * 3;
      r += t[u] * pixel[0];
      g += t[u] * pixel[1];
      b += t[u] * pixel[2];
    }
    row[x * 3] = r;
    row[x * 3 + 1] = g;
    row[x * 3 + 2] = b;
  }
}
CK_CLONES static void add_row_scaled(float *y, const float *x, float s, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] += s * x[i];
}

// Colour and normalisation of one finished row.
static void colour_row(float *y, const float *row, const picture_job *j, const ck_picture *p,
                       const float *tables, bool neutral) {
  int64_t w = j->width;
  for (int64_t x = 0; x < w; x++) {
    float r = row[x * 3], g = row[x * 3 + 1], b = row[x * 3 + 2];
    float *o = y + (p->flip ? w - 1 - x : x) * 3;
    if (neutral) {
      float value[3] = {r, g, b};
      for (int c = 0; c < 3; c++) {
        float v = p->gain[c] * value[c] * (1.0f / 255.0f) + p->offset[c];
        v = v < 0 ? 0 : (v > 1 ? 1 : v);
        o[c] = (v - j->mean[c]) / j->deviation[c];
      }
    } else {
      if (p->gray > 0) {
        float grey = 0.299f * r + 0.587f * g + 0.114f * b;
        r += p->gray * (grey - r);
        g += p->gray * (grey - g);
        b += p->gray * (grey - b);
      }
      o[0] = tables[(int)(r * 4 + 0.5f)];
      o[1] = tables[1024 + (int)(g * 4 + 0.5f)];
      o[2] = tables[2048 + (int)(b * 4 + 0.5f)];
    }
  }
}

static void picture_part(void *context, int part) {
  const picture_job *j = context;
  const ck_picture *p = &j->pictures[part];
  int64_t w = j->width, h = j->height, capacity;
  int64_t across = tap_capacity(p->crop_width, w), down = tap_capacity(p->crop_height, h);
  float *scratch =
      ck_buffer_take(3 * 1024 + w * (across + 2) + down + (down + 1) * w * 3, &capacity);
  float *tables = scratch, *weights = tables + 3 * 1024, *vertical = weights + w * across;
  float *sum = vertical + down, *rows = sum + w * 3;
  int32_t *firsts = (int32_t *)(rows + down * w * 3), *counts = firsts + w;
  bool neutral = p->gamma == 1 && p->gray == 0;
  for (int c = 0; c < 3 && !neutral; c++) colour_table(tables + c * 1024, p, c, j->mean[c],
                                                        j->deviation[c]);
  for (int64_t x = 0; x < w; x++)
    counts[x] = taps(p->left, p->crop_width, w, x, &firsts[x], weights + x * across, across);
  float *y = j->y + part * h * w * 3;
  // Source rows are resampled once, in order; the ring `rows` holds those that an output row needs.
  int64_t next = INT64_MIN;
  for (int64_t oy = 0; oy < h; oy++) {
    int32_t first;
    int count = taps(p->top, p->crop_height, h, oy, &first, vertical, down);
    memset(sum, 0, (size_t)(w * 3) * sizeof(float));
    for (int64_t sy = first; sy < first + count; sy++) {
      float *row = rows + ((sy % down + down) % down) * w * 3;
      if (sy >= next) {
        horizontal_row(row, p->pixels + (int64_t)within((int32_t)sy, p->height) * p->width * 3,
                       p->width, w, firsts, counts, weights, across);
        next = sy + 1;
      }
      add_row_scaled(sum, row, vertical[sy - first], w * 3);
    }
    colour_row(y + oy * w * 3, sum, j, p, tables, neutral);
  }
  // Erased pixels take the mean colour, which is 0 after normalising.
  for (int32_t ey = 0; ey < p->erase_height && p->erase_width > 0; ey++)
    memset(y + ((p->erase_top + ey) * w + p->erase_left) * 3, 0,
           (size_t)p->erase_width * 3 * sizeof(float));
  ck_buffer_give(scratch, capacity);
}

void ck_picture_batch(float *y, const ck_picture *pictures, int64_t count, int64_t height,
                      int64_t width, const float *mean, const float *deviation) {
  picture_job job = {y, pictures, mean, deviation, height, width};
  ck_parallel((int)count, picture_part, &job);
}
