#include <stddef.h>

#include "orient.h"

void vision_orient(
    const uint8_t *source, int width, int height, int orientation, uint8_t *target) {
  // Steps in the source, in pixels, for one target column and one target row.
  ptrdiff_t w = width, h = height, start = 0, column = 1, row = w;
  int columns = width, rows = height;
  switch (orientation) {
    case 2: start = w - 1; column = -1; row = w; break;
    case 3: start = h * w - 1; column = -1; row = -w; break;
    case 4: start = (h - 1) * w; column = 1; row = -w; break;
    case 5: start = 0; column = w; row = 1; break;
    case 6: start = (h - 1) * w; column = -w; row = 1; break;
    case 7: start = h * w - 1; column = -w; row = -1; break;
    case 8: start = w - 1; column = w; row = -1; break;
    default: break;
  }
  if (orientation >= 5 && orientation <= 8) {
    columns = height;
    rows = width;
  }
  for (int y = 0; y < rows; y++) {
    const uint8_t *from = source + 3 * (start + row * y);
    for (int x = 0; x < columns; x++) {
      target[0] = from[0];
      target[1] = from[1];
      target[2] = from[2];
      target += 3;
      from += 3 * column;
    }
  }
}
