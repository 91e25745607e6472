// LayerNorm, per-channel statistics for batch and instance normalisation, L2 rows.
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

// MARK: Channels of [groups, rows, columns]; a part is (group, block of rows).
typedef struct {
  float *y, *lines, *masked;
  const float *x, *dy, *out, *a, *b, *c;
  int64_t groups, rows, columns;
  bool relu;
  int blocks;
} channel_job;

enum { float_rows = 64 };  // rows summed in float before the sum goes to double

CK_CLONES static void sum_shifted(const float *x, const float *shift, int64_t rows,
                                  int64_t columns, float *sum, float *square) {
  for (int64_t r = 0; r < rows; r++) {
    const float *p = x + r * columns;
    CK_VECTOR for (int64_t c = 0; c < columns; c++) {
      float v = p[c] - shift[c];
      sum[c] += v;
      square[c] += v * v;
    }
  }
}
static int channel_blocks(int64_t groups, int64_t rows, int64_t columns) {
  int blocks = ck_parts(rows, columns * 2);
  return groups >= 4 * ck_pool_threads() ? 1 : blocks;
}
static void statistics_part(void *context, int part) {
  const channel_job *j = context;
  int64_t group = part / j->blocks, begin, end, n = j->columns;
  ck_range(j->rows, j->blocks, part % j->blocks, &begin, &end);
  const float *x = j->x + group * j->rows * n;
  double *sums = (double *)j->lines + (int64_t)part * 2 * n;
  memset(sums, 0, (size_t)(2 * n) * sizeof(double));
  int64_t capacity;
  float *scratch = ck_buffer_take(2 * n, &capacity);
  for (int64_t r = begin; r < end; r += float_rows) {
    memset(scratch, 0, (size_t)(2 * n) * sizeof(float));
    int64_t count = end - r < float_rows ? end - r : float_rows;
    sum_shifted(x + r * n, x, count, n, scratch, scratch + n);
    for (int64_t c = 0; c < 2 * n; c++) sums[c] += scratch[c];
  }
  ck_buffer_give(scratch, capacity);
}
void ck_channel_statistics(float *mean, float *variance, const float *x, int64_t groups,
                           int64_t rows, int64_t columns) {
  int blocks = channel_blocks(groups, rows, columns);
  int64_t capacity;
  float *lines = ck_buffer_take(groups * blocks * 2 * columns * 2, &capacity);
  channel_job job = {.lines = lines, .x = x, .groups = groups, .rows = rows,
                     .columns = columns, .blocks = blocks};
  ck_parallel((int)groups * blocks, statistics_part, &job);
  for (int64_t g = 0; g < groups; g++) {
    for (int64_t c = 0; c < columns; c++) {
      double s = 0, q = 0;
      for (int block = 0; block < blocks; block++) {
        const double *sums = (const double *)lines + (g * blocks + block) * 2 * columns;
        s += sums[c];
        q += sums[columns + c];
      }
      double m = s / (double)rows, v = q / (double)rows - m * m;
      // Sums were taken about the group's first row, which keeps the difference small.
      mean[g * columns + c] = (float)(m + x[g * rows * columns + c]);
      variance[g * columns + c] = (float)(v < 0 ? 0 : v);  // NaN stays
    }
  }
  ck_buffer_give(lines, capacity);
}

CK_CLONES static void affine_rows(float *y, const float *x, const float *scale, const float *shift,
                                  const float *residual, bool relu, int64_t rows,
                                  int64_t columns) {
  for (int64_t r = 0; r < rows; r++) {
    const float *p = x + r * columns, *q = residual ? residual + r * columns : NULL;
    float *o = y + r * columns;
    if (q && relu) {
      CK_VECTOR for (int64_t c = 0; c < columns; c++) {
        float v = p[c] * scale[c] + shift[c] + q[c];
        o[c] = v < 0 ? 0 : v;
      }
    } else if (q) {
      CK_VECTOR for (int64_t c = 0; c < columns; c++) o[c] = p[c] * scale[c] + shift[c] + q[c];
    } else if (relu) {
      CK_VECTOR for (int64_t c = 0; c < columns; c++) {
        float v = p[c] * scale[c] + shift[c];
        o[c] = v < 0 ? 0 : v;
      }
    } else {
      CK_VECTOR for (int64_t c = 0; c < columns; c++) o[c] = p[c] * scale[c] + shift[c];
    }
  }
}
static void affine_part(void *context, int part) {
  const channel_job *j = context;
  int64_t group = part / j->blocks, begin, end, n = j->columns;
  ck_range(j->rows, j->blocks, part % j->blocks, &begin, &end);
  int64_t offset = (group * j->rows + begin) * n;
  affine_rows(j->y + offset, j->x + offset, j->a + group * n, j->b + group * n,
              j->c ? j->c + offset : NULL, j->relu, end - begin, n);
}
void ck_channel_affine(float *y, const float *x, const float *scale, const float *shift,
                       const float *residual, bool relu, int64_t groups, int64_t rows,
                       int64_t columns) {
  channel_job job = {.y = y, .x = x, .a = scale, .b = shift, .c = residual, .relu = relu,
                     .groups = groups, .rows = rows, .columns = columns,
                     .blocks = channel_blocks(groups, rows, columns)};
  ck_parallel((int)groups * job.blocks, affine_part, &job);
}

CK_CLONES static void backward_sum_rows(const float *dy, const float *out, const float *x,
                                        const float *mean, const float *inverse, float *masked,
                                        int64_t rows, int64_t columns, float *sum, float *product) {
  for (int64_t r = 0; r < rows; r++) {
    const float *p = x + r * columns, *d = dy + r * columns;
    if (out) {
      const float *o = out + r * columns;
      float *m = masked + r * columns;
      CK_VECTOR for (int64_t c = 0; c < columns; c++) {
        float g = o[c] > 0 ? d[c] : 0.0f;
        m[c] = g;
        sum[c] += g;
        product[c] += g * (p[c] - mean[c]) * inverse[c];
      }
    } else {
      CK_VECTOR for (int64_t c = 0; c < columns; c++) {
        sum[c] += d[c];
        product[c] += d[c] * (p[c] - mean[c]) * inverse[c];
      }
    }
  }
}
static void backward_sums_part(void *context, int part) {
  const channel_job *j = context;
  int64_t group = part / j->blocks, begin, end, n = j->columns;
  ck_range(j->rows, j->blocks, part % j->blocks, &begin, &end);
  double *sums = (double *)j->lines + (int64_t)part * 2 * n;
  memset(sums, 0, (size_t)(2 * n) * sizeof(double));
  int64_t capacity;
  float *scratch = ck_buffer_take(2 * n, &capacity);
  for (int64_t r = begin; r < end; r += float_rows) {
    memset(scratch, 0, (size_t)(2 * n) * sizeof(float));
    int64_t count = end - r < float_rows ? end - r : float_rows;
    int64_t offset = (group * j->rows + r) * n;
    backward_sum_rows(j->dy + offset, j->out ? j->out + offset : NULL, j->x + offset,
                      j->a + group * n, j->b + group * n, j->masked ? j->masked + offset : NULL,
                      count, n, scratch, scratch + n);
    for (int64_t c = 0; c < 2 * n; c++) sums[c] += scratch[c];
  }
  ck_buffer_give(scratch, capacity);
}
void ck_channel_backward_sums(float *sum_dy, float *sum_dy_normal, float *masked, const float *dy,
                              const float *y_or_null, const float *x, const float *mean,
                              const float *inverse, int64_t groups, int64_t rows,
                              int64_t columns) {
  int blocks = channel_blocks(groups, rows, columns);
  int64_t capacity;
  float *lines = ck_buffer_take(groups * blocks * 2 * columns * 2, &capacity);
  channel_job job = {.lines = lines, .masked = masked, .x = x, .dy = dy, .out = y_or_null,
                     .a = mean, .b = inverse, .groups = groups, .rows = rows,
                     .columns = columns, .blocks = blocks};
  ck_parallel((int)groups * blocks, backward_sums_part, &job);
  for (int64_t g = 0; g < groups; g++) {
    for (int64_t c = 0; c < columns; c++) {
      double s = 0, q = 0;
      for (int block = 0; block < blocks; block++) {
        const double *sums = (const double *)lines + (g * blocks + block) * 2 * columns;
        s += sums[c];
        q += sums[columns + c];
      }
      sum_dy[g * columns + c] = (float)s;
      sum_dy_normal[g * columns + c] = (float)q;
    }
  }
  ck_buffer_give(lines, capacity);
}

CK_CLONES static void channel_backward_rows(float *dx, const float *dy, const float *x,
                                            const float *a, const float *b, const float *c0,
                                            int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; r++) {
    const float *p = x + r * columns, *d = dy + r * columns;
    float *o = dx + r * columns;
    CK_VECTOR for (int64_t c = 0; c < columns; c++) o[c] = a[c] * d[c] + b[c] * p[c] + c0[c];
  }
}
static void channel_backward_part(void *context, int part) {
  const channel_job *j = context;
  int64_t group = part / j->blocks, begin, end, n = j->columns;
  ck_range(j->rows, j->blocks, part % j->blocks, &begin, &end);
  int64_t offset = (group * j->rows + begin) * n;
  channel_backward_rows(j->y + offset, j->dy + offset, j->x + offset, j->a + group * n,
                        j->b + group * n, j->c + group * n, end - begin, n);
}
void ck_channel_backward(float *dx, const float *dy, const float *x, const float *a,
                         const float *b, const float *c, int64_t groups, int64_t rows,
                         int64_t columns) {
  channel_job job = {.y = dx, .dy = dy, .x = x, .a = a, .b = b, .c = c, .groups = groups,
                     .rows = rows, .columns = columns,
                     .blocks = channel_blocks(groups, rows, columns)};
  ck_parallel((int)groups * job.blocks, channel_backward_part, &job);
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
