// Pictures to network input: one pass from stored bytes to cropped, coloured, normalised floats.
#include "internal.h"

typedef struct {
  float *y;
  const ck_picture *pictures;
  const float *mean, *deviation;
  int64_t height, width;
} picture_job;

// Antialiased triangle filter along one axis: taps of output position `index`.
static int taps(float start, float length, int64_t output, int64_t index, int32_t *first,
                float *weights, int capacity) {
  float scale = length / (float)output, support = scale > 1 ? scale : 1;
  float centre = start + ((float)index + 0.5f) * scale, total = 0;
  int32_t low = (int32_t)floorf(centre - support + 0.5f);
  int32_t high = (int32_t)floorf(centre + support + 0.5f);
  if (high - low > capacity) high = low + capacity;
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

enum { tap_capacity = 64 };

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

static void picture_part(void *context, int part) {
  const picture_job *j = context;
  const ck_picture *p = &j->pictures[part];
  int64_t w = j->width, h = j->height, capacity;
  float *scratch = ck_buffer_take(w * (tap_capacity + 2) + 3 * 1024, &capacity);
  float *weights = scratch, *tables = scratch + w * tap_capacity;
  int32_t *firsts = (int32_t *)(tables + 3 * 1024), *counts = firsts + w;
  bool neutral = p->gamma == 1 && p->gray == 0;
  for (int c = 0; c < 3 && !neutral; c++) colour_table(tables + c * 1024, p, c, j->mean[c],
                                                        j->deviation[c]);
  for (int64_t x = 0; x < w; x++)
    counts[x] = taps(p->left, p->crop_width, w, x, &firsts[x], weights + x * tap_capacity,
                     tap_capacity);
  float *y = j->y + part * h * w * 3;
  for (int64_t oy = 0; oy < h; oy++) {
    float vertical[tap_capacity];
    int32_t first;
    int count = taps(p->top, p->crop_height, h, oy, &first, vertical, tap_capacity);
    for (int64_t ox = 0; ox < w; ox++) {
      float r = 0, g = 0, b = 0;
      for (int v = 0; v < count; v++) {
        int32_t sy = first + v;
        sy = sy < 0 ? 0 : (sy >= p->height ? p->height - 1 : sy);
        const uint8_t *line = p->pixels + (int64_t)sy * p->width * 3;
        float lr = 0, lg = 0, lb = 0;
        for (int u = 0; u < counts[ox]; u++) {
          int32_t sx = firsts[ox] + u;
          sx = sx < 0 ? 0 : (sx >= p->width ? p->width - 1 : sx);
          float t = weights[ox * tap_capacity + u];
          lr += t * line[sx * 3];
          lg += t * line[sx * 3 + 1];
          lb += t * line[sx * 3 + 2];
        }
        r += vertical[v] * lr;
        g += vertical[v] * lg;
        b += vertical[v] * lb;
      }
      int64_t target = p->flip ? w - 1 - ox : ox;
      float *o = y + (oy * w + target) * 3;
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
