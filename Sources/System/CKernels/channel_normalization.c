// Batch and instance normalisation: statistics of channels, and the affine map with what follows it.
//
// The gradient takes the sign of what went into a rectifier from the input again, so neither the
// normalised values nor the rectified ones have to be kept.
#include "internal.h"

#define CK_VECTOR _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

// Channels of [groups, rows, columns]; a part is (group, block of rows).
typedef struct {
  float *y, *lines, *masked;
  const float *x, *a, *b, *c;
  const ck_channel_map *map;
  const ck_channel_gradient *gradient;
  int64_t groups, rows, columns;
  int blocks, sums;
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

void ck_channel_coefficients(float *inverse, float *factor, float *offset, const float *mean,
                             const float *variance, const float *scale, const float *shift,
                             float epsilon, int64_t groups, int64_t columns) {
  for (int64_t g = 0; g < groups; g++)
    for (int64_t c = 0; c < columns; c++) {
      int64_t i = g * columns + c;
      inverse[i] = 1.0f / sqrtf(variance[i] + epsilon);
      factor[i] = inverse[i] * scale[c];
      offset[i] = shift[c] - mean[i] * factor[i];
    }
}

// MARK: Forward.
typedef enum { follow_nothing, follow_rectifier, follow_slopes } follower;
CK_INLINE follower follower_of(const ck_channel_map *m) {
  return m->slope ? follow_slopes : m->rectifies ? follow_rectifier : follow_nothing;
}
// One function for every use, so that signs taken again are those of the forward pass.
CK_INLINE float mapped(float x, float factor, float offset) { return x * factor + offset; }
CK_INLINE float followed(float v, float slope, const follower f) {
  // In this order NaN stays.
  if (f == follow_rectifier) return v < 0 ? 0.0f : v;
  if (f == follow_slopes) return v > 0 ? v : v * slope;
  return v;
}
CK_INLINE void affine(float *y, const float *x, const float *factor, const float *offset,
                      const float *residual, const float *slope, int64_t rows, int64_t columns,
                      const follower f) {
  for (int64_t r = 0; r < rows; r++, x += columns, y += columns) {
    if (residual) {
      CK_VECTOR for (int64_t c = 0; c < columns; c++)
        y[c] = followed(mapped(x[c], factor[c], offset[c]) + residual[c],
                        f == follow_slopes ? slope[c] : 0, f);
      residual += columns;
    } else {
      CK_VECTOR for (int64_t c = 0; c < columns; c++)
        y[c] = followed(mapped(x[c], factor[c], offset[c]), f == follow_slopes ? slope[c] : 0, f);
    }
  }
}
CK_CLONES static void affine_rows(float *y, const float *x, const float *factor,
                                  const float *offset, const float *residual,
                                  const ck_channel_map *map, int64_t rows, int64_t columns) {
  switch (follower_of(map)) {
    case follow_slopes:
      affine(y, x, factor, offset, residual, map->slope, rows, columns, follow_slopes);
      break;
    case follow_rectifier:
      affine(y, x, factor, offset, residual, NULL, rows, columns, follow_rectifier);
      break;
    default: affine(y, x, factor, offset, residual, NULL, rows, columns, follow_nothing); break;
  }
}
static void affine_part(void *context, int part) {
  const channel_job *j = context;
  int64_t group = part / j->blocks, begin, end, n = j->columns;
  ck_range(j->rows, j->blocks, part % j->blocks, &begin, &end);
  int64_t offset = (group * j->rows + begin) * n;
  affine_rows(j->y + offset, j->x + offset, j->map->factor + group * n,
              j->map->offset + group * n, j->c ? j->c + offset : NULL, j->map, end - begin, n);
}
void ck_channel_affine(float *y, const float *x, const float *residual, const ck_channel_map *map) {
  channel_job job = {.y = y, .x = x, .c = residual, .map = map, .groups = map->groups,
                     .rows = map->rows, .columns = map->columns,
                     .blocks = channel_blocks(map->groups, map->rows, map->columns)};
  ck_parallel((int)map->groups * job.blocks, affine_part, &job);
}

// MARK: Backward.
typedef struct {
  const float *dy, *x, *y, *mean, *inverse, *factor, *offset, *slope;
  float *masked, *sum, *product, *slopes;
  int64_t rows, columns;
} sum_lines;

CK_INLINE void gradient_sums(sum_lines l, const follower f) {
  for (int64_t r = 0; r < l.rows; r++, l.dy += l.columns, l.x += l.columns) {
    CK_VECTOR for (int64_t c = 0; c < l.columns; c++) {
      float d = l.dy[c], g = d;
      if (f != follow_nothing) {
        float v = mapped(l.x[c], l.factor[c], l.offset[c]);
        g = v > 0 ? d : f == follow_slopes ? d * l.slope[c] : 0.0f;
        if (f == follow_slopes) l.slopes[c] += v > 0 ? 0.0f : d * v;
      }
      l.sum[c] += g;
      l.product[c] += g * (l.x[c] - l.mean[c]) * l.inverse[c];
    }
  }
}
// With a residual under the rectifier the sign is that of the output, and the residual wants the gradient.
CK_INLINE void masked_sums(sum_lines l) {
  for (int64_t r = 0; r < l.rows; r++) {
    CK_VECTOR for (int64_t c = 0; c < l.columns; c++) {
      float g = l.y[c] > 0 ? l.dy[c] : 0.0f;
      l.masked[c] = g;
      l.sum[c] += g;
      l.product[c] += g * (l.x[c] - l.mean[c]) * l.inverse[c];
    }
    l.dy += l.columns;
    l.x += l.columns;
    l.y += l.columns;
    l.masked += l.columns;
  }
}
CK_CLONES static void sum_line_rows(const sum_lines *l, follower f) {
  if (l->masked) masked_sums(*l);
  else if (f == follow_slopes) gradient_sums(*l, follow_slopes);
  else if (f == follow_rectifier) gradient_sums(*l, follow_rectifier);
  else gradient_sums(*l, follow_nothing);
}
static void backward_sums_part(void *context, int part) {
  const channel_job *j = context;
  const ck_channel_gradient *g = j->gradient;
  int64_t group = part / j->blocks, begin, end, n = j->columns, lines = j->sums * n, capacity;
  ck_range(j->rows, j->blocks, part % j->blocks, &begin, &end);
  double *sums = (double *)j->lines + (int64_t)part * lines;
  memset(sums, 0, (size_t)lines * sizeof(double));
  float *scratch = ck_buffer_take(lines, &capacity);
  for (int64_t r = begin; r < end; r += float_rows) {
    memset(scratch, 0, (size_t)lines * sizeof(float));
    int64_t offset = (group * j->rows + r) * n;
    sum_lines l = {.dy = g->dy + offset, .x = g->x + offset, .y = g->y ? g->y + offset : NULL,
                   .mean = g->mean + group * n, .inverse = g->inverse + group * n,
                   .factor = j->map->factor + group * n, .offset = j->map->offset + group * n,
                   .slope = j->map->slope, .masked = j->masked ? j->masked + offset : NULL,
                   .sum = scratch, .product = scratch + n, .slopes = scratch + 2 * n,
                   .rows = end - r < float_rows ? end - r : float_rows, .columns = n};
    sum_line_rows(&l, follower_of(j->map));
    for (int64_t c = 0; c < lines; c++) sums[c] += scratch[c];
  }
  ck_buffer_give(scratch, capacity);
}
void ck_channel_backward_sums(float *sum_dy, float *sum_dy_normal, float *dslope, float *masked,
                              const ck_channel_gradient *gradient, const ck_channel_map *map) {
  int64_t groups = map->groups, n = map->columns, capacity;
  int blocks = channel_blocks(groups, map->rows, n);
  channel_job job = {.masked = masked, .map = map, .gradient = gradient, .groups = groups,
                     .rows = map->rows, .columns = n, .blocks = blocks,
                     .sums = map->slope ? 3 : 2};
  int64_t lines = job.sums * n;
  job.lines = ck_buffer_take(groups * blocks * lines * 2, &capacity);
  ck_parallel((int)groups * blocks, backward_sums_part, &job);
  for (int64_t c = 0; c < n; c++) {
    double slopes = 0;
    for (int64_t g = 0; g < groups; g++) {
      double s = 0, q = 0;
      for (int block = 0; block < blocks; block++) {
        const double *sums = (const double *)job.lines + (g * blocks + block) * lines;
        s += sums[c];
        q += sums[n + c];
        if (map->slope) slopes += sums[2 * n + c];
      }
      sum_dy[g * n + c] = (float)s;
      sum_dy_normal[g * n + c] = (float)q;
    }
    if (map->slope) dslope[c] = (float)slopes;
  }
  ck_buffer_give(job.lines, capacity);
}

CK_INLINE void input_gradient(float *dx, const float *dy, const float *x, const float *factor,
                              const float *offset, const float *slope, const float *b,
                              const float *constant, int64_t rows, int64_t columns,
                              const follower f) {
  for (int64_t r = 0; r < rows; r++, dx += columns, dy += columns, x += columns) {
    CK_VECTOR for (int64_t c = 0; c < columns; c++) {
      float g = dy[c];
      if (f != follow_nothing) {
        float v = mapped(x[c], factor[c], offset[c]);
        g = v > 0 ? g : f == follow_slopes ? g * slope[c] : 0.0f;
      }
      dx[c] = factor[c] * g + b[c] * x[c] + constant[c];
    }
  }
}
CK_CLONES static void input_gradient_rows(float *dx, const float *dy, const float *x,
                                          const float *factor, const float *offset,
                                          const float *slope, const float *b,
                                          const float *constant, int64_t rows, int64_t columns,
                                          follower f) {
  if (f == follow_slopes)
    input_gradient(dx, dy, x, factor, offset, slope, b, constant, rows, columns, follow_slopes);
  else if (f == follow_rectifier)
    input_gradient(dx, dy, x, factor, offset, NULL, b, constant, rows, columns, follow_rectifier);
  else
    input_gradient(dx, dy, x, factor, offset, NULL, b, constant, rows, columns, follow_nothing);
}
static void channel_backward_part(void *context, int part) {
  const channel_job *j = context;
  int64_t group = part / j->blocks, begin, end, n = j->columns;
  ck_range(j->rows, j->blocks, part % j->blocks, &begin, &end);
  int64_t offset = (group * j->rows + begin) * n;
  // Where the output was needed for the signs, the gradient comes masked already.
  follower f = j->gradient->y ? follow_nothing : follower_of(j->map);
  input_gradient_rows(j->y + offset, j->gradient->dy + offset, j->gradient->x + offset,
                      j->map->factor + group * n, j->map->offset + group * n, j->map->slope,
                      j->a + group * n, j->b + group * n, end - begin, n, f);
}
void ck_channel_backward(float *dx, const float *sum_dy, const float *sum_dy_normal,
                         const ck_channel_gradient *gradient, const ck_channel_map *map) {
  int64_t groups = map->groups, n = map->columns, capacity;
  float *b = ck_buffer_take(2 * groups * n, &capacity), *constant = b + groups * n;
  // dx = factor (g - mean g - normal mean(g normal)), written as factor g + b x + constant.
  for (int64_t i = 0; i < groups * n; i++) {
    float inverse = gradient->inverse[i], factor = map->factor[i];
    float mean_g = sum_dy ? sum_dy[i] / (float)map->rows : 0;
    float mean_product = sum_dy ? sum_dy_normal[i] / (float)map->rows : 0;
    b[i] = -factor * inverse * mean_product;
    constant[i] = factor * (gradient->mean[i] * inverse * mean_product - mean_g);
  }
  channel_job job = {.y = dx, .a = b, .b = constant, .gradient = gradient, .map = map,
                     .groups = groups, .rows = map->rows, .columns = n,
                     .blocks = channel_blocks(groups, map->rows, n)};
  ck_parallel((int)groups * job.blocks, channel_backward_part, &job);
  ck_buffer_give(b, capacity);
}
