// Winograd convolution F(m x m, 3 x 3): m x m outputs from (m + 2) x (m + 2) inputs with as many
// multiplications, each of which is a matrix product over channels.
//
// Source: A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks", 2016, arXiv
// 1509.09308. The weight gradient is the adjoint of the same algorithm, so it has the same products.
#include "convolution.h"
#include "tile.h"
#include "winograd_lines.h"

// Floats between two of the n x n planes of a transform: an odd number of cache lines apart, because
// planes a power of two apart would all fall into one set of the cache.
CK_INLINE int64_t plane_floats(int64_t tiles, int64_t channels) {
  int64_t lines = (tiles * channels + 15) / 16 + 1;
  return (lines | 1) * 16;
}
CK_INLINE int64_t whole_panels(int64_t channels) { return ck_panels(channels) * ck_panel; }

typedef struct {
  const float *x, *dy, *weight, *bias;
  float *y, *transformed, *sums, *zeros, *left, *right;
  int64_t batch, height, width, channels;                   // source of the tiles
  int64_t output_height, output_width, output_channels;
  int64_t padding, tiles_down, tiles_across, block, start, count;
  int64_t weight_output, weight_source;                     // floats between channels of the weight
  bool flipped;
  int m;
} winograd_job;

// MARK: Tiles.
typedef struct {
  int64_t image, row, column;  // first output pixel
} tile_place;
CK_INLINE tile_place place_of(const winograd_job *j, int64_t tile) {
  int64_t plane = j->tiles_down * j->tiles_across, inside = tile % plane;
  return (tile_place){tile / plane, inside / j->tiles_across * j->m,
                      inside % j->tiles_across * j->m};
}
// The pixels of a side x side window; those outside the picture are the line of zeros.
CK_INLINE void window_pixels(const float **pixels, const winograd_job *j, const float *x,
                             tile_place p, int64_t height, int64_t width, int64_t channels,
                             int64_t padding, const int side) {
  const float *picture = x + p.image * height * width * channels;
  for (int i = 0; i < side; i++)
    for (int k = 0; k < side; k++) {
      int64_t row = p.row - padding + i, column = p.column - padding + k;
      bool inside = row >= 0 && row < height && column >= 0 && column < width;
      pixels[i * side + k] =
          inside ? picture + (row * width + column) * channels : j->zeros;
    }
}
CK_INLINE void transform_input(float *v, int64_t plane, const float *const *pixels, int64_t channels,
                               const int m) {
  const int n = m + 2;
  for (int64_t c = 0; c < channels; c += 8) {
    ck_v8 d[36], t[36], u[6];
    for (int i = 0; i < n * n; i++) d[i] = CK_LOAD8(pixels[i] + c);
    for (int i = 0; i < n; i++) input_line(t + i * n, d + i, n, m);
    for (int i = 0; i < n; i++) {
      input_line(u, t + i, n, m);
      // Row i of u belongs to vertical frequency 0..n-1 and horizontal frequency i of the tile.
      for (int k = 0; k < n; k++) CK_STORE8(v + (i * n + k) * plane + c) = u[k];
    }
  }
}
CK_INLINE void transform_gradient(float *v, int64_t plane, const float *const *pixels,
                                  int64_t channels, const int m) {
  const int n = m + 2;
  for (int64_t c = 0; c < channels; c += 8) {
    ck_v8 d[16], t[24], u[6];
    for (int i = 0; i < m * m; i++) d[i] = CK_LOAD8(pixels[i] + c);
    for (int i = 0; i < m; i++) gradient_line(t + i * n, d + i, m, m);
    for (int i = 0; i < n; i++) {
      gradient_line(u, t + i, n, m);
      for (int k = 0; k < n; k++) CK_STORE8(v + (i * n + k) * plane + c) = u[k];
    }
  }
}
CK_INLINE void transform_output(const winograd_job *j, const float *sums, int64_t plane,
                                tile_place p, const int m) {
  const int n = m + 2;
  int64_t channels = j->output_channels, line = j->output_width * channels;
  float *y = j->y + p.image * j->output_height * line + p.row * line + p.column * channels;
  int rows = (int)(j->output_height - p.row < m ? j->output_height - p.row : m);
  int columns = (int)(j->output_width - p.column < m ? j->output_width - p.column : m);
  for (int64_t c = 0; c < channels; c += 8) {
    ck_v8 s[36], t[24], o[4], bias = CK_LOAD8(j->bias ? j->bias + c : j->zeros);
    for (int i = 0; i < n * n; i++) s[i] = CK_LOAD8(sums + i * plane + c);
    for (int i = 0; i < n; i++) output_line(t + i * m, s + i, n, m);
    for (int i = 0; i < m; i++) {
      output_line(o, t + i, m, m);
      if (i >= rows) break;
      float *to = y + i * line + c;
      for (int k = 0; k < columns; k++) CK_STORE8(to + k * channels) = o[k] + bias;
    }
  }
}

// MARK: Weights [n * n][panels][channels][16].
CK_CLONES static void transform_weight(const winograd_job *j, int64_t column) {
  const int m = j->m;
  int64_t width = j->output_channels - column < ck_panel ? j->output_channels - column : ck_panel;
  int64_t plane = j->channels * whole_panels(j->output_channels);
  for (int64_t c = 0; c < j->channels; c++) {
    float taps[9][ck_panel] = {{0}};
    const float *w = j->weight + column * j->weight_output + c * j->weight_source;
    for (int64_t l = 0; l < width; l++)
      for (int k = 0; k < 9; k++)
        taps[j->flipped ? 8 - k : k][l] = w[l * j->weight_output + k];
    float *to = j->transformed + (column * j->channels + c * ck_panel);
    for (int half = 0; half < ck_panel; half += 8) {
      ck_v8 d[9], t[18], u[6];
      for (int k = 0; k < 9; k++) d[k] = CK_LOAD8(taps[k] + half);
      if (m == 2) {
        for (int i = 0; i < 3; i++) weight_line(t + i * 4, d + i, 3, 2);
        for (int i = 0; i < 4; i++) {
          weight_line(u, t + i, 4, 2);
          for (int k = 0; k < 4; k++) CK_STORE8(to + (i * 4 + k) * plane + half) = u[k];
        }
      } else {
        for (int i = 0; i < 3; i++) weight_line(t + i * 6, d + i, 3, 4);
        for (int i = 0; i < 6; i++) {
          weight_line(u, t + i, 6, 4);
          for (int k = 0; k < 6; k++) CK_STORE8(to + (i * 6 + k) * plane + half) = u[k];
        }
      }
    }
  }
}
static void weight_part(void *context, int part) {
  transform_weight(context, (int64_t)part * ck_panel);
}

// MARK: Forward, and backward to the input with the flipped weight.
CK_CLONES static void input_tiles(const winograd_job *j, float *v, int64_t plane, int64_t begin,
                                  int64_t end) {
  for (int64_t tile = begin; tile < end; tile++) {
    const float *pixels[36];
    tile_place p = place_of(j, tile);
    float *to = v + (tile - begin) * j->channels;
    if (j->m == 2) {
      window_pixels(pixels, j, j->x, p, j->height, j->width, j->channels, j->padding, 4);
      transform_input(to, plane, pixels, j->channels, 2);
    } else {
      window_pixels(pixels, j, j->x, p, j->height, j->width, j->channels, j->padding, 6);
      transform_input(to, plane, pixels, j->channels, 4);
    }
  }
}
CK_CLONES static void output_tiles(const winograd_job *j, const float *sums, int64_t plane,
                                   int64_t begin, int64_t end) {
  for (int64_t tile = begin; tile < end; tile++) {
    const float *from = sums + (tile - begin) * whole_panels(j->output_channels);
    if (j->m == 2) transform_output(j, from, plane, place_of(j, tile), 2);
    else transform_output(j, from, plane, place_of(j, tile), 4);
  }
}
static void tiles_part(void *context, int part) {
  const winograd_job *j = context;
  int64_t area = (int64_t)(j->m + 2) * (j->m + 2), columns = whole_panels(j->output_channels);
  int64_t begin = part * j->block, capacity;
  int64_t end = begin + j->block < j->count ? begin + j->block : j->count;
  int64_t left = plane_floats(j->block, j->channels), right = plane_floats(j->block, columns);
  float *v = ck_buffer_take(area * (left + right), &capacity), *sums = v + area * left;
  input_tiles(j, v, left, begin, end);
  for (int64_t i = 0; i < area; i++) {
    ck_tile_job job = {.x = v + i * left, .x_pixel = j->channels, .lines = 1,
                       .pixels = end - begin, .runs = 1, .run = j->channels,
                       .panels = j->transformed + i * j->channels * columns,
                       .columns = columns, .y = sums + i * right, .y_pixel = columns};
    ck_tile_multiply(&job);
  }
  output_tiles(j, sums, right, begin, end);
  ck_buffer_give(v, capacity);
}

// Tiles of a part: as many as keep both transforms within a core's second-level cache, in whole
// register tiles, but enough to make up for reading the weights again.
static int64_t block_tiles(const winograd_job *j) {
  int64_t area = (int64_t)(j->m + 2) * (j->m + 2);
  int64_t tiles = 98304 / (area * (j->channels + whole_panels(j->output_channels)));
  int64_t fair = j->count / (2 * ck_pool_threads());
  if (tiles > fair) tiles = fair;
  tiles = tiles / ck_tile_lines * ck_tile_lines;
  if (tiles < 4 * ck_tile_lines) tiles = 4 * ck_tile_lines;
  return tiles;
}
static void convolve(winograd_job *j) {
  int64_t columns = whole_panels(j->output_channels), capacity;
  int64_t area = (int64_t)(j->m + 2) * (j->m + 2);
  int64_t zeros = j->channels > columns ? j->channels : columns;
  j->tiles_down = (j->output_height + j->m - 1) / j->m;
  j->tiles_across = (j->output_width + j->m - 1) / j->m;
  j->count = j->batch * j->tiles_down * j->tiles_across;
  j->transformed = ck_buffer_take(area * j->channels * columns + zeros, &capacity);
  j->zeros = j->transformed + area * j->channels * columns;
  memset(j->zeros, 0, (size_t)zeros * sizeof(float));
  j->block = block_tiles(j);
  ck_parallel((int)ck_panels(j->output_channels), weight_part, j);
  ck_parallel((int)((j->count + j->block - 1) / j->block), tiles_part, j);
  ck_buffer_give(j->transformed, capacity);
}
void ck_winograd(float *y, const float *x, const float *weight, const float *bias,
                 const ck_convolution_shape *s, int m) {
  winograd_job job = {.x = x, .weight = weight, .bias = bias, .y = y, .batch = s->batch,
                      .height = s->height, .width = s->width, .channels = s->channels,
                      .output_height = s->output_height, .output_width = s->output_width,
                      .output_channels = s->output_channels, .padding = s->padding,
                      .weight_output = s->channels * 9, .weight_source = 9, .m = m};
  convolve(&job);
}
void ck_winograd_input_gradient(float *dx, const float *dy, const float *weight,
                                const ck_convolution_shape *s, int m) {
  winograd_job job = {.x = dy, .weight = weight, .y = dx, .batch = s->batch,
                      .height = s->output_height, .width = s->output_width,
                      .channels = s->output_channels, .output_height = s->height,
                      .output_width = s->width, .output_channels = s->channels,
                      .padding = 2 - s->padding, .weight_output = 9,
                      .weight_source = s->channels * 9, .flipped = true, .m = m};
  convolve(&job);
}

// MARK: Weight gradient, chunk by chunk of tiles: transform both sides, then add one product for each
// frequency. No sum is split between threads.
enum { chunk_floats = 1 << 20 };

CK_CLONES static void gradient_tiles(const winograd_job *j, float *z, int64_t plane, int64_t begin,
                                     int64_t end) {
  for (int64_t tile = begin; tile < end; tile++) {
    const float *pixels[16];
    tile_place p = place_of(j, tile);
    float *to = z + (tile - begin) * j->output_channels;
    if (j->m == 2) {
      window_pixels(pixels, j, j->dy, p, j->output_height, j->output_width, j->output_channels, 0,
                    2);
      transform_gradient(to, plane, pixels, j->output_channels, 2);
    } else {
      window_pixels(pixels, j, j->dy, p, j->output_height, j->output_width, j->output_channels, 0,
                    4);
      transform_gradient(to, plane, pixels, j->output_channels, 4);
    }
  }
}
static void both_sides_part(void *context, int part) {
  const winograd_job *j = context;
  int64_t begin = part * j->block;
  int64_t end = begin + j->block < j->count ? begin + j->block : j->count;
  input_tiles(j, j->left + begin * j->channels, plane_floats(j->count, j->channels),
              j->start + begin, j->start + end);
  gradient_tiles(j, j->right + begin * j->output_channels,
                 plane_floats(j->count, j->output_channels), j->start + begin, j->start + end);
}
static void products_part(void *context, int part) {
  const winograd_job *j = context;
  ck_outer_job job = {.x = j->left + part * plane_floats(j->count, j->channels),
                      .x_pixel = j->channels, .runs = 1, .run = j->channels,
                      .dy = j->right + part * plane_floats(j->count, j->output_channels),
                      .y_pixel = j->output_channels, .lines = 1, .pixels = j->count,
                      .columns = j->output_channels,
                      .sums = j->sums + part * j->channels * whole_panels(j->output_channels)};
  if (j->start == 0)
    memset(job.sums, 0,
           (size_t)(j->channels * whole_panels(j->output_channels)) * sizeof(float));
  ck_tile_outer(&job);
}
CK_CLONES static void weight_gradient(const winograd_job *j, int64_t channel) {
  const int m = j->m, n = m + 2;
  int64_t columns = whole_panels(j->output_channels), plane = j->channels * columns;
  for (int64_t o = 0; o < j->output_channels; o += 8) {
    const float *from = j->sums + channel * columns + o;
    ck_v8 s[36], t[18], w[3];
    float taps[9][8];
    for (int i = 0; i < n * n; i++) s[i] = CK_LOAD8(from + i * plane);
    for (int i = 0; i < n; i++) {
      if (m == 2) weight_gradient_line(t + i * 3, s + i, 4, 2);
      else weight_gradient_line(t + i * 3, s + i, 6, 4);
    }
    for (int i = 0; i < 3; i++) {
      if (m == 2) weight_gradient_line(w, t + i, 3, 2);
      else weight_gradient_line(w, t + i, 3, 4);
      for (int k = 0; k < 3; k++) CK_STORE8(taps[i * 3 + k]) = w[k];
    }
    for (int l = 0; l < 8; l++)
      for (int k = 0; k < 9; k++)
        j->y[((o + l) * j->channels + channel) * 9 + k] = taps[k][l];
  }
}
static void weight_gradient_part(void *context, int part) {
  const winograd_job *j = context;
  int64_t begin, end;
  ck_range(j->channels, 4 * ck_pool_threads(), part, &begin, &end);
  for (int64_t channel = begin; channel < end; channel++) weight_gradient(j, channel);
}
void ck_winograd_weight_gradient(float *dweight, const float *dy, const float *x,
                                 const ck_convolution_shape *s, int m) {
  int64_t area = (int64_t)(m + 2) * (m + 2), n = s->channels, o = s->output_channels, capacity;
  int64_t sums = area * n * whole_panels(o), zeros = n > o ? n : o;
  winograd_job job = {.x = x, .dy = dy, .y = dweight, .batch = s->batch, .height = s->height,
                      .width = s->width, .channels = n, .output_height = s->output_height,
                      .output_width = s->output_width, .output_channels = o,
                      .padding = s->padding, .tiles_down = (s->output_height + m - 1) / m,
                      .tiles_across = (s->output_width + m - 1) / m, .m = m};
  int64_t total = s->batch * job.tiles_down * job.tiles_across;
  int64_t chunk = chunk_floats / (area * (n + o)) / 8 * 8;
  if (chunk < 64) chunk = 64;
  if (chunk > total) chunk = total;
  job.sums = ck_buffer_take(sums + zeros + area * (plane_floats(chunk, n) + plane_floats(chunk, o)) +
                                ck_panel, &capacity);
  job.zeros = job.sums + sums;
  job.left = job.zeros + zeros;
  job.right = job.left + area * plane_floats(chunk, n);
  memset(job.zeros, 0, (size_t)zeros * sizeof(float));
  for (job.start = 0; job.start < total; job.start += chunk) {
    job.count = total - job.start < chunk ? total - job.start : chunk;
    job.block = (job.count + 4 * ck_pool_threads() - 1) / (4 * ck_pool_threads());
    ck_parallel((int)((job.count + job.block - 1) / job.block), both_sides_part, &job);
    ck_parallel((int)area, products_part, &job);
  }
  ck_parallel(4 * ck_pool_threads(), weight_gradient_part, &job);
  ck_buffer_give(job.sums, capacity);
}
