// Convolution over NHWC: which way each shape is computed, and what the ways share.
#include "convolution.h"

void ck_copy_window(float *window, const float *picture, int64_t height, int64_t width,
                    int64_t channels, int64_t first_row, int64_t rows, int64_t first_column,
                    int64_t columns) {
  int64_t left = first_column < 0 ? -first_column : 0;
  int64_t end = first_column + columns < width ? columns : width - first_column;
  if (left > columns) left = columns;
  if (end < left) end = left;
  for (int64_t r = 0; r < rows; r++, window += columns * channels) {
    int64_t row = first_row + r;
    if (row < 0 || row >= height) {
      memset(window, 0, (size_t)(columns * channels) * sizeof(float));
      continue;
    }
    memset(window, 0, (size_t)(left * channels) * sizeof(float));
    memcpy(window + left * channels, picture + (row * width + first_column + left) * channels,
           (size_t)((end - left) * channels) * sizeof(float));
    memset(window + end * channels, 0, (size_t)((columns - end) * channels) * sizeof(float));
  }
}

void ck_pack_weight(float *packed, const float *weight, const ck_convolution_shape *s) {
  int64_t in = s->channels / s->groups, out = s->output_channels / s->groups;
  int64_t area = s->kernel_height * s->kernel_width;
  for (int64_t g = 0; g < s->groups; g++)
    for (int64_t o = 0; o < out; o++)
      for (int64_t i = 0; i < in; i++)
        for (int64_t k = 0; k < area; k++)
          packed[((g * area + k) * in + i) * out + o] =
              weight[((g * out + o) * in + i) * area + k];
}
void ck_unpack_weight(float *weight, const float *packed, const ck_convolution_shape *s) {
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
bool ck_convolution_allows(const ck_convolution_shape *s, ck_convolution_method method) {
  switch (method) {
    case ck_method_direct: return s->groups == 1 && s->stride <= 4;
    case ck_method_winograd_2:
    case ck_method_winograd_4:
      return s->groups == 1 && s->kernel_height == 3 && s->kernel_width == 3 && s->stride == 1 &&
             s->padding <= 2 && s->channels % 8 == 0 && s->output_channels % 8 == 0;
    case ck_method_depthwise: return ck_is_depthwise(s);
    case ck_method_matrix: return is_pointwise(s);
    default: return true;
  }
}
// 3x3 of stride 1. Costs in tiles of F(2), as measured on 64 to 512 channels: three for a tile of F(4),
// two for four pixels of a direct tile, and the transform of the weights on top.
static ck_convolution_method three_by_three(const ck_convolution_shape *s) {
  int64_t pixels = ck_output_pixels(s);
  int64_t twos = s->batch * ((s->output_height + 1) / 2) * ((s->output_width + 1) / 2);
  int64_t fours = s->batch * ((s->output_height + 3) / 4) * ((s->output_width + 3) / 4);
  int64_t direct = pixels / 2 + 10, winograd_2 = twos + 34, winograd_4 = 3 * fours + 100;
  if (direct <= winograd_2 && direct <= winograd_4) return ck_method_direct;
  return winograd_4 <= winograd_2 ? ck_method_winograd_4 : ck_method_winograd_2;
}
ck_convolution_method ck_convolution_choice(const ck_convolution_shape *s, ck_pass pass) {
  if (s->method != ck_method_chosen) return (ck_convolution_method)s->method;
  if (ck_is_depthwise(s)) return ck_method_depthwise;
  if (!ck_convolution_allows(s, ck_method_direct)) return ck_method_gathered;
  int64_t weights = s->kernel_height * s->kernel_width * s->channels * s->output_channels;
  if (is_pointwise(s)) {
    // Tiles save the packing of the pixels, which the library's product pays back when it is deep.
    int64_t depth = pass == ck_pass_forward ? s->channels : s->output_channels;
    bool tiles = pass == ck_pass_weight_gradient ? weights <= 4096 : depth <= 512;
    return tiles ? ck_method_direct : ck_method_matrix;
  }
  if (ck_convolution_allows(s, ck_method_winograd_4) && s->channels >= 16 &&
      s->output_channels >= 16)
    return three_by_three(s);
  // Tiles are 16 outputs wide, and their sums of a weight gradient must stay in the cache.
  if (pass == ck_pass_input_gradient && s->channels < 8) return ck_method_gathered;
  if (pass == ck_pass_weight_gradient && weights > 1 << 16) return ck_method_gathered;
  return ck_method_direct;
}

void ck_convolution(float *y, const float *x, const float *weight, const float *bias,
                    const ck_convolution_shape *s) {
  ck_convolution_added(y, x, weight, bias, NULL, s);
}
void ck_convolution_added(float *y, const float *x, const float *weight, const float *bias,
                          const float *addend, const ck_convolution_shape *s) {
  int64_t pixels = ck_output_pixels(s), values = pixels * s->output_channels;
  if (pixels == 0) return;
  ck_convolution_method method = ck_convolution_choice(s, ck_pass_forward);
  switch (method) {
    case ck_method_matrix:
      if (addend) ck_copy(y, addend, values);
      ck_gemm(false, true, pixels, s->output_channels, s->channels, 1, x, s->channels, weight,
              s->channels, addend ? 1 : 0, y, s->output_channels);
      if (bias) ck_add_row(y, y, bias, pixels, s->output_channels);
      return;
    case ck_method_direct: ck_direct(y, x, weight, bias, addend, s); return;
    case ck_method_winograd_2: ck_winograd(y, x, weight, bias, s, 2); break;
    case ck_method_winograd_4: ck_winograd(y, x, weight, bias, s, 4); break;
    case ck_method_depthwise: ck_depthwise(y, x, weight, bias, s); break;
    default: ck_gathered(y, x, weight, bias, s); break;
  }
  if (addend) ck_add(y, y, addend, values);
}
void ck_convolution_input_gradient(float *dx, const float *dy, const float *weight,
                                   const ck_convolution_shape *s) {
  if (ck_output_pixels(s) == 0) return;
  switch (ck_convolution_choice(s, ck_pass_input_gradient)) {
    case ck_method_matrix:
      ck_gemm(false, false, ck_output_pixels(s), s->channels, s->output_channels, 1, dy,
              s->output_channels, weight, s->channels, 0, dx, s->channels);
      break;
    case ck_method_direct: ck_direct_input_gradient(dx, dy, weight, s); break;
    case ck_method_winograd_2: ck_winograd_input_gradient(dx, dy, weight, s, 2); break;
    case ck_method_winograd_4: ck_winograd_input_gradient(dx, dy, weight, s, 4); break;
    case ck_method_depthwise: ck_depthwise_input_gradient(dx, dy, weight, s); break;
    default: ck_gathered_input_gradient(dx, dy, weight, s); break;
  }
}
void ck_convolution_weight_gradient(float *dweight, const float *dy, const float *x,
                                    const ck_convolution_shape *s) {
  if (ck_output_pixels(s) == 0) {
    int64_t area = s->kernel_height * s->kernel_width;
    memset(dweight, 0,
           (size_t)(area * (s->channels / s->groups) * s->output_channels) * sizeof(float));
    return;
  }
  switch (ck_convolution_choice(s, ck_pass_weight_gradient)) {
    case ck_method_matrix:
      ck_gemm(true, false, s->output_channels, s->channels, ck_output_pixels(s), 1, dy,
              s->output_channels, x, s->channels, 0, dweight, s->channels);
      break;
    case ck_method_direct: ck_direct_weight_gradient(dweight, dy, x, s); break;
    case ck_method_winograd_2: ck_winograd_weight_gradient(dweight, dy, x, s, 2); break;
    case ck_method_winograd_4: ck_winograd_weight_gradient(dweight, dy, x, s, 4); break;
    case ck_method_depthwise: ck_depthwise_weight_gradient(dweight, dy, x, s); break;
    default: ck_gathered_weight_gradient(dweight, dy, x, s); break;
  }
}
