// Maps [batch, height, width, channels]: borders, local means, rows of groups, gates, and the norm
// without centring.
#include "internal.h"

// MARK: Borders.

typedef struct {
  float *y;
  const float *x;
  int64_t batch, height, width, channels, output_height, output_width;
  const int32_t *rows, *columns;
  int parts;
} pad_job;

static void pad_part(void *context, int part) {
  const pad_job *j = context;
  int64_t begin, end, c = j->channels;
  ck_range(j->batch * j->output_height, j->parts, part, &begin, &end);
  for (int64_t line = begin; line < end; line++) {
    int64_t image = line / j->output_height;
    int32_t row = j->rows[line % j->output_height];
    float *y = j->y + line * j->output_width * c;
    if (row < 0) {
      memset(y, 0, sizeof(float) * (size_t)(j->output_width * c));
      continue;
    }
    const float *x = j->x + (image * j->height + row) * j->width * c;
    for (int64_t i = 0; i < j->output_width; i++, y += c) {
      if (j->columns[i] < 0) {
        memset(y, 0, sizeof(float) * (size_t)c);
      } else {
        memcpy(y, x + j->columns[i] * c, sizeof(float) * (size_t)c);
      }
    }
  }
}

void ck_pad(float *y, const float *x, int64_t batch, int64_t height, int64_t width,
            int64_t channels, int64_t output_height, int64_t output_width, const int32_t *rows,
            const int32_t *columns) {
  pad_job job = {y, x, batch, height, width, channels, output_height, output_width, rows, columns,
                 ck_parts(batch * output_height, output_width * channels)};
  ck_parallel(job.parts, pad_part, &job);
}

// Several places of the output may come from one of the input, so an image is one part.
static void pad_backward_part(void *context, int part) {
  const pad_job *j = context;
  int64_t c = j->channels;
  float *image = j->y + part * j->height * j->width * c;
  memset(image, 0, sizeof(float) * (size_t)(j->height * j->width * c));
  const float *dy = j->x + part * j->output_height * j->output_width * c;
  for (int64_t o = 0; o < j->output_height; o++) {
    if (j->rows[o] < 0) continue;
    for (int64_t i = 0; i < j->output_width; i++) {
      if (j->columns[i] < 0) continue;
      float *target = image + (j->rows[o] * j->width + j->columns[i]) * c;
      const float *source = dy + (o * j->output_width + i) * c;
      for (int64_t k = 0; k < c; k++) target[k] += source[k];
    }
  }
}

void ck_pad_backward(float *dx, const float *dy, int64_t batch, int64_t height, int64_t width,
                     int64_t channels, int64_t output_height, int64_t output_width,
                     const int32_t *rows, const int32_t *columns) {
  pad_job job = {dx,           dy,   batch,   height,    width, channels, output_height,
                 output_width, rows, columns, (int)batch};
  ck_parallel((int)batch, pad_backward_part, &job);
}

// MARK: Local means along one axis.

enum { CHUNK = 128 };

typedef struct {
  float *y;
  const float *x;
  int64_t outer, n, inner, window, chunks;
  bool transposed;
  int parts;
} mean_job;

// sum += sign * (the gradient that reaches mean `i`); the outer means serve the border as well.
CK_INLINE void add_mean_gradient(double *sum, double sign, const float *dy, int64_t i, int64_t means,
                                 int64_t before, int64_t n, int64_t inner, int64_t count) {
  int64_t first = i == 0 ? 0 : i + before, last = i == means - 1 ? n - 1 : i + before;
  for (int64_t t = first; t <= last; t++)
    for (int64_t k = 0; k < count; k++) sum[k] += sign * (double)dy[t * inner + k];
}

CK_CLONES static void mean_chunk(float *y, const float *x, int64_t n, int64_t inner, int64_t window,
                                 int64_t count) {
  double sum[CHUNK] = {0};
  int64_t means = n - window + 1, before = (window - 1) / 2;
  for (int64_t i = 0; i < window - 1; i++)
    for (int64_t k = 0; k < count; k++) sum[k] += (double)x[i * inner + k];
  for (int64_t i = 0; i < means; i++) {
    for (int64_t k = 0; k < count; k++) sum[k] += (double)x[(i + window - 1) * inner + k];
    int64_t first = i == 0 ? 0 : i + before, last = i == means - 1 ? n - 1 : i + before;
    for (int64_t t = first; t <= last; t++)
      for (int64_t k = 0; k < count; k++) y[t * inner + k] = (float)(sum[k] / (double)window);
    for (int64_t k = 0; k < count; k++) sum[k] -= (double)x[i * inner + k];
  }
}

CK_CLONES static void mean_backward_chunk(float *dx, const float *dy, int64_t n, int64_t inner,
                                          int64_t window, int64_t count) {
  double sum[CHUNK] = {0};
  int64_t means = n - window + 1, before = (window - 1) / 2;
  for (int64_t s = 0; s < n; s++) {
    if (s < means) add_mean_gradient(sum, 1, dy, s, means, before, n, inner, count);
    if (s >= window)
      add_mean_gradient(sum, -1, dy, s - window, means, before, n, inner, count);
    for (int64_t k = 0; k < count; k++) dx[s * inner + k] = (float)(sum[k] / (double)window);
  }
}

static void mean_part(void *context, int part) {
  const mean_job *j = context;
  int64_t begin, end;
  ck_range(j->outer * j->chunks, j->parts, part, &begin, &end);
  for (int64_t item = begin; item < end; item++) {
    int64_t start = item % j->chunks * CHUNK, left = j->inner - start;
    int64_t offset = item / j->chunks * j->n * j->inner + start;
    (j->transposed ? mean_backward_chunk : mean_chunk)(j->y + offset, j->x + offset, j->n, j->inner,
                                                       j->window, left < CHUNK ? left : CHUNK);
  }
}

void ck_local_mean(float *y, const float *x, int64_t outer, int64_t n, int64_t inner,
                   int64_t window, bool transposed) {
  int64_t chunks = (inner + CHUNK - 1) / CHUNK;
  mean_job job = {y,      x,          outer, n, inner, window,
                  chunks, transposed, ck_parts(outer * chunks, 4 * n * CHUNK)};
  ck_parallel(job.parts, mean_part, &job);
}

// MARK: Groups of rows, each with a row of its own.

typedef struct {
  float *y;
  const float *x, *row;
  int64_t total, rows, columns;
  float share;
  enum { group_fill, group_add, group_multiply } kind;
  int parts;
} group_job;

CK_CLONES static void group_rows(const group_job *j, int64_t begin, int64_t end) {
  int64_t n = j->columns;
  for (int64_t r = begin; r < end; r++) {
    float *y = j->y + r * n, share = j->share;
    const float *row = j->row + r / j->rows * n, *x = j->x ? j->x + r * n : NULL;
    if (j->kind == group_fill)
      for (int64_t c = 0; c < n; c++) y[c] = row[c] * share;
    else if (j->kind == group_add)
      for (int64_t c = 0; c < n; c++) y[c] += row[c] * share;
    else
      for (int64_t c = 0; c < n; c++) y[c] = x[c] * row[c];
  }
}
static void group_part(void *context, int part) {
  const group_job *j = context;
  int64_t begin, end;
  ck_range(j->total, j->parts, part, &begin, &end);
  group_rows(j, begin, end);
}
static void by_groups(group_job job, int64_t groups) {
  job.total = groups * job.rows;
  job.parts = ck_parts(job.total, job.columns);
  ck_parallel(job.parts, group_part, &job);
}
void ck_mean_rows(float *y, const float *x, int64_t groups, int64_t rows, int64_t columns) {
  float share = 1 / (float)rows;
  for (int64_t g = 0; g < groups; g++) {
    float *row = y + g * columns;
    ck_sum_rows(row, x + g * rows * columns, rows, columns, false);
    for (int64_t c = 0; c < columns; c++) row[c] *= share;
  }
}
void ck_add_group_row(float *y, const float *row, float share, bool accumulate, int64_t groups,
                      int64_t rows, int64_t columns) {
  by_groups((group_job){.y = y, .row = row, .rows = rows, .columns = columns, .share = share,
                        .kind = accumulate ? group_add : group_fill}, groups);
}
void ck_multiply_group_row(float *y, const float *x, const float *row, int64_t groups, int64_t rows,
                           int64_t columns) {
  by_groups((group_job){.y = y, .x = x, .row = row, .rows = rows, .columns = columns,
                        .kind = group_multiply}, groups);
}

// MARK: Gates.

typedef struct {
  float *y;
  const float *x, *dy;
  int64_t rows, columns;
  int parts;
} gate_job;

CK_CLONES static void gate_rows(float *y, const float *x, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++, y += n, x += 2 * n)
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * x[n + i];
}
void ck_gate_lines(float *y, const float *x, int64_t rows, int64_t columns) {
  gate_rows(y, x, rows, columns);
}

CK_CLONES static void gate_backward_row(float *dx, const float *dy, const float *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    float first = x[i], second = x[n + i];
    dx[i] = dy[i] * second;
    dx[n + i] = dy[i] * first;
  }
}

static void gate_part(void *context, int part) {
  const gate_job *j = context;
  int64_t begin, end, n = j->columns;
  ck_range(j->rows, j->parts, part, &begin, &end);
  if (!j->dy) {
    gate_rows(j->y + begin * n, j->x + 2 * begin * n, end - begin, n);
    return;
  }
  for (int64_t r = begin; r < end; r++)
    gate_backward_row(j->y + 2 * r * n, j->dy + r * n, j->x + 2 * r * n, n);
}

void ck_gate(float *y, const float *x, int64_t rows, int64_t columns) {
  gate_job job = {y, x, NULL, rows, columns, ck_parts(rows, columns)};
  ck_parallel(job.parts, gate_part, &job);
}

void ck_gate_backward(float *dx, const float *dy, const float *x, int64_t rows, int64_t columns) {
  gate_job job = {dx, x, dy, rows, columns, ck_parts(rows, 2 * columns)};
  ck_parallel(job.parts, gate_part, &job);
}

// MARK: The norm that divides by the deviation without subtracting the mean.

typedef struct {
  float *y, *inverse;
  const float *x, *scale, *dy, *known;
  int64_t rows, columns;
  float epsilon;
  int parts;
} deviation_job;

CK_INLINE float line_mean(const float *x, int64_t n) {
  float total = 0;
  for (int64_t i = 0; i < n; i++) total += x[i];
  return total / (float)n;
}

CK_CLONES static void deviation_row(float *y, float *inverse, const float *x, const float *scale,
                                    int64_t n, float epsilon) {
  float mean = line_mean(x, n), squares = 0;
  for (int64_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
  float r = 1 / sqrtf(squares / (float)n + epsilon);
  *inverse = r;
  for (int64_t i = 0; i < n; i++) y[i] = x[i] * r * scale[i];
}

CK_CLONES static void deviation_backward_row(float *dx, const float *dy, const float *x,
                                             const float *scale, float r, int64_t n) {
  float mean = line_mean(x, n), product = 0;
  for (int64_t i = 0; i < n; i++) product += dy[i] * scale[i] * x[i];
  float slope = r * r * r * product / (float)n;
  for (int64_t i = 0; i < n; i++) dx[i] = r * dy[i] * scale[i] - slope * (x[i] - mean);
}

static void deviation_part(void *context, int part) {
  const deviation_job *j = context;
  int64_t begin, end, n = j->columns;
  ck_range(j->rows, j->parts, part, &begin, &end);
  for (int64_t r = begin; r < end; r++) {
    if (j->dy) {
      deviation_backward_row(j->y + r * n, j->dy + r * n, j->x + r * n, j->scale, j->known[r], n);
    } else {
      deviation_row(j->y + r * n, j->inverse + r, j->x + r * n, j->scale, n, j->epsilon);
    }
  }
}

void ck_deviation_norm(float *y, float *inverse, const float *x, const float *scale, int64_t rows,
                       int64_t columns, float epsilon) {
  deviation_job job = {y,    inverse, x,       scale,
                       NULL, NULL,    rows,    columns,
                       epsilon, ck_parts(rows, 4 * columns)};
  ck_parallel(job.parts, deviation_part, &job);
}

void ck_deviation_norm_backward(float *dx, const float *dy, const float *x, const float *inverse,
                                const float *scale, int64_t rows, int64_t columns) {
  deviation_job job = {dx, NULL,    x, scale,
                       dy, inverse, rows, columns,
                       0,  ck_parts(rows, 4 * columns)};
  ck_parallel(job.parts, deviation_part, &job);
}
