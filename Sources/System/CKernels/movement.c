// Permutation, gathering, strided copies and patches.
#include "internal.h"

enum { max_rank = 6 };

typedef struct {
  float *y;
  const float *x;
  int rank;
  int64_t shape[max_rank], stride[max_rank];  // of the output; strides into the input
  int64_t outer;
  int parts;
} permute_job;

static void permute_part(void *context, int part) {
  const permute_job *j = context;
  int64_t begin, end, inner = j->shape[j->rank - 1], step = j->stride[j->rank - 1];
  ck_range(j->outer, j->parts, part, &begin, &end);
  for (int64_t o = begin; o < end; o++) {
    int64_t rest = o, source = 0;
    for (int axis = j->rank - 2; axis >= 0; axis--) {
      source += rest % j->shape[axis] * j->stride[axis];
      rest /= j->shape[axis];
    }
    float *y = j->y + o * inner;
    const float *x = j->x + source;
    if (step == 1) memcpy(y, x, (size_t)inner * sizeof(float));
    else
      for (int64_t i = 0; i < inner; i++) y[i] = x[i * step];
  }
}
void ck_permute(float *y, const float *x, int rank, const int64_t *input_shape,
                const int *permutation) {
  permute_job job = {.y = y, .x = x, .rank = rank, .outer = 1};
  int64_t strides[max_rank], running = 1;
  for (int axis = rank - 1; axis >= 0; axis--) {
    strides[axis] = running;
    running *= input_shape[axis];
  }
  for (int axis = 0; axis < rank; axis++) {
    job.shape[axis] = input_shape[permutation[axis]];
    job.stride[axis] = strides[permutation[axis]];
    if (axis < rank - 1) job.outer *= job.shape[axis];
  }
  if (running == 0) return;
  job.parts = ck_parts(job.outer, job.shape[rank - 1]);
  ck_parallel(job.parts, permute_part, &job);
}

typedef struct {
  float *y;
  const float *x;
  const int32_t *indices;
  int64_t rows, columns, y_stride, x_stride;
  bool accumulate;
  int parts;
} rows_job;

static void gather_part(void *context, int part) {
  const rows_job *j = context;
  int64_t begin, end;
  ck_range(j->rows, j->parts, part, &begin, &end);
  for (int64_t r = begin; r < end; r++)
    memcpy(j->y + r * j->columns, j->x + (int64_t)j->indices[r] * j->columns,
           (size_t)j->columns * sizeof(float));
}
void ck_gather_rows(float *y, const float *x, const int32_t *indices, int64_t count,
                    int64_t columns) {
  rows_job job = {.y = y, .x = x, .indices = indices, .rows = count, .columns = columns,
                  .parts = ck_parts(count, columns)};
  ck_parallel(job.parts, gather_part, &job);
}
// Indices may repeat, so the rows are added in order on one thread.
void ck_scatter_add_rows(float *y, const float *dy, const int32_t *indices, int64_t count,
                         int64_t columns) {
  for (int64_t r = 0; r < count; r++) {
    float *o = y + (int64_t)indices[r] * columns;
    const float *d = dy + r * columns;
    for (int64_t c = 0; c < columns; c++) o[c] += d[c];
  }
}

static void strided_part(void *context, int part) {
  const rows_job *j = context;
  int64_t begin, end;
  ck_range(j->rows, j->parts, part, &begin, &end);
  for (int64_t r = begin; r < end; r++) {
    float *y = j->y + r * j->y_stride;
    const float *x = j->x + r * j->x_stride;
    if (j->accumulate)
      for (int64_t c = 0; c < j->columns; c++) y[c] += x[c];
    else
      memcpy(y, x, (size_t)j->columns * sizeof(float));
  }
}
void ck_copy_strided(float *y, int64_t y_stride, const float *x, int64_t x_stride, int64_t rows,
                     int64_t columns, bool accumulate) {
  rows_job job = {.y = y, .x = x, .rows = rows, .columns = columns, .y_stride = y_stride,
                  .x_stride = x_stride, .accumulate = accumulate,
                  .parts = ck_parts(rows, columns)};
  ck_parallel(job.parts, strided_part, &job);
}

typedef struct {
  float *y;
  const float *x;
  int64_t batch, height, width, channels, patch;
  bool backward;
} patch_job;

static void patch_part(void *context, int part) {
  const patch_job *j = context;
  int64_t gh = j->height / j->patch, gw = j->width / j->patch, p = j->patch, n = j->channels;
  int64_t image = part / gh, gy = part % gh, line = n * p * p;
  for (int64_t gx = 0; gx < gw; gx++)
    for (int64_t c = 0; c < n; c++)
      for (int64_t r = 0; r < p; r++) {
        int64_t pixel = ((image * j->height + gy * p + r) * j->width + gx * p) * n + c;
        int64_t token = ((image * gh + gy) * gw + gx) * line + (c * p + r) * p;
        if (j->backward)
          for (int64_t q = 0; q < p; q++) j->y[pixel + q * n] = j->x[token + q];
        else
          for (int64_t q = 0; q < p; q++) j->y[token + q] = j->x[pixel + q * n];
      }
}
void ck_patches(float *y, const float *x, int64_t batch, int64_t height, int64_t width,
                int64_t channels, int64_t patch) {
  patch_job job = {y, x, batch, height, width, channels, patch, false};
  ck_parallel((int)(batch * (height / patch)), patch_part, &job);
}
void ck_patches_backward(float *dx, const float *dy, int64_t batch, int64_t height, int64_t width,
                         int64_t channels, int64_t patch) {
  patch_job job = {dx, dy, batch, height, width, channels, patch, true};
  ck_parallel((int)(batch * (height / patch)), patch_part, &job);
}
