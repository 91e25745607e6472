// Direct convolution on register tiles. A part copies a band of rows with its zero border, after which
// every kernel row over a pixel is one run of memory, and no gathered matrix exists.
#include "convolution.h"
#include "tile.h"

enum { band_floats = 1 << 15, band_pixels = 48, most_phases = 16 };

// The output pixels that share one set of taps: all of them forward; backward, those of equal
// remainder by the stride, whose gradient is a convolution of stride 1 with every stride-th tap.
typedef struct {
  int64_t row, column;            // first source row and column of output (0, 0)
  int64_t runs, taps;             // rows and columns of taps
  int64_t lines, pixels;
  int64_t first_row, first_column;  // in the output
  float *panels;
} direct_phase;

typedef struct {
  const float *x, *bias, *addend, *weight;
  float *y;
  int64_t batch, height, width, channels;                       // source
  int64_t output_height, output_width, output_channels;
  int64_t step, output_step;                                    // pixels between windows, outputs
  int64_t row, row_end, column, column_end;                     // source window over all phases
  int64_t lines, pixels, band, bands;
  // Weights: floats between output channels and between source channels; taps in order or reversed.
  int64_t weight_output, weight_source, padding;
  bool reversed;
  int64_t kernel_height, kernel_width;
  int phase_count;
  direct_phase phases[most_phases];
} direct_job;

static void pack_part(void *context, int part) {
  const direct_job *j = context;
  int64_t n = j->channels, column = (int64_t)part * ck_panel;
  int64_t width = j->output_channels - column < ck_panel ? j->output_channels - column : ck_panel;
  for (int i = 0; i < j->phase_count; i++) {
    const direct_phase *p = &j->phases[i];
    float *out = p->panels + column * p->runs * p->taps * n;
    for (int64_t r = 0; r < p->runs; r++)
      for (int64_t t = 0; t < p->taps; t++) {
        // Backward, source rows grow while kernel rows fall.
        int64_t ky = r, kx = t;
        if (j->reversed) {
          ky = (p->first_row + j->padding) % j->output_step + j->output_step * (p->runs - 1 - r);
          kx = (p->first_column + j->padding) % j->output_step +
               j->output_step * (p->taps - 1 - t);
        }
        const float *w = j->weight + column * j->weight_output + ky * j->kernel_width + kx;
        for (int64_t c = 0; c < n; c++, out += ck_panel) {
          const float *from = w + c * j->weight_source;
          for (int64_t l = 0; l < width; l++) out[l] = from[l * j->weight_output];
          for (int64_t l = width; l < ck_panel; l++) out[l] = 0;
        }
      }
  }
}

static void direct_part(void *context, int part) {
  const direct_job *j = context;
  int64_t image = part / j->bands, first = part % j->bands * j->band, n = j->channels, capacity = 0;
  int64_t lines = j->lines - first < j->band ? j->lines - first : j->band;
  const float *picture = j->x + image * j->height * j->width * n;
  int64_t top = first * j->step + j->row, rows = (lines - 1) * j->step + j->row_end - j->row;
  int64_t columns = (j->pixels - 1) * j->step + j->column_end - j->column;
  float *copy = NULL;
  const float *window = picture + top * j->width * n;
  int64_t line = j->width * n;
  if (top < 0 || top + rows > j->height || j->column < 0 || j->column + columns > j->width) {
    copy = ck_buffer_take(rows * columns * n, &capacity);
    ck_copy_window(copy, picture, j->height, j->width, n, top, rows, j->column, columns);
    window = copy;
    line = columns * n;
  } else {
    window += j->column * n;
  }
  float *output = j->y + image * j->output_height * j->output_width * j->output_channels;
  int64_t y_pixel = j->output_step * j->output_channels;
  int64_t y_line = j->output_step * j->output_width * j->output_channels;
  for (int i = 0; i < j->phase_count; i++) {
    const direct_phase *p = &j->phases[i];
    int64_t count = p->lines - first < lines ? p->lines - first : lines;
    if (count <= 0 || p->pixels <= 0) continue;
    float *y = output + first * y_line +
               (p->first_row * j->output_width + p->first_column) * j->output_channels;
    if (p->runs == 0 || p->taps == 0) {
      for (int64_t r = 0; r < count; r++)
        for (int64_t c = 0; c < p->pixels; c++)
          memset(y + r * y_line + c * y_pixel, 0, (size_t)j->output_channels * sizeof(float));
      continue;
    }
    ck_tile_job job = {.x = window + (p->row - j->row) * line + (p->column - j->column) * n,
                       .x_pixel = j->step * n, .x_line = j->step * line, .lines = count,
                       .pixels = p->pixels, .runs = p->runs, .run = p->taps * n,
                       .run_step = line, .panels = p->panels, .bias = j->bias,
                       .addend = j->addend ? j->addend + (y - j->y) : NULL, .columns = j->output_channels, .y = y,
                       .y_pixel = y_pixel, .y_line = y_line};
    ck_tile_multiply(&job);
  }
  if (copy) ck_buffer_give(copy, capacity);
}

// Sets the window over all phases and the bands, packs the weights and runs.
static void run(direct_job *j) {
  int64_t floats = 0, capacity;
  j->row = j->column = INT64_MAX;
  j->row_end = j->column_end = INT64_MIN;
  for (int i = 0; i < j->phase_count; i++) {
    const direct_phase *p = &j->phases[i];
    floats += p->runs * p->taps * j->channels * ck_panels(j->output_channels) * ck_panel;
    if (p->lines > j->lines) j->lines = p->lines;
    if (p->pixels > j->pixels) j->pixels = p->pixels;
    if (p->runs == 0 || p->taps == 0) continue;
    if (p->row < j->row) j->row = p->row;
    if (p->column < j->column) j->column = p->column;
    if (p->row + p->runs > j->row_end) j->row_end = p->row + p->runs;
    if (p->column + p->taps > j->column_end) j->column_end = p->column + p->taps;
  }
  float *panels = ck_buffer_take(floats, &capacity), *next = panels;
  for (int i = 0; i < j->phase_count; i++) {
    j->phases[i].panels = next;
    next += j->phases[i].runs * j->phases[i].taps * j->channels * ck_panels(j->output_channels) *
            ck_panel;
  }
  ck_parallel((int)ck_panels(j->output_channels), pack_part, j);
  int64_t most = band_floats / (j->step * j->width * j->channels);
  // Few enough wide pixels that each can lie on a page of its own and still be found at once.
  if (j->output_channels >= 256 && most > band_pixels / j->pixels) most = band_pixels / j->pixels;
  int64_t fair = j->lines * j->batch / (4 * ck_pool_threads());
  j->band = most < fair ? most : fair;
  if (j->band > j->lines) j->band = j->lines;
  if (j->band < 1) j->band = 1;
  j->bands = (j->lines + j->band - 1) / j->band;
  ck_parallel((int)(j->batch * j->bands), direct_part, j);
  ck_buffer_give(panels, capacity);
}

void ck_direct(float *y, const float *x, const float *weight, const float *bias,
               const float *addend, const ck_convolution_shape *s) {
  int64_t area = s->kernel_height * s->kernel_width;
  direct_job job = {.x = x, .bias = bias, .addend = addend, .weight = weight, .y = y,
                    .batch = s->batch,
                    .height = s->height, .width = s->width, .channels = s->channels,
                    .output_height = s->output_height, .output_width = s->output_width,
                    .output_channels = s->output_channels, .step = s->stride, .output_step = 1,
                    .weight_output = s->channels * area, .weight_source = area,
                    .kernel_height = s->kernel_height, .kernel_width = s->kernel_width,
                    .phase_count = 1};
  job.phases[0] = (direct_phase){.row = -s->padding, .column = -s->padding,
                                 .runs = s->kernel_height, .taps = s->kernel_width,
                                 .lines = s->output_height, .pixels = s->output_width};
  run(&job);
}

// Taps of one remainder along an axis, and where the first of them, in source order, lies.
static int64_t remainder_taps(int64_t remainder, int64_t kernel, const ck_convolution_shape *s,
                              int64_t *first) {
  int64_t tap = (remainder + s->padding) % s->stride;
  int64_t taps = kernel > tap ? (kernel - tap + s->stride - 1) / s->stride : 0;
  *first = (remainder + s->padding - tap) / s->stride - (taps - 1);
  return taps;
}
void ck_direct_input_gradient(float *dx, const float *dy, const float *weight,
                              const ck_convolution_shape *s) {
  int64_t area = s->kernel_height * s->kernel_width;
  direct_job job = {.x = dy, .weight = weight, .y = dx, .batch = s->batch,
                    .height = s->output_height, .width = s->output_width,
                    .channels = s->output_channels, .output_height = s->height,
                    .output_width = s->width, .output_channels = s->channels, .step = 1,
                    .output_step = s->stride, .weight_output = area,
                    .weight_source = s->channels * area, .padding = s->padding,
                    .reversed = true, .kernel_height = s->kernel_height,
                    .kernel_width = s->kernel_width};
  for (int64_t a = 0; a < s->stride && a < s->height; a++)
    for (int64_t b = 0; b < s->stride && b < s->width; b++) {
      direct_phase *p = &job.phases[job.phase_count++];
      p->runs = remainder_taps(a, s->kernel_height, s, &p->row);
      p->taps = remainder_taps(b, s->kernel_width, s, &p->column);
      p->lines = (s->height - a + s->stride - 1) / s->stride;
      p->pixels = (s->width - b + s->stride - 1) / s->stride;
      p->first_row = a;
      p->first_column = b;
    }
  run(&job);
}

// MARK: Weight gradient. A part sums its bands in its own lines; the lines are added in order.
typedef struct {
  const ck_convolution_shape *s;
  const float *x, *dy;
  float *sums;
  int64_t band, bands, size, stride;
  int parts;
} direct_weight_job;

static void direct_weight_part(void *context, int part) {
  const direct_weight_job *j = context;
  const ck_convolution_shape *s = j->s;
  int64_t begin, end, n = s->channels, o = s->output_channels, x_capacity, y_capacity = 0;
  ck_range(s->batch * j->bands, j->parts, part, &begin, &end);
  float *sums = j->sums + part * j->size;
  memset(sums, 0, (size_t)j->size * sizeof(float));
  int64_t columns = (s->output_width - 1) * s->stride + s->kernel_width;
  int64_t rows = (j->band - 1) * s->stride + s->kernel_height;
  // A tile of six may read past the last run.
  float *window = ck_buffer_take(rows * columns * n + ck_panel, &x_capacity);
  float *copy = o % ck_panel ? ck_buffer_take(j->band * s->output_width * o + ck_panel, &y_capacity)
                             : NULL;
  for (int64_t i = begin; i < end; i++) {
    int64_t image = i / j->bands, first = i % j->bands * j->band;
    int64_t lines = s->output_height - first < j->band ? s->output_height - first : j->band;
    ck_copy_window(window, j->x + image * s->height * s->width * n, s->height, s->width, n,
                   first * s->stride - s->padding, (lines - 1) * s->stride + s->kernel_height,
                   -s->padding, columns);
    const float *dy = j->dy + (image * s->output_height + first) * s->output_width * o;
    if (copy) {
      memcpy(copy, dy, (size_t)(lines * s->output_width * o) * sizeof(float));
      dy = copy;
    }
    ck_outer_job job = {.x = window, .x_pixel = s->stride * n, .x_line = s->stride * columns * n,
                        .runs = s->kernel_height, .run = s->kernel_width * n,
                        .run_step = columns * n, .dy = dy, .y_pixel = o,
                        .y_line = s->output_width * o, .lines = lines,
                        .pixels = s->output_width, .columns = o, .sums = sums};
    ck_tile_outer(&job);
  }
  ck_buffer_give(window, x_capacity);
  if (copy) ck_buffer_give(copy, y_capacity);
}
static void direct_reduce_part(void *context, int part) {
  const direct_weight_job *j = context;
  int64_t begin, end;
  ck_range(j->size / ck_panel, ck_pool_threads(), part, &begin, &end);
  for (int line = 1; line < j->parts; line++)
    for (int64_t i = begin * ck_panel; i < end * ck_panel; i++)
      j->sums[i] += j->sums[line * j->size + i];
}
void ck_direct_weight_gradient(float *dweight, const float *dy, const float *x,
                               const ck_convolution_shape *s) {
  int64_t capacity, area = s->kernel_height * s->kernel_width, n = s->channels;
  direct_weight_job job = {.s = s, .x = x, .dy = dy};
  job.stride = ck_panels(s->output_channels) * ck_panel;
  job.size = area * n * job.stride;
  job.band = band_floats / 2 / (s->stride * s->width * n + s->output_width * s->output_channels);
  if (job.band > s->output_height) job.band = s->output_height;
  if (job.band < 1) job.band = 1;
  job.bands = (s->output_height + job.band - 1) / job.band;
  int64_t parts = (int64_t)ck_pool_threads() * (job.size > band_floats ? 1 : 4);
  job.parts = (int)(parts < s->batch * job.bands ? parts : s->batch * job.bands);
  job.sums = ck_buffer_take(job.parts * job.size, &capacity);
  ck_parallel(job.parts, direct_weight_part, &job);
  if (job.parts > 1) ck_parallel(ck_pool_threads(), direct_reduce_part, &job);
  for (int64_t o = 0; o < s->output_channels; o++)
    for (int64_t i = 0; i < n; i++)
      for (int64_t k = 0; k < area; k++)
        dweight[(o * n + i) * area + k] = job.sums[(k * n + i) * job.stride + o];
  ck_buffer_give(job.sums, capacity);
}
