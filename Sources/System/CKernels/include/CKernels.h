// Float32 compute kernels, the thread pool and the buffer pool: everything of the tensor core that
// only C reaches at full speed. Row-major everywhere; images are NHWC, convolution weights OIHW.
#ifndef CKernels_h
#define CKernels_h
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: Thread pool. One per process; a nested or concurrent call runs its parts on the caller.
typedef void (*ck_part_function)(void *context, int part);
void ck_pool_configure(int threads);
int ck_pool_threads(void);
// Operations called from this thread run on it alone and never take the pool from another caller.
void ck_pool_leave(void);
void ck_parallel(int parts, ck_part_function function, void *context);

// MARK: Buffer pool. Freed buffers are kept by size class and handed out again.
float *ck_buffer_take(int64_t count, int64_t *capacity);
void ck_buffer_give(float *buffer, int64_t capacity);
typedef struct {
  int64_t system_allocations, system_bytes, in_use_bytes, peak_in_use_bytes;
} ck_buffer_statistics;
ck_buffer_statistics ck_buffer_report(void);
void ck_buffer_trim(void);
// Where memory runs out, the sentence about it goes to standard output too, between these texts of at
// most 63 bytes.
void ck_buffer_set_last_words(const char *before, const char *after);
int64_t ck_peak_resident_bytes(void);

// MARK: Matrix products. C[m,n] = alpha * op(A) op(B) + beta * C.
void ck_gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
             const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
             int64_t ldc);
void ck_gemm_batched(int64_t batch, bool transpose_a, bool transpose_b, int64_t m, int64_t n,
                     int64_t k, float alpha, const float *a, int64_t stride_a, const float *b,
                     int64_t stride_b, float beta, float *c, int64_t stride_c);

// MARK: Decompositions; both overwrite `a`, and are false where they did not converge.
// a [rows, columns] = u [rows, k] diag(s) vt [k, columns], k the smaller extent, s falling.
bool ck_svd(float *u, float *s, float *vt, float *a, int64_t rows, int64_t columns);
// Replaces rows <= columns independent rows by orthonormal ones that span the same space.
bool ck_orthonormal_rows(float *a, int64_t rows, int64_t columns);

// MARK: Element-wise.
void ck_fill(float *y, float value, int64_t n);
void ck_copy(float *y, const float *x, int64_t n);
void ck_add(float *y, const float *a, const float *b, int64_t n);
void ck_axpy(float *y, float a, const float *x, int64_t n);           // y += a x
void ck_subtract(float *y, const float *a, const float *b, int64_t n);
void ck_multiply(float *y, const float *a, const float *b, int64_t n);
void ck_scale(float *y, const float *x, float scale, float offset, int64_t n);
void ck_relu(float *y, const float *x, int64_t n);
void ck_relu_backward(float *dx, const float *dy, const float *y, int64_t n);
void ck_clip(float *y, const float *x, float low, float high, int64_t n);
void ck_clip_backward(float *dx, const float *dy, const float *y, float low, float high, int64_t n);
void ck_prelu(float *y, const float *x, const float *slope, int64_t rows, int64_t columns);
void ck_prelu_backward(float *dx, float *dslope, const float *dy, const float *x,
                       const float *slope, int64_t rows, int64_t columns);
void ck_gelu(float *y, const float *x, int64_t n);
void ck_gelu_backward(float *dx, const float *dy, const float *x, int64_t n);
void ck_exp(float *y, const float *x, int64_t n);
void ck_log(float *y, const float *x, int64_t n);
void ck_sqrt(float *y, const float *x, int64_t n);
void ck_sigmoid(float *y, const float *x, int64_t n);
void ck_absolute(float *y, const float *x, int64_t n);
void ck_sign_multiply(float *dx, const float *dy, const float *x, int64_t n);
void ck_reciprocal(float *y, const float *x, int64_t n);
double ck_sum(const float *x, int64_t n);
double ck_sum_of_squares(const float *x, int64_t n);
int64_t ck_count_not_finite(const float *x, int64_t n);

// MARK: Rows [rows, columns] with a vector over columns.
void ck_add_row(float *y, const float *x, const float *row, int64_t rows, int64_t columns);
void ck_multiply_row(float *y, const float *x, const float *row, int64_t rows, int64_t columns);
void ck_sum_rows(float *row, const float *x, int64_t rows, int64_t columns, bool accumulate);
void ck_sum_product_rows(float *row, const float *a, const float *b, int64_t rows,
                         int64_t columns);
void ck_sum_columns(float *column, const float *x, int64_t rows, int64_t columns, float scale);
void ck_broadcast_column(float *y, const float *column, int64_t rows, int64_t columns, float scale);
void ck_multiply_column(float *y, const float *x, const float *column, int64_t rows,
                        int64_t columns);
// Rows of groups [groups, rows, columns]: means y [groups, columns], and y += share * row of the group.
void ck_mean_rows(float *y, const float *x, int64_t groups, int64_t rows, int64_t columns);
void ck_add_group_row(float *y, const float *row, float share, bool accumulate, int64_t groups,
                      int64_t rows, int64_t columns);
// y = x * row of the group.
void ck_multiply_group_row(float *y, const float *x, const float *row, int64_t groups, int64_t rows,
                           int64_t columns);
// x becomes x + bias, y = gelu(x); backward writes dx = dy gelu'(x) and dbias.
void ck_bias_gelu(float *y, float *x, const float *bias, int64_t rows, int64_t columns);
void ck_gelu_bias_backward(float *dx, float *dbias, const float *dy, const float *x, int64_t rows,
                           int64_t columns);

// MARK: Normalisation.
void ck_layer_norm(float *y, float *mean, float *inverse, const float *x, const float *scale,
                   const float *shift, int64_t rows, int64_t columns, float epsilon);
// The same y from the mean and inverse that were written.
void ck_layer_norm_again(float *y, const float *x, const float *mean, const float *inverse,
                         const float *scale, const float *shift, int64_t rows, int64_t columns);
void ck_layer_norm_backward(float *dx, float *dscale, float *dshift, const float *dy,
                            const float *x, const float *mean, const float *inverse,
                            const float *scale, int64_t rows, int64_t columns);
// Statistics over groups of rows: x is [groups, rows, columns], results are [groups, columns].
void ck_channel_statistics(float *mean, float *variance, const float *x, int64_t groups,
                           int64_t rows, int64_t columns);
// How channels are mapped once their statistics are known, and what follows: a rectifier, or slopes
// [columns] of negative values. factor and offset are [groups, columns].
typedef struct {
  const float *factor, *offset, *slope;  // slope may be null
  bool rectifies;
  int64_t groups, rows, columns;
} ck_channel_map;
// inverse = 1 / sqrt(variance + epsilon), factor = inverse * scale, offset = shift - mean * factor.
void ck_channel_coefficients(float *inverse, float *factor, float *offset, const float *mean,
                             const float *variance, const float *scale, const float *shift,
                             float epsilon, int64_t groups, int64_t columns);
// y = follower(x * factor + offset (+ residual)).
void ck_channel_affine(float *y, const float *x, const float *residual, const ck_channel_map *map);
typedef struct {
  const float *dy, *x;
  const float *y;                // output; null unless a rectifier follows a residual
  const float *mean, *inverse;   // [groups, columns]
} ck_channel_gradient;
// Sums [groups, columns] of the gradient that has passed the follower, plain and times the normalised
// values, and of the slopes. With y, `masked` receives that gradient.
void ck_channel_backward_sums(float *sum_dy, float *sum_dy_normal, float *dslope, float *masked,
                              const ck_channel_gradient *gradient, const ck_channel_map *map);
// Gradient of x; without sums, for statistics that do not depend on x. With y, dy is the masked one.
void ck_channel_backward(float *dx, const float *sum_dy, const float *sum_dy_normal,
                         const ck_channel_gradient *gradient, const ck_channel_map *map);
void ck_l2_normalize(float *y, float *norm, const float *x, int64_t rows, int64_t columns,
                     float floor);
void ck_l2_normalize_backward(float *dx, const float *dy, const float *y, const float *norm,
                              int64_t rows, int64_t columns);

// MARK: Softmax and attention.
void ck_softmax(float *y, const float *x, int64_t rows, int64_t columns);
void ck_softmax_backward(float *dx, const float *dy, const float *y, int64_t rows, int64_t columns);
void ck_log_softmax(float *y, const float *x, int64_t rows, int64_t columns);
void ck_log_softmax_backward(float *dx, const float *dy, const float *y, int64_t rows,
                             int64_t columns);
// qkv [batch, tokens, 3, heads, width]; output [batch, tokens, heads, width];
// log_sum [batch, heads, tokens]; bias [bias_batch, heads, tokens, tokens] or null
// (image b uses row b % bias_batch).
void ck_attention(float *output, float *log_sum, const float *qkv, const float *bias,
                  int64_t bias_batch, int64_t batch, int64_t tokens, int64_t heads, int64_t width,
                  float scale);
void ck_attention_backward(float *dqkv, float *dbias, const float *doutput, const float *output,
                           const float *log_sum, const float *qkv, const float *bias,
                           int64_t bias_batch, int64_t batch, int64_t tokens, int64_t heads,
                           int64_t width, float scale);

// MARK: Convolution and pooling, NHWC.
typedef struct {
  int64_t batch, height, width, channels;             // input
  int64_t output_height, output_width, output_channels;
  int64_t kernel_height, kernel_width, stride, padding, groups;
  int64_t method;  // a ck_convolution_method; ck_method_chosen outside tests and measurements
} ck_convolution_shape;
typedef enum {
  ck_method_chosen,      // the one that measured best for shapes of this kind
  ck_method_gathered,    // patches gathered for the matrix library; any shape
  ck_method_matrix,      // 1x1: one matrix product
  ck_method_direct,      // register tiles over the pictures themselves; one group, stride up to 4
  ck_method_winograd_2,  // F(2x2, 3x3): 3x3, stride 1, one group, channels in multiples of 8
  ck_method_winograd_4,  // F(4x4, 3x3)
  ck_method_depthwise,   // one filter a channel
} ck_convolution_method;
typedef enum { ck_pass_forward, ck_pass_input_gradient, ck_pass_weight_gradient } ck_pass;
bool ck_convolution_allows(const ck_convolution_shape *shape, ck_convolution_method method);
// Depends on the shape alone, so that equal runs have equal bits.
ck_convolution_method ck_convolution_choice(const ck_convolution_shape *shape, ck_pass pass);
void ck_convolution(float *y, const float *x, const float *weight, const float *bias,
                    const ck_convolution_shape *shape);
// The same plus `addend`, which has the shape of y.
void ck_convolution_added(float *y, const float *x, const float *weight, const float *bias,
                          const float *addend, const ck_convolution_shape *shape);
void ck_convolution_input_gradient(float *dx, const float *dy, const float *weight,
                                   const ck_convolution_shape *shape);
void ck_convolution_weight_gradient(float *dweight, const float *dy, const float *x,
                                    const ck_convolution_shape *shape);
void ck_max_pool(float *y, int32_t *argmax, const float *x, const ck_convolution_shape *shape);
void ck_max_pool_backward(float *dx, const float *dy, const int32_t *argmax,
                          const ck_convolution_shape *shape);
void ck_average_pool(float *y, const float *x, const ck_convolution_shape *shape);
void ck_average_pool_backward(float *dx, const float *dy, const ck_convolution_shape *shape);

// MARK: Maps, NHWC. Output row i is input row rows[i], or zeros where that is negative; columns alike.
void ck_pad(float *y, const float *x, int64_t batch, int64_t height, int64_t width,
            int64_t channels, int64_t output_height, int64_t output_width, const int32_t *rows,
            const int32_t *columns);
void ck_pad_backward(float *dx, const float *dy, int64_t batch, int64_t height, int64_t width,
                     int64_t channels, int64_t output_height, int64_t output_width,
                     const int32_t *rows, const int32_t *columns);
// Means of `window` places along the middle axis of [outer, n, inner], the first and last of them
// repeated at the ends; transposed is the gradient.
void ck_local_mean(float *y, const float *x, int64_t outer, int64_t n, int64_t inner,
                   int64_t window, bool transposed);
// y [rows, columns] = first half times second half of x [rows, 2 columns].
void ck_gate(float *y, const float *x, int64_t rows, int64_t columns);
void ck_gate_backward(float *dx, const float *dy, const float *x, int64_t rows, int64_t columns);
// y = x / sqrt(variance of the row + epsilon) * scale, without subtracting the mean.
void ck_deviation_norm(float *y, float *inverse, const float *x, const float *scale, int64_t rows,
                       int64_t columns, float epsilon);
void ck_deviation_norm_backward(float *dx, const float *dy, const float *x, const float *inverse,
                                const float *scale, int64_t rows, int64_t columns);

// The gate of a depthwise convolution, whose own output is not stored, and the means of its places:
// gated [batch, output_height, output_width, channels / 2], means [batch, channels / 2].
void ck_depthwise_gated(float *gated, float *means, const float *x, const float *weight,
                        const float *bias, const ck_convolution_shape *shape);

// MARK: Chains. Maps of single pixels, one after the other; nothing between them is stored.
typedef enum { ck_step_normalize, ck_step_map, ck_step_gate, ck_step_scale } ck_step_kind;
typedef struct {
  ck_step_kind kind;
  int64_t columns;              // of what comes out
  const float *scale, *shift;   // normalize: LayerNorm of each pixel
  float epsilon;
  const float *weight, *bias;   // map: [columns, columns before], and [columns] or null
  const float *addend;          // map: [pixels, columns], or null
  bool keeps, adds_kept;        // one map may be kept, for a later one to add instead of an addend
  const float *factors;         // scale: a row of [.., columns] for every `factor_pixels` pixels
  int64_t factor_pixels;
} ck_chain_step;
void ck_pixel_chain(float *y, const float *x, int64_t pixels, int64_t columns,
                    const ck_chain_step *steps, int count);

// MARK: Data movement.
// Permutes up to 6 axes: y has shape input_shape[permutation[i]].
void ck_permute(float *y, const float *x, int rank, const int64_t *input_shape,
                const int *permutation);
void ck_gather_rows(float *y, const float *x, const int32_t *indices, int64_t count,
                    int64_t columns);
void ck_scatter_add_rows(float *y, const float *dy, const int32_t *indices, int64_t count,
                         int64_t columns);
void ck_copy_strided(float *y, int64_t y_stride, const float *x, int64_t x_stride, int64_t rows,
                     int64_t columns, bool accumulate);
// Patches: x [batch, height, width, channels] -> y [batch, gh*gw, channels*patch*patch] with the
// inner order (channel, row, column) of an OIHW convolution weight.
void ck_patches(float *y, const float *x, int64_t batch, int64_t height, int64_t width,
                int64_t channels, int64_t patch);
void ck_patches_backward(float *dx, const float *dy, int64_t batch, int64_t height, int64_t width,
                         int64_t channels, int64_t patch);

// MARK: Losses.
double ck_masked_l1(const float *prediction, const float *target, const float *mask, int64_t rows,
                    int64_t columns);
void ck_masked_l1_backward(float *gradient, float scale, const float *prediction,
                           const float *target, const float *mask, int64_t rows, int64_t columns);

// MARK: Optimizers. One call updates `count` tensors.
typedef struct {
  float *parameter, *first_moment, *second_moment;
  const float *gradient;
  int64_t size;
  float weight_decay, rate;
} ck_adamw_item;
void ck_adamw(const ck_adamw_item *items, int count, float beta1, float beta2, float epsilon,
              float bias_correction1, float bias_correction2, float gradient_scale);
typedef struct {
  float *average;
  const float *value;
  int64_t size;
} ck_average_item;
void ck_exponential_average(const ck_average_item *items, int count, float decay);

// MARK: Picture batches. Crop, flip, colour and erase in one pass; bytes in, normalised floats out.
typedef struct {
  const uint8_t *pixels;
  int32_t width, height;                   // of the stored picture
  float left, top, crop_width, crop_height;  // source box in pixels
  int32_t flip;
  float gain[3], offset[3], gamma;         // value' = (gain * value + offset) ^ gamma, value 0..1
  float gray;                              // 0 keeps the colour, 1 makes it grey
  int32_t erase_left, erase_top, erase_width, erase_height;  // in the output; 0 width: none
} ck_picture;
void ck_picture_batch(float *y, const ck_picture *pictures, int64_t count, int64_t height,
                      int64_t width, const float *mean, const float *deviation);
#endif
