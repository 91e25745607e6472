// Maximum and average pooling over NHWC; a part is an image.
#include "internal.h"

#define CK_VECTOR _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

typedef struct {
  const ck_convolution_shape *s;
  float *y;
  const float *x;
  int32_t *argmax;
  const int32_t *saved;
  int kind;
} pool_job;

CK_CLONES static void max_pool_image(const pool_job *j, int64_t image) {
  const ck_convolution_shape *s = j->s;
  int64_t n = s->channels, base = image * s->height * s->width;
  const float *x = j->x + base * n;
  for (int64_t oy = 0; oy < s->output_height; oy++)
    for (int64_t ox = 0; ox < s->output_width; ox++) {
      int64_t o = ((image * s->output_height + oy) * s->output_width + ox) * n;
      float *y = j->y + o;
      int32_t *index = j->argmax + o;
      for (int64_t c = 0; c < n; c++) y[c] = -INFINITY, index[c] = 0;
      for (int64_t ky = 0; ky < s->kernel_height; ky++) {
        int64_t iy = oy * s->stride - s->padding + ky;
        if (iy < 0 || iy >= s->height) continue;
        for (int64_t kx = 0; kx < s->kernel_width; kx++) {
          int64_t ix = ox * s->stride - s->padding + kx;
          if (ix < 0 || ix >= s->width) continue;
          const float *p = x + (iy * s->width + ix) * n;
          int32_t here = (int32_t)(iy * s->width + ix);
          CK_VECTOR for (int64_t c = 0; c < n; c++) {
            bool larger = (p[c] > y[c]) | (p[c] != p[c]);  // NaN counts as the largest
            index[c] = larger ? here : index[c];
            y[c] = larger ? p[c] : y[c];
          }
        }
      }
    }
}
static void max_pool_backward_image(const pool_job *j, int64_t image) {
  const ck_convolution_shape *s = j->s;
  int64_t n = s->channels, outputs = s->output_height * s->output_width;
  float *dx = j->y + image * s->height * s->width * n;
  memset(dx, 0, (size_t)(s->height * s->width * n) * sizeof(float));
  for (int64_t o = 0; o < outputs; o++) {
    const float *d = j->x + (image * outputs + o) * n;
    const int32_t *index = j->saved + (image * outputs + o) * n;
    for (int64_t c = 0; c < n; c++) dx[index[c] * n + c] += d[c];
  }
}
CK_CLONES static void average_pool_image(const pool_job *j, int64_t image) {
  const ck_convolution_shape *s = j->s;
  int64_t n = s->channels;
  bool backward = j->kind == 3;
  const float *x = j->x + image * (backward ? s->output_height * s->output_width
                                            : s->height * s->width) * n;
  float *y = j->y + image * (backward ? s->height * s->width
                                      : s->output_height * s->output_width) * n;
  float share = 1.0f / (float)(s->kernel_height * s->kernel_width);
  memset(y, 0, (size_t)((backward ? s->height * s->width : s->output_height * s->output_width) * n) *
                   sizeof(float));
  for (int64_t oy = 0; oy < s->output_height; oy++)
    for (int64_t ox = 0; ox < s->output_width; ox++)
      for (int64_t ky = 0; ky < s->kernel_height; ky++) {
        int64_t iy = oy * s->stride - s->padding + ky;
        if (iy < 0 || iy >= s->height) continue;
        for (int64_t kx = 0; kx < s->kernel_width; kx++) {
          int64_t ix = ox * s->stride - s->padding + kx;
          if (ix < 0 || ix >= s->width) continue;
          int64_t inner = (iy * s->width + ix) * n, outer = (oy * s->output_width + ox) * n;
          const float *p = x + (backward ? outer : inner);
          float *o = y + (backward ? inner : outer);
          CK_VECTOR for (int64_t c = 0; c < n; c++) o[c] += p[c] * share;
        }
      }
}
static void pool_part(void *context, int part) {
  const pool_job *j = context;
  if (j->kind == 0) max_pool_image(j, part);
  else if (j->kind == 1) max_pool_backward_image(j, part);
  else average_pool_image(j, part);
}
void ck_max_pool(float *y, int32_t *argmax, const float *x, const ck_convolution_shape *s) {
  pool_job job = {.s = s, .y = y, .x = x, .argmax = argmax, .kind = 0};
  ck_parallel((int)s->batch, pool_part, &job);
}
void ck_max_pool_backward(float *dx, const float *dy, const int32_t *argmax,
                          const ck_convolution_shape *s) {
  pool_job job = {.s = s, .y = dx, .x = dy, .saved = argmax, .kind = 1};
  ck_parallel((int)s->batch, pool_part, &job);
}
void ck_average_pool(float *y, const float *x, const ck_convolution_shape *s) {
  pool_job job = {.s = s, .y = y, .x = x, .kind = 2};
  ck_parallel((int)s->batch, pool_part, &job);
}
void ck_average_pool_backward(float *dx, const float *dy, const ck_convolution_shape *s) {
  pool_job job = {.s = s, .y = dx, .x = dy, .kind = 3};
  ck_parallel((int)s->batch, pool_part, &job);
}
