// Convolution of any shape: a part gathers a tile of patches into its own scratch and the matrix
// library multiplies it at once, so the gathered matrix of a whole layer never exists.
#include "convolution.h"

#define CK_VECTOR _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

enum { tile_floats = 1 << 16 };  // 256 KiB of patches: half of a core's second-level cache

typedef struct {
  const ck_convolution_shape *s;
  float *y, *lines;
  const float *x, *dy, *weight, *bias;
  int64_t tile, packed;
  int parts;
} gathered_job;

static int64_t patch_floats(const ck_convolution_shape *s) {
  return s->kernel_height * s->kernel_width * (s->channels / s->groups);
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
  const gathered_job *j = context;
  const ck_convolution_shape *s = j->s;
  int64_t out = s->output_channels / s->groups, k = patch_floats(s), capacity;
  int64_t pixels = ck_output_pixels(s), begin = part * j->tile;
  int64_t end = begin + j->tile < pixels ? begin + j->tile : pixels;
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
void ck_gathered(float *y, const float *x, const float *weight, const float *bias,
                 const ck_convolution_shape *s) {
  int64_t pixels = ck_output_pixels(s), k = patch_floats(s), capacity;
  int64_t fair = (pixels + ck_pool_threads() - 1) / ck_pool_threads();
  float *packed = ck_buffer_take(k * s->output_channels, &capacity);
  ck_pack_weight(packed, weight, s);
  gathered_job job = {.s = s, .y = y, .x = x, .weight = packed, .bias = bias};
  job.tile = tile_floats / k < 64 ? 64 : tile_floats / k;
  if (job.tile > fair) job.tile = fair;
  ck_parallel((int)((pixels + job.tile - 1) / job.tile), forward_part, &job);
  ck_buffer_give(packed, capacity);
}

static void input_gradient_part(void *context, int image) {
  const gathered_job *j = context;
  const ck_convolution_shape *s = j->s;
  int64_t out = s->output_channels / s->groups, k = patch_floats(s), capacity;
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
void ck_gathered_input_gradient(float *dx, const float *dy, const float *weight,
                                const ck_convolution_shape *s) {
  int64_t k = patch_floats(s), plane = s->output_height * s->output_width, capacity;
  float *packed = ck_buffer_take(k * s->output_channels, &capacity);
  gathered_job job = {.s = s, .y = dx, .dy = dy, .weight = packed};
  ck_pack_weight(packed, weight, s);
  job.tile = tile_floats / k < 64 ? 64 : tile_floats / k;
  if (job.tile > plane) job.tile = plane;
  ck_parallel((int)s->batch, input_gradient_part, &job);
  ck_buffer_give(packed, capacity);
}

static void weight_gradient_part(void *context, int part) {
  const gathered_job *j = context;
  const ck_convolution_shape *s = j->s;
  int64_t out = s->output_channels / s->groups, k = patch_floats(s), begin, end, capacity;
  float *line = j->lines + part * j->packed;
  ck_range(ck_output_pixels(s), j->parts, part, &begin, &end);
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
void ck_gathered_weight_gradient(float *dweight, const float *dy, const float *x,
                                 const ck_convolution_shape *s) {
  int64_t k = patch_floats(s), capacity;
  gathered_job job = {.s = s, .x = x, .dy = dy, .packed = k * s->output_channels};
  job.parts = ck_pool_threads();
  job.tile = tile_floats / k < 64 ? 64 : tile_floats / k;
  job.lines = ck_buffer_take(job.parts * job.packed, &capacity);
  ck_parallel(job.parts, weight_gradient_part, &job);
  for (int part = 1; part < job.parts; part++)
    add_run(job.lines, job.lines + part * job.packed, job.packed);
  ck_unpack_weight(dweight, job.lines, s);
  ck_buffer_give(job.lines, capacity);
}
