#ifndef VISION_RESAMPLE_H
#define VISION_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

/// The kernel of `vision_resample`: a triangle, or the cubic with a = -1/2.
enum { VISION_FILTER_BILINEAR = 0, VISION_FILTER_BICUBIC = 1 };

/// Resamples the box left, top, right, bottom of an RGB picture, columns first and then rows, with
/// the kernel widened when it shrinks. Weights beyond the picture are left out and the rest is
/// scaled up; a sample that reaches no pixel takes the nearest one.
///
/// Returns 0, or -1 when memory is short.
int vision_resample(
    const uint8_t *source, int width, int height, double left, double top, double right,
    double bottom, int filter, uint8_t *target, int target_width, int target_height);

/// What resampling pictures of one size to another needs, for many of them: weights and working
/// memory. It belongs to one thread at a time.
typedef struct vision_resampler vision_resampler;

/// Prepares `vision_resample` for pictures of 3 channels, or of 1. Returns NULL when memory is short.
vision_resampler *vision_resampler_make(
    int channels, int width, int height, double left, double top, double right, double bottom,
    int filter, int target_width, int target_height);

/// Resamples a picture; strides are the bytes between rows.
void vision_resampler_run(
    vision_resampler *resampler, const uint8_t *source, ptrdiff_t stride, uint8_t *target,
    ptrdiff_t target_stride);

/// Frees it; NULL is allowed.
void vision_resampler_free(vision_resampler *resampler);

/// Halves both sides of a picture of one channel with the same triangle, in one pass: a value may
/// differ by 1 from `vision_resample`'s, which rounds between its two. Sides are even; the target is
/// half as wide and high.
///
/// Returns 0, or -1 when memory is short.
int vision_halve(
    const uint8_t *source, ptrdiff_t stride, int width, int height, uint8_t *target,
    ptrdiff_t target_stride);

/// Takes the pixel under the centre of each target pixel.
void vision_resample_nearest(
    const uint8_t *source, int width, int height, uint8_t *target, int target_width,
    int target_height);

#endif
