// What the loft and frame files share; not for users of the module.
#ifndef RASTER_INTERNAL_H
#define RASTER_INTERNAL_H

#include "CRaster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RINGS 24
#define MAX_SIDES 24
#define COLOR_SCALE 32767.0f

typedef struct {
  uint16_t red, green, blue, owner;
} sample;

typedef struct {
  int left, top, right, bottom;  // half open; empty when left >= right
} area;

struct raster_layer {
  int width, height;  // in samples
  float *inverse;     // 1 / distance along the view; 0 is empty
  sample *samples;
  area touched;
  raster_extent extent;
};

static inline raster_vector sub(raster_vector a, raster_vector b) {
  return (raster_vector){a.x - b.x, a.y - b.y, a.z - b.z};
}
static inline float dot(raster_vector a, raster_vector b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
static inline raster_vector cross(raster_vector a, raster_vector b) {
  return (raster_vector){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
static inline raster_vector unit(raster_vector a) {
  float length = sqrtf(dot(a, a));
  if (length < 1e-12f) return (raster_vector){0, 1, 0};
  return (raster_vector){a.x / length, a.y / length, a.z / length};
}
static inline int clamp_int(int value, int low, int high) {
  return value < low ? low : value > high ? high : value;
}
static inline float clamp_float(float value, float low, float high) {
  return value < low ? low : value > high ? high : value;
}

static inline area empty_area(void) { return (area){1 << 30, 1 << 30, 0, 0}; }
static inline void widen(area *all, int left, int top, int right, int bottom) {
  if (left < all->left) all->left = left;
  if (top < all->top) all->top = top;
  if (right > all->right) all->right = right;
  if (bottom > all->bottom) all->bottom = bottom;
}
static inline area clipped(area a, int width, int height) {
  a.left = clamp_int(a.left, 0, width);
  a.right = clamp_int(a.right, 0, width);
  a.top = clamp_int(a.top, 0, height);
  a.bottom = clamp_int(a.bottom, 0, height);
  return a;
}

// Cosine and sine of `sides` + 1 points around a ring, from the back; see raster_layer_loft.
void raster_ring_angles(int sides, float power, float *cosine, float *sine);
// Points of one ring, `sides` + 1 of them: the first and last coincide at the back.
void raster_ring_points(
    const raster_ring *ring, int sides, const float *cosine, const float *sine,
    raster_vector *out);

#endif
