// One filter a channel. 3x3 filters of stride 1 keep four neighbouring pixels of eight channels in
// registers; every other shape goes row by row with the channels as the vector axis.
#include "convolution.h"
#include "tile.h"

#define CK_VECTOR _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

typedef struct {
  const ck_convolution_shape *s;
  float *y, *lines;
  const float *x, *dy, *weight, *bias;
  // Picture that the 3x3 filter runs over: the input, or backward the gradient of the output.
  int64_t height, width, output_height, output_width, padding, band, bands;
  int parts;
  bool gates;  // y holds gated rows, `lines` their sums over each band
} depthwise_job;

// [channels, kh, kw] as [kh, kw, channels], the filter turned around on request, and back.
static void pack_filters(float *packed, const float *weight, const ck_convolution_shape *s,
                         bool turned) {
  int64_t area = s->kernel_height * s->kernel_width, n = s->channels;
  for (int64_t c = 0; c < n; c++)
    for (int64_t a = 0; a < area; a++)
      packed[(turned ? area - 1 - a : a) * n + c] = weight[c * area + a];
}
static void unpack_filters(float *weight, const float *packed, const ck_convolution_shape *s) {
  int64_t area = s->kernel_height * s->kernel_width, n = s->channels;
  for (int64_t c = 0; c < n; c++)
    for (int64_t a = 0; a < area; a++) weight[c * area + a] = packed[a * n + c];
}
static bool is_three_by_three(const ck_convolution_shape *s) {
  return s->kernel_height == 3 && s->kernel_width == 3 && s->stride == 1 && s->padding <= 2 &&
         s->channels % 8 == 0 && s->output_width >= 4 && s->width >= 4;
}

// MARK: 3x3. x is a window with its border; `line` floats lead to its next row.
CK_CLONES static void three_by_three_row(float *y, const float *x, const float *weight,
                                         const float *bias, int64_t pixels, int64_t n,
                                         int64_t line) {
  for (int64_t start = 0; start < pixels; start += 4) {
    // The last four pixels may overlap those before.
    int64_t pixel = start + 4 <= pixels ? start : pixels - 4;
    for (int64_t c = 0; c < n; c += 8) {
      ck_v8 sum[4];
      for (int t = 0; t < 4; t++) sum[t] = bias ? CK_LOAD8(bias + c) : (ck_v8){0};
      for (int ky = 0; ky < 3; ky++) {
        const float *p = x + ky * line + pixel * n + c, *w = weight + ky * 3 * n + c;
        ck_v8 left = CK_LOAD8(w), middle = CK_LOAD8(w + n), right = CK_LOAD8(w + 2 * n), v[6];
        for (int t = 0; t < 6; t++) v[t] = CK_LOAD8(p + t * n);
        for (int t = 0; t < 4; t++) sum[t] += v[t] * left + v[t + 1] * middle + v[t + 2] * right;
      }
      for (int t = 0; t < 4; t++) CK_STORE8(y + (pixel + t) * n + c) = sum[t];
    }
  }
}
// The gate of a row, and its sums.
CK_CLONES static void gate_row(float *y, float *sums, const float *x, int64_t pixels, int64_t n) {
  ck_gate_lines(y, x, pixels, n);
  for (int64_t pixel = 0; pixel < pixels; pixel++, y += n)
    for (int64_t c = 0; c < n; c++) sums[c] += y[c];
}
static void three_by_three_part(void *context, int part) {
  const depthwise_job *j = context;
  int64_t n = j->s->channels, image = part / j->bands, first = part % j->bands * j->band, capacity;
  int64_t rows = j->output_height - first < j->band ? j->output_height - first : j->band;
  int64_t columns = j->output_width + 2;
  float *window = ck_buffer_take((rows + 3) * columns * n, &capacity);
  float *own = window + (rows + 2) * columns * n, *sums = j->lines + part * (n / 2);
  ck_copy_window(window, j->x + image * j->height * j->width * n, j->height, j->width, n,
                 first - j->padding, rows + 2, -j->padding, columns);
  if (j->gates) memset(sums, 0, (size_t)(n / 2) * sizeof(float));
  for (int64_t row = 0; row < rows; row++) {
    int64_t pixel = (image * j->output_height + first + row) * j->output_width;
    three_by_three_row(j->gates ? own : j->y + pixel * n, window + row * columns * n, j->weight,
                       j->bias, j->output_width, n, columns * n);
    if (j->gates) gate_row(j->y + pixel * (n / 2), sums, own, j->output_width, n / 2);
  }
  ck_buffer_give(window, capacity);
}
static void set_bands(depthwise_job *job) {
  // A band of rows fits the second-level cache; its border of two rows is copied twice.
  job->band = (1 << 15) / (job->s->channels * job->output_width);
  if (job->band < 4) job->band = 4;
  if (job->band > job->output_height) job->band = job->output_height;
  job->bands = (job->output_height + job->band - 1) / job->band;
}
static void three_by_three(depthwise_job *job) {
  set_bands(job);
  ck_parallel((int)(job->s->batch * job->bands), three_by_three_part, job);
}
// Nine sums of eight channels over a run of pixels. The three columns of gradients that meet an input
// pixel stay in registers.
CK_CLONES static void three_by_three_gradient_row(float *sums, const float *x, const float *dy,
                                                  int64_t pixels, int64_t n, int64_t line) {
  enum { run = 32 };
  for (int64_t start = 0; start < pixels; start += run) {
    int64_t count = pixels - start < run ? pixels - start : run;
    for (int64_t c = 0; c < n; c += 8) {
      ck_v8 sum[9];
      for (int k = 0; k < 9; k++) sum[k] = CK_LOAD8(sums + k * n + c);
      const float *p = x + start * n + c, *d = dy + start * n + c;
      for (int64_t pixel = 0; pixel < count; pixel++, p += n, d += n) {
        ck_v8 g = CK_LOAD8(d);
        for (int ky = 0; ky < 3; ky++)
          for (int kx = 0; kx < 3; kx++)
            sum[ky * 3 + kx] += g * CK_LOAD8(p + ky * line + kx * n);
      }
      for (int k = 0; k < 9; k++) CK_STORE8(sums + k * n + c) = sum[k];
    }
  }
}
static void three_by_three_gradient_part(void *context, int part) {
  const depthwise_job *j = context;
  const ck_convolution_shape *s = j->s;
  int64_t n = s->channels, begin, end, columns = s->output_width + 2, capacity;
  float *line = j->lines + part * 9 * n;
  ck_range(s->batch * s->output_height, j->parts, part, &begin, &end);
  memset(line, 0, (size_t)(9 * n) * sizeof(float));
  float *window = ck_buffer_take((j->band + 2) * columns * n, &capacity);
  for (int64_t row = begin; row < end;) {
    int64_t image = row / s->output_height, first = row % s->output_height;
    int64_t rows = s->output_height - first < j->band ? s->output_height - first : j->band;
    if (rows > end - row) rows = end - row;
    ck_copy_window(window, j->x + image * s->height * s->width * n, s->height, s->width, n,
                   first - s->padding, rows + 2, -s->padding, columns);
    for (int64_t r = 0; r < rows; r++)
      three_by_three_gradient_row(line, window + r * columns * n,
                                  j->dy + (row + r) * s->output_width * n, s->output_width, n,
                                  columns * n);
    row += rows;
  }
  ck_buffer_give(window, capacity);
}

// MARK: Any filter: a part is (image, row).
CK_CLONES static void row_forward(float *y, const float *x, const float *weight, const float *bias,
                                  const ck_convolution_shape *s, int64_t oy) {
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
static void row_forward_part(void *context, int part) {
  const depthwise_job *j = context;
  const ck_convolution_shape *s = j->s;
  int64_t image = part / s->output_height, oy = part % s->output_height;
  row_forward(j->y + (image * s->output_height + oy) * s->output_width * s->channels,
              j->x + image * s->height * s->width * s->channels, j->weight, j->bias, s, oy);
}
CK_CLONES static void row_input_gradient(float *dx, const float *dy, const float *weight,
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
static void row_input_gradient_part(void *context, int part) {
  const depthwise_job *j = context;
  const ck_convolution_shape *s = j->s;
  int64_t image = part / s->height, iy = part % s->height;
  row_input_gradient(j->y + (image * s->height + iy) * s->width * s->channels,
                     j->dy + image * s->output_height * s->output_width * s->channels, j->weight, s,
                     iy);
}
CK_CLONES static void row_weight_gradient(float *line, const float *x, const float *dy,
                                          const ck_convolution_shape *s, int64_t oy) {
  int64_t n = s->channels;
  for (int64_t ky = 0; ky < s->kernel_height; ky++) {
    int64_t iy = oy * s->stride - s->padding + ky;
    if (iy < 0 || iy >= s->height) continue;
    for (int64_t kx = 0; kx < s->kernel_width; kx++) {
      float *w = line + (ky * s->kernel_width + kx) * n;
      for (int64_t ox = 0; ox < s->output_width; ox++) {
        int64_t ix = ox * s->stride - s->padding + kx;
        if (ix < 0 || ix >= s->width) continue;
        const float *p = x + (iy * s->width + ix) * n, *d = dy + ox * n;
        CK_VECTOR for (int64_t c = 0; c < n; c++) w[c] += p[c] * d[c];
      }
    }
  }
}
static void row_weight_gradient_part(void *context, int part) {
  const depthwise_job *j = context;
  const ck_convolution_shape *s = j->s;
  int64_t begin, end, size = s->kernel_height * s->kernel_width * s->channels;
  float *line = j->lines + part * size;
  ck_range(s->batch * s->output_height, j->parts, part, &begin, &end);
  memset(line, 0, (size_t)size * sizeof(float));
  for (int64_t row = begin; row < end; row++)
    row_weight_gradient(line, j->x + row / s->output_height * s->height * s->width * s->channels,
                        j->dy + row * s->output_width * s->channels, s, row % s->output_height);
}

void ck_depthwise(float *y, const float *x, const float *weight, const float *bias,
                  const ck_convolution_shape *s) {
  int64_t capacity;
  float *packed = ck_buffer_take(s->kernel_height * s->kernel_width * s->channels, &capacity);
  pack_filters(packed, weight, s, false);
  depthwise_job job = {.s = s, .y = y, .x = x, .weight = packed, .bias = bias,
                       .height = s->height, .width = s->width,
                       .output_height = s->output_height, .output_width = s->output_width,
                       .padding = s->padding};
  if (is_three_by_three(s)) three_by_three(&job);
  else ck_parallel((int)(s->batch * s->output_height), row_forward_part, &job);
  ck_buffer_give(packed, capacity);
}
void ck_depthwise_gated(float *gated, float *means, const float *x, const float *weight,
                        const float *bias, const ck_convolution_shape *s) {
  int64_t n = s->channels, half = n / 2, places = s->output_height * s->output_width, capacity;
  if (!is_three_by_three(s)) {
    float *y = ck_buffer_take(s->batch * places * n, &capacity);
    ck_convolution(y, x, weight, bias, s);
    ck_gate(gated, y, s->batch * places, half);
    ck_buffer_give(y, capacity);
    ck_mean_rows(means, gated, s->batch, places, half);
    return;
  }
  depthwise_job job = {.s = s, .y = gated, .x = x, .bias = bias, .height = s->height,
                       .width = s->width, .output_height = s->output_height,
                       .output_width = s->output_width, .padding = s->padding, .gates = true};
  set_bands(&job);
  float *packed = ck_buffer_take(9 * n + s->batch * job.bands * half, &capacity);
  pack_filters(packed, weight, s, false);
  job.weight = packed;
  job.lines = packed + 9 * n;
  ck_parallel((int)(s->batch * job.bands), three_by_three_part, &job);
  for (int64_t image = 0; image < s->batch; image++)
    for (int64_t c = 0; c < half; c++) {
      double sum = 0;
      for (int64_t band = 0; band < job.bands; band++)
        sum += job.lines[(image * job.bands + band) * half + c];
      means[image * half + c] = (float)(sum / (double)places);
    }
  ck_buffer_give(packed, capacity);
}
void ck_depthwise_input_gradient(float *dx, const float *dy, const float *weight,
                                 const ck_convolution_shape *s) {
  int64_t capacity;
  float *packed = ck_buffer_take(s->kernel_height * s->kernel_width * s->channels, &capacity);
  bool tiled = is_three_by_three(s);
  pack_filters(packed, weight, s, tiled);
  depthwise_job job = {.s = s, .y = dx, .x = dy, .dy = dy, .weight = packed,
                       .height = s->output_height, .width = s->output_width,
                       .output_height = s->height, .output_width = s->width,
                       .padding = 2 - s->padding};
  if (tiled) three_by_three(&job);
  else ck_parallel((int)(s->batch * s->height), row_input_gradient_part, &job);
  ck_buffer_give(packed, capacity);
}
void ck_depthwise_weight_gradient(float *dweight, const float *dy, const float *x,
                                  const ck_convolution_shape *s) {
  int64_t capacity, size = s->kernel_height * s->kernel_width * s->channels;
  depthwise_job job = {.s = s, .x = x, .dy = dy};
  job.parts = 4 * ck_pool_threads();
  if (job.parts > s->batch * s->output_height) job.parts = (int)(s->batch * s->output_height);
  job.band = (1 << 15) / (s->channels * s->output_width);
  if (job.band < 4) job.band = 4;
  job.lines = ck_buffer_take(job.parts * size, &capacity);
  ck_parallel(job.parts,
              is_three_by_three(s) ? three_by_three_gradient_part : row_weight_gradient_part, &job);
  for (int part = 1; part < job.parts; part++)
    for (int64_t i = 0; i < size; i++) job.lines[i] += job.lines[part * size + i];
  unpack_filters(dweight, job.lines, s);
  ck_buffer_give(job.lines, capacity);
}
