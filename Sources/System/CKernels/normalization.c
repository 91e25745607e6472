// LayerNorm, L2 rows. Batch and instance normalisation are in channel_normalization.c.
#include "internal.h"

#define CK_VECTOR _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

typedef struct {
  float *y, *mean, *inverse, *lines;
  const float *x, *dy, *scale, *shift;
  int64_t rows, columns;
  float epsilon;
  int parts;
  bool again;
} norm_job;

// One function for both uses, so that a line computed again has the same bits.
CK_CLONES static void layer_norm_rows(const norm_job *j, int64_t begin, int64_t end) {
  int64_t n = j->columns;
  for (int64_t r = begin; r < end; r++) {
    const float *x = j->x + r * n;
    float *y = j->y + r * n, s = 0, q = 0;
    if (!j->again) {
      for (int64_t c = 0; c < n; c++) s += x[c];
      float mean = s / (float)n;
      for (int64_t c = 0; c < n; c++) q += (x[c] - mean) * (x[c] - mean);
      j->mean[r] = mean;
      j->inverse[r] = 1.0f / sqrtf(q / (float)n + j->epsilon);
    }
    float mean = j->mean[r], inverse = j->inverse[r];
    CK_VECTOR for (int64_t c = 0; c < n; c++)
      y[c] = (x[c] - mean) * inverse * j->scale[c] + j->shift[c];
  }
}
static void layer_norm_part(void *context, int part) {
  const norm_job *j = context;
  int64_t begin, end;
  ck_range(j->rows, j->parts, part, &begin, &end);
  layer_norm_rows(j, begin, end);
}
void ck_layer_norm_lines(float *y, float *mean, float *inverse, const float *x, const float *scale,
                         const float *shift, int64_t rows, int64_t columns, float epsilon) {
  norm_job job = {.y = y, .mean = mean, .inverse = inverse, .x = x, .scale = scale,
                  .shift = shift, .rows = rows, .columns = columns, .epsilon = epsilon};
  layer_norm_rows(&job, 0, rows);
}
void ck_layer_norm(float *y, float *mean, float *inverse, const float *x, const float *scale,
                   const float *shift, int64_t rows, int64_t columns, float epsilon) {
  norm_job job = {.y = y, .mean = mean, .inverse = inverse, .x = x, .scale = scale,
                  .shift = shift, .rows = rows, .columns = columns, .epsilon = epsilon};
  job.parts = ck_parts(rows, columns * 4);
  ck_parallel(job.parts, layer_norm_part, &job);
}
void ck_layer_norm_again(float *y, const float *x, const float *mean, const float *inverse,
                         const float *scale, const float *shift, int64_t rows, int64_t columns) {
  norm_job job = {.y = y, .mean = (float *)mean, .inverse = (float *)inverse, .x = x,
                  .scale = scale, .shift = shift, .rows = rows, .columns = columns,
                  .again = true};
  job.parts = ck_parts(rows, columns * 2);
  ck_parallel(job.parts, layer_norm_part, &job);
}

CK_CLONES static void layer_norm_backward_rows(const norm_job *j, int64_t begin, int64_t end,
                                               float *dscale, float *dshift) {
  int64_t n = j->columns;
  for (int64_t r = begin; r < end; r++) {
    const float *x = j->x + r * n, *dy = j->dy + r * n;
    float *dx = j->y + r * n, mean = j->mean[r], inverse = j->inverse[r], a = 0, b = 0;
    for (int64_t c = 0; c < n; c++) {
      float g = dy[c] * j->scale[c], h = (x[c] - mean) * inverse;
      a += g;
      b += g * h;
    }
    a /= (float)n;
    b /= (float)n;
    CK_VECTOR for (int64_t c = 0; c < n; c++) {
      float g = dy[c] * j->scale[c], h = (x[c] - mean) * inverse, d = dy[c];
      dscale[c] += d * h;
      dshift[c] += d;
      dx[c] = inverse * (g - a - h * b);
    }
  }
}
static void layer_norm_backward_part(void *context, int part) {
  const norm_job *j = context;
  int64_t begin, end;
  ck_range(j->rows, j->parts, part, &begin, &end);
  float *lines = j->lines + (int64_t)part * 2 * j->columns;
  layer_norm_backward_rows(j, begin, end, lines, lines + j->columns);
}
void ck_layer_norm_backward(float *dx, float *dscale, float *dshift, const float *dy,
                            const float *x, const float *mean, const float *inverse,
                            const float *scale, int64_t rows, int64_t columns) {
  int parts = ck_parts(rows, columns * 6);
  int64_t capacity, line = 2 * columns;
  float *lines = ck_buffer_take(parts * line, &capacity);
  memset(lines, 0, (size_t)(parts * line) * sizeof(float));
  norm_job job = {.y = dx, .mean = (float *)mean, .inverse = (float *)inverse, .lines = lines,
                  .x = x, .dy = dy, .scale = scale, .rows = rows, .columns = columns,
                  .parts = parts};
  ck_parallel(parts, layer_norm_backward_part, &job);
  for (int64_t c = 0; c < columns; c++) {
    double s = 0, t = 0;
    for (int part = 0; part < parts; part++) {
      s += lines[part * line + c];
      t += lines[part * line + columns + c];
    }
    dscale[c] = (float)s;
    dshift[c] = (float)t;
  }
  ck_buffer_give(lines, capacity);
}

// MARK: L2 rows.
typedef struct {
  float *y, *norm;
  const float *x, *dy;
  int64_t rows, columns;
  float floor;
  int parts;
} l2_job;
CK_CLONES static void l2_rows(const l2_job *j, int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; r++) {
    const float *x = j->x + r * j->columns;
    float *y = j->y + r * j->columns, q = 0;
    for (int64_t c = 0; c < j->columns; c++) q += x[c] * x[c];
    float norm = sqrtf(q);
    if (norm < j->floor) norm = j->floor;
    j->norm[r] = norm;
    float s = 1.0f / norm;
    CK_VECTOR for (int64_t c = 0; c < j->columns; c++) y[c] = x[c] * s;
  }
}
CK_CLONES static void l2_backward_rows(const l2_job *j, int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; r++) {
    const float *y = j->x + r * j->columns, *dy = j->dy + r * j->columns;
    float *dx = j->y + r * j->columns, d = 0, s = 1.0f / j->norm[r];
    for (int64_t c = 0; c < j->columns; c++) d += y[c] * dy[c];
    CK_VECTOR for (int64_t c = 0; c < j->columns; c++) dx[c] = (dy[c] - y[c] * d) * s;
  }
}
static void l2_part(void *context, int part) {
  const l2_job *j = context;
  int64_t begin, end;
  ck_range(j->rows, j->parts, part, &begin, &end);
  if (j->dy) l2_backward_rows(j, begin, end);
  else l2_rows(j, begin, end);
}
void ck_l2_normalize(float *y, float *norm, const float *x, int64_t rows, int64_t columns,
                     float floor) {
  l2_job job = {.y = y, .norm = norm, .x = x, .rows = rows, .columns = columns, .floor = floor,
                .parts = ck_parts(rows, columns * 2)};
  ck_parallel(job.parts, l2_part, &job);
}
void ck_l2_normalize_backward(float *dx, const float *dy, const float *y, const float *norm,
                              int64_t rows, int64_t columns) {
  l2_job job = {.y = dx, .norm = (float *)norm, .x = y, .dy = dy, .rows = rows,
                .columns = columns, .parts = ck_parts(rows, columns * 3)};
  ck_parallel(job.parts, l2_part, &job);
}
