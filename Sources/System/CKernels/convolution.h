// The ways to convolve, chosen in convolution.c. All take NHWC pictures and OIHW weights.
#ifndef ck_convolution_h
#define ck_convolution_h
#include "internal.h"

CK_INLINE int64_t ck_output_pixels(const ck_convolution_shape *s) {
  return s->batch * s->output_height * s->output_width;
}
CK_INLINE bool ck_is_depthwise(const ck_convolution_shape *s) {
  return s->groups == s->channels && s->output_channels == s->channels && s->groups > 1;
}
// Copies a window of one picture, zeros where it reaches outside.
void ck_copy_window(float *window, const float *picture, int64_t height, int64_t width,
                    int64_t channels, int64_t first_row, int64_t rows, int64_t first_column,
                    int64_t columns);
// weight [O, I/g, kh, kw] as, per group, [kh, kw, I/g, O/g], and back.
void ck_pack_weight(float *packed, const float *weight, const ck_convolution_shape *s);
void ck_unpack_weight(float *weight, const float *packed, const ck_convolution_shape *s);

// Gathered patches times the weight by the matrix library; any shape.
void ck_gathered(float *y, const float *x, const float *weight, const float *bias,
                 const ck_convolution_shape *s);
void ck_gathered_input_gradient(float *dx, const float *dy, const float *weight,
                                const ck_convolution_shape *s);
void ck_gathered_weight_gradient(float *dweight, const float *dy, const float *x,
                                 const ck_convolution_shape *s);
// Register tiles over the windows where they lie; one group, stride up to 4.
void ck_direct(float *y, const float *x, const float *weight, const float *bias,
               const float *addend, const ck_convolution_shape *s);
void ck_direct_input_gradient(float *dx, const float *dy, const float *weight,
                              const ck_convolution_shape *s);
void ck_direct_weight_gradient(float *dweight, const float *dy, const float *x,
                               const ck_convolution_shape *s);
// Winograd's F(m x m, 3 x 3), m 2 or 4: stride 1, one group, channels in multiples of 8.
void ck_winograd(float *y, const float *x, const float *weight, const float *bias,
                 const ck_convolution_shape *s, int m);
void ck_winograd_input_gradient(float *dx, const float *dy, const float *weight,
                                const ck_convolution_shape *s, int m);
void ck_winograd_weight_gradient(float *dweight, const float *dy, const float *x,
                                 const ck_convolution_shape *s, int m);
// One filter a channel.
void ck_depthwise(float *y, const float *x, const float *weight, const float *bias,
                  const ck_convolution_shape *s);
void ck_depthwise_input_gradient(float *dx, const float *dy, const float *weight,
                                 const ck_convolution_shape *s);
void ck_depthwise_weight_gradient(float *dweight, const float *dy, const float *x,
                                  const ck_convolution_shape *s);
#endif
