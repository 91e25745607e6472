// Convolution and pooling over NHWC. A part gathers a tile of patches into its own scratch and
// multiplies it at once, so the gathered matrix of a whole layer never exists.
#include "internal.h"

#define CK_VECTOR _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

enum { tile_floats = 1 << 16 };  // 256 KiB of patches: half of a core's second-level cache

typedef struct {
  const ck_convolution_shape *s;
  float *y, *lines;
  const float *x, *dy, *weight, *bias;
  int64_t tile, tiles, packed;
  int parts;
} convolution_job;

// [O, I/g, kh, kw] <-> per group [kh, kw, I/g, O/g], the order in which patches are gathered.
static void pack_weight(float *packed, const float *weight, const ck_convolution_shape *s) {
  int64_t in = s->channels / s->groups, out = s->output_channels / s->groups;
  int64_t area = s->kernel_height * s->kernel_width;
  for (int64_t g = 0; g < s->groups; g++)
    for (int64_t o = 0; o < out; o++)
      for (int64_t i = 0; i < in; i++)
        for (int64_t k = 0; k < area; k++)
          packed[((g * area + k) * in + i) * out + o] =
              weight[((g * out + o) * in + i) * area + k];
}
static void unpack_weight(float *weight, const float *packed, const ck_convolution_shape *s) {
  int64_t in = s->channels / s->groups, out = s->output_channels / s->groups;
  int64_t area = s->kernel_height * s->kernel_width;
  for (int64_t g = 0; g < s->groups; g++)
    for (int64_t o = 0; o < out; o++)
      for (int64_t i = 0; i < in; i++)
        for (int64_t k = 0; k < area; k++)
          weight[((g * out + o) * in + i) * area + k] =
              packed[((g * area + k) * in + i) * out + o];
}

static bool is_pointwise(const ck_convolution_shape *s) {
  return s->kernel_height == 1 && s->kernel_width == 1 && s->stride == 1 && s->padding == 0 &&
         s->groups == 1;
}
static bool is_depthwise(const ck_convolution_shape *s) {
  return s->groups == s->channels && s->output_channels == s->channels && s->groups > 1;
}

// Gathers output pixels [begin, end) of one group: rows of [kh, kw, in].
static void gather(float *col, const float *x, const ck_convolution_shape *s, int64_t group,
                   int64_t begin, int64_t end) {
  int64_t in = s->channels / s->groups, plane = s->output_height * s->output_width;
  for (int64_t p = begin; p < end; p++) {
    int64_t image = p / plane, oy = p % plane / s->output_width, ox = p % s->output_width;
    const float *source = x + image * s->height * s->width * s->channels + group * in;
    for (int64_t ky = 0; ky < s->kernel_height; ky++) {
      int64_t iy = oy * s->stride - s->padding + ky, ix = ox * s->stride - s->padding;
      int64_t count = s->kernel_width * in;
      if (iy < 0 || iy >= s->height) {
        memset(col, 0, (size_t)count * sizeof(float));
      } else if (s->groups == 1 && ix >= 0 && ix + s->kernel_width <= s->width) {
        memcpy(col, source + (iy * s->width + ix) * s->channels, (size_t)count * sizeof(float));
      } else {
        for (int64_t kx = 0; kx < s->kernel_width; kx++) {
          if (ix + kx < 0 || ix + kx >= s->width)
            memset(col + kx * in, 0, (size_t)in * sizeof(float));
          else
            memcpy(col + kx * in, source + (iy * s->width + ix + kx) * s->channels,
                   (size_t)in * sizeof(float));
        }
      }
      col += count;
    }
  }
}
CK_CLONES static void add_run(float *y, const float *x, int64_t n) {
  CK_VECTOR for (int64_t i = 0; i < n; i++) y[i] += x[i];
}
static void scatter(float *dx, const float *col, const ck_convolution_shape *s, int64_t group,
                    int64_t begin, int64_t end) {
  int64_t in = s->channels / s->groups, plane = s->output_height * s->output_width;
  for (int64_t p = begin; p < end; p++) {
    int64_t image = p / plane, oy = p % plane / s->output_width, ox = p % s->output_width;
    float *target = dx + image * s->height * s->width * s->channels + group * in;
    for (int64_t ky = 0; ky < s->kernel_height; ky++) {
      int64_t iy = oy * s->stride - s->padding + ky, ix = ox * s->stride - s->padding;
      if (iy >= 0 && iy < s->height) {
        if (s->groups == 1 && ix >= 0 && ix + s->kernel_width <= s->width) {
          add_run(target + (iy * s->width + ix) * s->channels, col, s->kernel_width * in);
        } else {
          for (int64_t kx = 0; kx < s->kernel_width; kx++)
            if (ix + kx >= 0 && ix + kx < s->width)
              add_run(target + (iy * s->width + ix + kx) * s->channels, col + kx * in, in);
        }
      }
      col += s->kernel_width * in;
    }
  }
}

CK_CLONES static void add_bias_rows(float *y, const float *bias, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++) {
    float *p = y + r * n;
    CK_VECTOR for (int64_t c = 0; c < n; c++) p[c] += bias[c];
  }
}

static void forward_part(void *context, int part) {
  const convolution_job *j = context;
  const ck_convolution_shape *s = j->s;
  int64_t in = s->channels / s->groups, out = s->output_channels / s->groups, capacity;
  int64_t k = s->kernel_height * s->kernel_width * in;
  int64_t pixels = s->batch * s->output_height * s->output_width;
  int64_t begin = part * j->tile, end = begin + j->tile < pixels ? begin + j->tile : pixels;
  float *col = ck_buffer_take(j->tile * k, &capacity);
  for (int64_t g = 0; g < s->groups; g++) {
    gather(col, j->x, s, g, begin, end);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)(end - begin), (int)out, (int)k, 1,
                col, (int)k, j->weight + g * k * out, (int)out, 0,
                j->y + begin * s->output_channels + g * out, (int)s->output_channels);
  }
  if (j->bias)
    add_bias_rows(j->y + begin * s->output_channels, j->bias, end - begin, s->output_channels);
  ck_buffer_give(col, capacity);
}

// MARK: Depthwise: a part is (image, output row); channels are the vector axis.
CK_CLONES static void depthwise_row(float *y, const float *x, const float *weight,
                                    const float *bias, const ck_convolution_shape *s, int64_t oy) {
  int64_t n = s->channels;
  for (int64_t ox = 0; ox < s->output_width; ox++) {
    float *o = y + ox * n;
    if (bias) memcpy(o, bias, (size_t)n * sizeof(float));
    else memset(o, 0, (size_t)n * sizeof(float));
    for (int64_t ky = 0; ky < s->kernel_height; ky++) {
      int64_t iy = oy * s->stride - s->padding + ky;
      if (iy < 0 || iy >= s->height) continue;
      for (int64_t kx = 0; kx < s->kernel_width; kx++) {
        int64_t ix = ox * s->stride - s->padding + kx;
        if (ix < 0 || ix >= s->width) continue;
        const float *p = x + (iy * s->width + ix) * n;
        const float *w = weight + (ky * s->kernel_width + kx) * n;
        CK_VECTOR for (int64_t c = 0; c < n; c++) o[c] += p[c] * w[c];
      }
    }
  }
}
static void depthwise_part(void *context, int part) {
  const convolution_job *j = context;
  const ck_convolution_shape *s = j->s;
  int64_t image = part / s->output_height, oy = part % s->output_height;
  depthwise_row(j->y + (image * s->output_height + oy) * s->output_width * s->channels,
                j->x + image * s->height * s->width * s->channels, j->weight, j->bias, s, oy);
}
CK_CLONES static void depthwise_input_row(float *dx, const float *dy, const float *weight,
                                          const ck_convolution_shape *s, int64_t iy) {
  int64_t n = s->channels;
  memset(dx, 0, (size_t)(s->width * n) * sizeof(float));
  for (int64_t ky = 0; ky < s->kernel_height; ky++) {
    int64_t offset = iy + s->padding - ky;
    if (offset < 0 || offset % s->stride) continue;
    int64_t oy = offset / s->stride;
    if (oy >= s->output_height) continue;
    for (int64_t ox = 0; ox < s->output_width; ox++) {
      const float *d = dy + (oy * s->output_width + ox) * n;
      for (int64_t kx = 0; kx < s->kernel_width; kx++) {
        int64_t ix = ox * s->stride - s->padding + kx;
        if (ix < 0 || ix >= s->width) continue;
        const float *w = weight + (ky * s->kernel_width + kx) * n;
        float *o = dx + ix * n;
        CK_VECTOR for (int64_t c = 0; c < n; c++) o[c] += d[c] * w[c];
      }
    }
  }
}
static void depthwise_input_part(void *context, int part) {
  const convolution_job *j = context;
  const ck_convolution_shape *s = j->s;
  int64_t image = part / s->height, iy = part % s->height;
  depthwise_input_row(j->y + (image * s->height + iy) * s->width * s->channels,
                      j->dy + image * s->output_height * s->output_width * s->channels, j->weight,
                      s, iy);
}
CK_CLONES static void depthwise_weight_image(float *line, const float *x, const float *dy,
                                             const ck_convolution_shape *s) {
  int64_t n = s->channels;
  for (int64_t oy = 0; oy < s->output_height; oy++)
    for (int64_t ky = 0; ky < s->kernel_height; ky++) {
      int64_t iy = oy * s->stride - s->padding + ky;
      if (iy < 0 || iy >= s->height) continue;
      for (int64_t kx = 0; kx < s->kernel_width; kx++) {
        float *w = line + (ky * s->kernel_width + kx) * n;
        for (int64_t ox = 0; ox < s->output_width; ox++) {
          int64_t ix = ox * s->stride - s->padding + kx;
          if (ix < 0 || ix >= s->width) continue;
          const float *p = x + (iy * s->width + ix) * n;
          const float *d = dy + (oy * s->output_width + ox) * n;
          CK_VECTOR for (int64_t c = 0; c < n; c++) w[c] += p[c] * d[c];
        }
      }
    }
}

static int64_t output_pixels(const ck_convolution_shape *s) {
  return s->batch * s->output_height * s->output_width;
}

void ck_convolution(float *y, const float *x, const float *weight, const float *bias,
                    const ck_convolution_shape *s) {
  int64_t pixels = output_pixels(s), capacity;
  int64_t in = s->channels / s->groups, k = s->kernel_height * s->kernel_width * in;
  if (pixels == 0) return;
  if (is_pointwise(s)) {
    ck_gemm(false, true, pixels, s->output_channels, k, 1, x, k, weight, k, 0, y,
            s->output_channels);
    if (bias) ck_add_row(y, y, bias, pixels, s->output_channels);
    return;
  }
  float *packed = ck_buffer_take(k * s->output_channels, &capacity);
  pack_weight(packed, weight, s);
  convolution_job job = {.s = s, .y = y, .x = x, .weight = packed, .bias = bias};
  if (is_depthwise(s)) {
    // One channel a group: the packed order is [group, kh, kw]; the kernel wants [kh, kw, group].
    int64_t area = s->kernel_height * s->kernel_width;
    for (int64_t c = 0; c < s->channels; c++)
      for (int64_t a = 0; a < area; a++) packed[a * s->channels + c] = weight[c * area + a];
    ck_parallel((int)(s->batch * s->output_height), depthwise_part, &job);
  } else {
    job.tile = tile_floats / k < 64 ? 64 : tile_floats / k;
    if (job.tile > (pixels + ck_pool_threads() - 1) / ck_pool_threads())
      job.tile = (pixels + ck_pool_threads() - 1) / ck_pool_threads();
    ck_parallel((int)((pixels + job.tile - 1) / job.tile), forward_part, &job);
  }
  ck_buffer_give(packed, capacity);
}

static void input_gradient_part(void *context, int image) {
  const convolution_job *j = context;
  const ck_convolution_shape *s = j->s;
  int64_t in = s->channels / s->groups, out = s->output_channels / s->groups, capacity;
  int64_t k = s->kernel_height * s->kernel_width * in;
  int64_t plane = s->output_height * s->output_width;
  float *col = ck_buffer_take(j->tile * k, &capacity);
  float *dx = j->y + image * s->height * s->width * s->channels;
  memset(dx, 0, (size_t)(s->height * s->width * s->channels) * sizeof(float));
  for (int64_t start = image * plane; start < (image + 1) * plane; start += j->tile) {
    int64_t end = start + j->tile < (image + 1) * plane ? start + j->tile : (image + 1) * plane;
    for (int64_t g = 0; g < s->groups; g++) {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)(end - start), (int)k, (int)out, 1,
                  j->dy + start * s->output_channels + g * out, (int)s->output_channels,
                  j->weight + g * k * out, (int)out, 0, col, (int)k);
      scatter(j->y, col, s, g, start, end);
    }
  }
  ck_buffer_give(col, capacity);
}
void ck_convolution_input_gradient(float *dx, const float *dy, const float *weight,
                                   const ck_convolution_shape *s) {
  int64_t pixels = output_pixels(s), capacity;
  int64_t in = s->channels / s->groups, k = s->kernel_height * s->kernel_width * in;
  if (pixels == 0) return;
  if (is_pointwise(s)) {
    ck_gemm(false, false, pixels, k, s->output_channels, 1, dy, s->output_channels, weight, k, 0,
            dx, k);
    return;
  }
  float *packed = ck_buffer_take(k * s->output_channels, &capacity);
  convolution_job job = {.s = s, .y = dx, .dy = dy, .weight = packed};
  if (is_depthwise(s)) {
    int64_t area = s->kernel_height * s->kernel_width;
    for (int64_t c = 0; c < s->channels; c++)
      for (int64_t a = 0; a < area; a++) packed[a * s->channels + c] = weight[c * area + a];
    ck_parallel((int)(s->batch * s->height), depthwise_input_part, &job);
  } else {
    pack_weight(packed, weight, s);
    int64_t plane = s->output_height * s->output_width;
    job.tile = tile_floats / k < 64 ? 64 : tile_floats / k;
    if (job.tile > plane) job.tile = plane;
    ck_parallel((int)s->batch, input_gradient_part, &job);
  }
  ck_buffer_give(packed, capacity);
}

static void weight_gradient_part(void *context, int part) {
  const convolution_job *j = context;
  const ck_convolution_shape *s = j->s;
  int64_t in = s->channels / s->groups, out = s->output_channels / s->groups, capacity;
  int64_t k = s->kernel_height * s->kernel_width * in, begin, end;
  float *line = j->lines + part * j->packed;
  if (is_depthwise(s)) {
    ck_range(s->batch, j->parts, part, &begin, &end);
    memset(line, 0, (size_t)j->packed * sizeof(float));
    for (int64_t image = begin; image < end; image++)
      depthwise_weight_image(line, j->x + image * s->height * s->width * s->channels,
                             j->dy + image * s->output_height * s->output_width * s->channels, s);
    return;
  }
  ck_range(output_pixels(s), j->parts, part, &begin, &end);
  float *col = ck_buffer_take(j->tile * k, &capacity);
  if (begin == end) memset(line, 0, (size_t)j->packed * sizeof(float));
  for (int64_t start = begin; start < end; start += j->tile) {
    int64_t stop = start + j->tile < end ? start + j->tile : end;
    for (int64_t g = 0; g < s->groups; g++) {
      gather(col, j->x, s, g, start, stop);
      cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)k, (int)out, (int)(stop - start), 1,
                  col, (int)k, j->dy + start * s->output_channels + g * out,
                  (int)s->output_channels, start == begin ? 0 : 1, line + g * k * out, (int)out);
    }
  }
  ck_buffer_give(col, capacity);
}
void ck_convolution_weight_gradient(float *dweight, const float *dy, const float *x,
                                    const ck_convolution_shape *s) {
  int64_t pixels = output_pixels(s), capacity;
  int64_t in = s->channels / s->groups, k = s->kernel_height * s->kernel_width * in;
  if (pixels == 0) {
    memset(dweight, 0, (size_t)(k * s->output_channels) * sizeof(float));
    return;
  }
  if (is_pointwise(s)) {
    ck_gemm(true, false, s->output_channels, k, pixels, 1, dy, s->output_channels, x, k, 0, dweight,
            k);
    return;
  }
  convolution_job job = {.s = s, .x = x, .dy = dy, .packed = k * s->output_channels};
  job.parts = ck_pool_threads();
  if (is_depthwise(s) && job.parts > s->batch) job.parts = (int)s->batch;
  job.tile = tile_floats / k < 64 ? 64 : tile_floats / k;
  job.lines = ck_buffer_take(job.parts * job.packed, &capacity);
  ck_parallel(job.parts, weight_gradient_part, &job);
  for (int part = 1; part < job.parts; part++)
    add_run(job.lines, job.lines + part * job.packed, job.packed);
  if (is_depthwise(s)) {
    int64_t area = s->kernel_height * s->kernel_width;
    for (int64_t c = 0; c < s->channels; c++)
      for (int64_t a = 0; a < area; a++) dweight[c * area + a] = job.lines[a * s->channels + c];
  } else {
    unpack_weight(dweight, job.lines, s);
  }
  ck_buffer_give(job.lines, capacity);
}

// MARK: Pooling; a part is an image.
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
