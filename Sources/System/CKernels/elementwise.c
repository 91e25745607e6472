// Element-wise maps, row broadcasts and sums.
#include "internal.h"

#define CK_VECTOR _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

typedef struct {
  float *y;
  const float *a, *b;
  float s, t;
  int64_t n;
  int parts;
} map_job;

typedef void (*map_range)(float *y, const float *a, const float *b, float s, float t, int64_t n);

typedef struct {
  map_job map;
  map_range range;
} map_call;

static void map_part(void *context, int part) {
  const map_call *call = context;
  int64_t begin, end;
  ck_range((call->map.n + 15) / 16, call->map.parts, part, &begin, &end);
  begin *= 16;
  end *= 16;
  if (end > call->map.n) end = call->map.n;
  if (begin >= end) return;
  call->range(call->map.y + begin, call->map.a ? call->map.a + begin : NULL,
              call->map.b ? call->map.b + begin : NULL, call->map.s, call->map.t, end - begin);
}

static void map(map_range range, float *y, const float *a, const float *b, float s, float t,
                int64_t n, int64_t work) {
  map_call call = {{y, a, b, s, t, n, ck_parts((n + 15) / 16, 16 * work)}, range};
  ck_parallel(call.map.parts, map_part, &call);
}

// ck_expf stops at both ends of its range; here the ends go to 0 and infinity, so that a run that
// diverges is seen.
CK_INLINE float full_range_exponential(float x) {
  bool large = x > 88.0f;
  float e = ck_expf(large ? x - 0.693147180559945f : x);
  e = large ? e * 2 : e;
  return x < -87.3f ? 0.0f : e;
}

#define CK_MAP(name, expression)                                                            \
  CK_CLONES static void name##_range(float *y, const float *a, const float *b, float s,     \
                                     float t, int64_t n) {                                  \
    (void)a, (void)b, (void)s, (void)t;                                                     \
    CK_VECTOR for (int64_t i = 0; i < n; i++) y[i] = (expression);                          \
  }

CK_MAP(fill, s)
CK_MAP(add, a[i] + b[i])
CK_MAP(axpy, y[i] + s * a[i])
CK_MAP(subtract, a[i] - b[i])
CK_MAP(multiply, a[i] * b[i])
CK_MAP(scale, a[i] * s + t)
CK_MAP(relu, a[i] < 0 ? 0.0f : a[i])  // in this order NaN stays
CK_MAP(relu_backward, b[i] > 0 ? a[i] : 0.0f)
CK_MAP(clip, a[i] < s ? s : a[i] > t ? t : a[i])
CK_MAP(clip_backward, b[i] > s && b[i] < t ? a[i] : 0.0f)
CK_MAP(gelu, 0.5f * a[i] * (1.0f + ck_erff(a[i] * 0.70710678118654752f)))
CK_MAP(exponential, full_range_exponential(a[i]))
CK_MAP(square_root, __builtin_elementwise_sqrt(a[i]))
CK_MAP(sigmoid, 1.0f / (1.0f + ck_expf(-a[i])))
CK_MAP(absolute, a[i] < 0 ? -a[i] : a[i])
CK_MAP(sign_multiply, b[i] > 0 ? a[i] : (b[i] < 0 ? -a[i] : 0.0f))
CK_MAP(reciprocal, 1.0f / a[i])

CK_INLINE float gelu_derivative(float x) {
  float cdf = 0.5f * (1.0f + ck_erff(x * 0.70710678118654752f));
  return cdf + x * 0.3989422804014327f * ck_expf(-0.5f * x * x);
}
CK_MAP(gelu_backward, a[i] * gelu_derivative(b[i]))

static void logarithm_range(float *y, const float *a, const float *b, float s, float t, int64_t n) {
  (void)b, (void)s, (void)t;
  for (int64_t i = 0; i < n; i++) y[i] = logf(a[i]);
}

void ck_fill(float *y, float value, int64_t n) { map(fill_range, y, NULL, NULL, value, 0, n, 1); }
void ck_add(float *y, const float *a, const float *b, int64_t n) {
  map(add_range, y, a, b, 0, 0, n, 1);
}
void ck_axpy(float *y, float a, const float *x, int64_t n) {
  map(axpy_range, y, x, NULL, a, 0, n, 1);
}
void ck_subtract(float *y, const float *a, const float *b, int64_t n) {
  map(subtract_range, y, a, b, 0, 0, n, 1);
}
void ck_multiply(float *y, const float *a, const float *b, int64_t n) {
  map(multiply_range, y, a, b, 0, 0, n, 1);
}
void ck_scale(float *y, const float *x, float s, float offset, int64_t n) {
  map(scale_range, y, x, NULL, s, offset, n, 1);
}
void ck_relu(float *y, const float *x, int64_t n) { map(relu_range, y, x, NULL, 0, 0, n, 1); }
void ck_relu_backward(float *dx, const float *dy, const float *y, int64_t n) {
  map(relu_backward_range, dx, dy, y, 0, 0, n, 1);
}
void ck_clip(float *y, const float *x, float low, float high, int64_t n) {
  map(clip_range, y, x, NULL, low, high, n, 1);
}
void ck_clip_backward(float *dx, const float *dy, const float *y, float low, float high,
                      int64_t n) {
  map(clip_backward_range, dx, dy, y, low, high, n, 1);
}
void ck_gelu(float *y, const float *x, int64_t n) { map(gelu_range, y, x, NULL, 0, 0, n, 4); }
void ck_gelu_backward(float *dx, const float *dy, const float *x, int64_t n) {
  map(gelu_backward_range, dx, dy, x, 0, 0, n, 6);
}
void ck_exp(float *y, const float *x, int64_t n) {
  map(exponential_range, y, x, NULL, 0, 0, n, 4);
}
void ck_log(float *y, const float *x, int64_t n) { map(logarithm_range, y, x, NULL, 0, 0, n, 16); }
void ck_sqrt(float *y, const float *x, int64_t n) {
  map(square_root_range, y, x, NULL, 0, 0, n, 2);
}
void ck_sigmoid(float *y, const float *x, int64_t n) {
  map(sigmoid_range, y, x, NULL, 0, 0, n, 4);
}
void ck_absolute(float *y, const float *x, int64_t n) {
  map(absolute_range, y, x, NULL, 0, 0, n, 1);
}
void ck_sign_multiply(float *dx, const float *dy, const float *x, int64_t n) {
  map(sign_multiply_range, dx, dy, x, 0, 0, n, 1);
}
void ck_reciprocal(float *y, const float *x, int64_t n) {
  map(reciprocal_range, y, x, NULL, 0, 0, n, 2);
}

typedef struct {
  float *y;
  const float *x;
  int64_t n;
  int parts;
} copy_job;
static void copy_part(void *context, int part) {
  const copy_job *j = context;
  int64_t begin, end;
  ck_range(j->n, j->parts, part, &begin, &end);
  memcpy(j->y + begin, j->x + begin, (size_t)(end - begin) * sizeof(float));
}
void ck_copy(float *y, const float *x, int64_t n) {
  copy_job job = {y, x, n, ck_parts(n, 1)};
  ck_parallel(job.parts, copy_part, &job);
}

// MARK: Sums. Blocks of fixed size are summed in float, the block sums in double, in order.
enum { sum_block = 4096 };
typedef double (*sum_range)(const float *x, int64_t n);
typedef struct {
  const float *x;
  int64_t n;
  int parts;
  double *partial;
  sum_range range;
} sum_job;

CK_CLONES static double plain_sum(const float *x, int64_t n) {
  float s = 0;
  for (int64_t i = 0; i < n; i++) s += x[i];
  return s;
}
CK_CLONES static double square_sum(const float *x, int64_t n) {
  float s = 0;
  for (int64_t i = 0; i < n; i++) s += x[i] * x[i];
  return s;
}
static double not_finite(const float *x, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++) {
    union { float f; uint32_t u; } bits = {x[i]};
    count += (bits.u & 0x7f800000u) == 0x7f800000u;
  }
  return (double)count;
}
static void sum_part(void *context, int part) {
  const sum_job *j = context;
  int64_t begin, end, blocks = (j->n + sum_block - 1) / sum_block;
  ck_range(blocks, j->parts, part, &begin, &end);
  double s = 0;
  for (int64_t block = begin; block < end; block++) {
    int64_t start = block * sum_block;
    int64_t count = j->n - start < sum_block ? j->n - start : sum_block;
    s += j->range(j->x + start, count);
  }
  j->partial[part] = s;
}
static double total(sum_range range, const float *x, int64_t n) {
  double partial[256];
  sum_job job = {x, n, ck_parts((n + sum_block - 1) / sum_block, sum_block), partial, range};
  ck_parallel(job.parts, sum_part, &job);
  double s = 0;
  for (int part = 0; part < job.parts; part++) s += partial[part];
  return s;
}
double ck_sum(const float *x, int64_t n) { return total(plain_sum, x, n); }
double ck_sum_of_squares(const float *x, int64_t n) { return total(square_sum, x, n); }
int64_t ck_count_not_finite(const float *x, int64_t n) { return (int64_t)total(not_finite, x, n); }

// MARK: Rows.
typedef struct row_job {
  float *y, *z;
  const float *x, *a, *b;
  int64_t rows, columns;
  float s;
  int parts;
  void (*block)(const struct row_job *job, int64_t begin, int64_t end, int part);
} row_job;

static void row_part(void *context, int part) {
  const row_job *j = context;
  int64_t begin, end;
  ck_range(j->rows, j->parts, part, &begin, &end);
  if (begin < end) j->block(j, begin, end, part);
}
static void by_rows(row_job job, int64_t work) {
  job.parts = ck_parts(job.rows, job.columns * work);
  ck_parallel(job.parts, row_part, &job);
}

CK_CLONES static void add_row_block(const row_job *j, int64_t begin, int64_t end, int part) {
  (void)part;
  for (int64_t r = begin; r < end; r++) {
    float *y = j->y + r * j->columns;
    const float *x = j->x + r * j->columns, *a = j->a;
    CK_VECTOR for (int64_t c = 0; c < j->columns; c++) y[c] = x[c] + a[c];
  }
}
CK_CLONES static void multiply_row_block(const row_job *j, int64_t begin, int64_t end, int part) {
  (void)part;
  for (int64_t r = begin; r < end; r++) {
    float *y = j->y + r * j->columns;
    const float *x = j->x + r * j->columns, *a = j->a;
    CK_VECTOR for (int64_t c = 0; c < j->columns; c++) y[c] = x[c] * a[c];
  }
}
CK_CLONES static void multiply_column_block(const row_job *j, int64_t begin, int64_t end,
                                            int part) {
  (void)part;
  for (int64_t r = begin; r < end; r++) {
    float *y = j->y + r * j->columns;
    const float *x = j->x + r * j->columns;
    float s = j->a[r];
    CK_VECTOR for (int64_t c = 0; c < j->columns; c++) y[c] = x[c] * s;
  }
}
CK_CLONES static void broadcast_column_block(const row_job *j, int64_t begin, int64_t end,
                                             int part) {
  (void)part;
  for (int64_t r = begin; r < end; r++) {
    float *y = j->y + r * j->columns;
    float s = j->a[r] * j->s;
    CK_VECTOR for (int64_t c = 0; c < j->columns; c++) y[c] = s;
  }
}
CK_CLONES static void sum_columns_block(const row_job *j, int64_t begin, int64_t end, int part) {
  (void)part;
  for (int64_t r = begin; r < end; r++) {
    const float *x = j->x + r * j->columns;
    float s = 0;
    for (int64_t c = 0; c < j->columns; c++) s += x[c];
    j->y[r] = s * j->s;
  }
}
CK_CLONES static void bias_gelu_block(const row_job *j, int64_t begin, int64_t end, int part) {
  (void)part;
  for (int64_t r = begin; r < end; r++) {
    float *y = j->y + r * j->columns, *x = j->z + r * j->columns;
    const float *bias = j->a;
    CK_VECTOR for (int64_t c = 0; c < j->columns; c++) {
      float v = x[c] + bias[c];
      x[c] = v;
      y[c] = 0.5f * v * (1.0f + ck_erff(v * 0.70710678118654752f));
    }
  }
}
CK_CLONES static void prelu_block(const row_job *j, int64_t begin, int64_t end, int part) {
  (void)part;
  for (int64_t r = begin; r < end; r++) {
    float *y = j->y + r * j->columns;
    const float *x = j->x + r * j->columns, *a = j->a;
    CK_VECTOR for (int64_t c = 0; c < j->columns; c++) y[c] = x[c] > 0 ? x[c] : a[c] * x[c];
  }
}

void ck_add_row(float *y, const float *x, const float *row, int64_t rows, int64_t columns) {
  by_rows((row_job){.y = y, .x = x, .a = row, .rows = rows, .columns = columns,
                    .block = add_row_block}, 1);
}
void ck_multiply_row(float *y, const float *x, const float *row, int64_t rows, int64_t columns) {
  by_rows((row_job){.y = y, .x = x, .a = row, .rows = rows, .columns = columns,
                    .block = multiply_row_block}, 1);
}
void ck_multiply_column(float *y, const float *x, const float *column, int64_t rows,
                        int64_t columns) {
  by_rows((row_job){.y = y, .x = x, .a = column, .rows = rows, .columns = columns,
                    .block = multiply_column_block}, 1);
}
void ck_broadcast_column(float *y, const float *column, int64_t rows, int64_t columns,
                         float scale) {
  by_rows((row_job){.y = y, .a = column, .rows = rows, .columns = columns, .s = scale,
                    .block = broadcast_column_block}, 1);
}
void ck_sum_columns(float *column, const float *x, int64_t rows, int64_t columns, float scale) {
  by_rows((row_job){.y = column, .x = x, .rows = rows, .columns = columns, .s = scale,
                    .block = sum_columns_block}, 1);
}
void ck_bias_gelu(float *y, float *x, const float *bias, int64_t rows, int64_t columns) {
  by_rows((row_job){.y = y, .z = x, .a = bias, .rows = rows, .columns = columns,
                    .block = bias_gelu_block}, 5);
}
void ck_prelu(float *y, const float *x, const float *slope, int64_t rows, int64_t columns) {
  by_rows((row_job){.y = y, .x = x, .a = slope, .rows = rows, .columns = columns,
                    .block = prelu_block}, 1);
}

// Sums over rows: each part sums its own rows into its own line, the lines are added in order.
static void reduce_lines(float *row, const float *lines, int parts, int64_t columns,
                         bool accumulate) {
  for (int64_t c = 0; c < columns; c++) {
    double s = 0;
    for (int part = 0; part < parts; part++) s += lines[part * columns + c];
    row[c] = (float)(accumulate ? row[c] + s : s);
  }
}
static void sum_over_rows(row_job job, float *row, int64_t work, bool accumulate) {
  int64_t capacity;
  int parts = ck_parts(job.rows, job.columns * work);
  float *lines = ck_buffer_take(parts * job.columns, &capacity);
  memset(lines, 0, (size_t)(parts * job.columns) * sizeof(float));
  job.z = lines;
  job.parts = parts;
  ck_parallel(parts, row_part, &job);
  reduce_lines(row, lines, parts, job.columns, accumulate);
  ck_buffer_give(lines, capacity);
}
CK_CLONES static void sum_rows_block(const row_job *j, int64_t begin, int64_t end, int part) {
  float *line = j->z + part * j->columns;
  for (int64_t r = begin; r < end; r++) {
    const float *x = j->x + r * j->columns;
    CK_VECTOR for (int64_t c = 0; c < j->columns; c++) line[c] += x[c];
  }
}
CK_CLONES static void sum_product_block(const row_job *j, int64_t begin, int64_t end, int part) {
  float *line = j->z + part * j->columns;
  for (int64_t r = begin; r < end; r++) {
    const float *a = j->a + r * j->columns, *b = j->b + r * j->columns;
    CK_VECTOR for (int64_t c = 0; c < j->columns; c++) line[c] += a[c] * b[c];
  }
}
CK_CLONES static void gelu_bias_backward_block(const row_job *j, int64_t begin, int64_t end,
                                               int part) {
  float *line = j->z + part * j->columns;
  for (int64_t r = begin; r < end; r++) {
    float *dx = j->y + r * j->columns;
    const float *dy = j->a + r * j->columns, *x = j->x + r * j->columns;
    CK_VECTOR for (int64_t c = 0; c < j->columns; c++) {
      float g = dy[c] * gelu_derivative(x[c]);
      dx[c] = g;
      line[c] += g;
    }
  }
}
CK_CLONES static void prelu_backward_block(const row_job *j, int64_t begin, int64_t end,
                                           int part) {
  float *line = j->z + part * j->columns;
  for (int64_t r = begin; r < end; r++) {
    float *dx = j->y + r * j->columns;
    const float *dy = j->a + r * j->columns, *x = j->x + r * j->columns, *slope = j->b;
    CK_VECTOR for (int64_t c = 0; c < j->columns; c++) {
      dx[c] = x[c] > 0 ? dy[c] : slope[c] * dy[c];
      line[c] += x[c] > 0 ? 0.0f : dy[c] * x[c];
    }
  }
}
void ck_sum_rows(float *row, const float *x, int64_t rows, int64_t columns, bool accumulate) {
  sum_over_rows((row_job){.x = x, .rows = rows, .columns = columns, .block = sum_rows_block}, row,
                1, accumulate);
}
void ck_sum_product_rows(float *row, const float *a, const float *b, int64_t rows,
                         int64_t columns) {
  sum_over_rows((row_job){.a = a, .b = b, .rows = rows, .columns = columns,
                          .block = sum_product_block}, row, 1, false);
}
void ck_gelu_bias_backward(float *dx, float *dbias, const float *dy, const float *x, int64_t rows,
                           int64_t columns) {
  sum_over_rows((row_job){.y = dx, .a = dy, .x = x, .rows = rows, .columns = columns,
                          .block = gelu_bias_backward_block}, dbias, 8, false);
}
void ck_prelu_backward(float *dx, float *dslope, const float *dy, const float *x,
                       const float *slope, int64_t rows, int64_t columns) {
  sum_over_rows((row_job){.y = dx, .a = dy, .x = x, .b = slope, .rows = rows, .columns = columns,
                          .block = prelu_backward_block}, dslope, 2, false);
}
