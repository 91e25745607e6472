#ifndef CImageCodecs_resample_h
#define CImageCodecs_resample_h

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

/// Takes the pixel under the centre of each target pixel.
void vision_resample_nearest(
    const uint8_t *source, int width, int height, uint8_t *target, int target_width,
    int target_height);

/// Turns a picture stored with EXIF orientation 1 to 8 upright. For 5 to 8 the target has
/// `height` columns and `width` rows. 2 is a horizontal flip.
void vision_orient(
    const uint8_t *source, int width, int height, int orientation, uint8_t *target);

#endif
