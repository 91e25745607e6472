#ifndef CImageCodecs_orient_h
#define CImageCodecs_orient_h

#include <stdint.h>

/// Turns a picture stored with EXIF orientation 1 to 8 upright. For 5 to 8 the target has
/// `height` columns and `width` rows. 2 is a horizontal flip.
void vision_orient(
    const uint8_t *source, int width, int height, int orientation, uint8_t *target);

#endif
