// A small software rasteriser for the walking-people generator of tools/walkers.
//
// The only primitive is the loft: elliptical rings joined to a tube. Lofts are drawn into a layer
// (one figure), layers are merged into a frame by depth, and the frame is developed to 8-bit RGB
// by a simple camera model. Layers and frames hold 2 × 2 samples per pixel.
#ifndef CRASTER_H
#define CRASTER_H

#include <stdint.h>

// A point, direction or colour (red, green, blue; 0...1 in display encoding).
typedef struct {
  float x, y, z;
} raster_vector;

// One ring of a loft: centre + lateral * cos + depth * sin, in metres.
typedef struct {
  raster_vector center, lateral, depth;
  float along;  // metres along the loft: the second pattern coordinate
} raster_ring;

enum {
  RASTER_PLAIN = 0,
  RASTER_STRIPES_ACROSS = 1,  // rings of the two colours
  RASTER_STRIPES_ALONG = 2,
  RASTER_CHECK = 3,
  RASTER_BLOCK = 4,  // second colour beyond `split` metres along
  RASTER_PANEL = 5,  // second colour in a front panel `split` of the circumference wide
  RASTER_CLOTH = 6,  // noise between the two colours
};

// How the surface of a loft is coloured.
typedef struct {
  raster_vector base, second;
  int32_t pattern;
  float period;  // metres of one repeat of stripes, checks and cloth
  float split;   // see RASTER_BLOCK and RASTER_PANEL
  float relief;  // amplitude of folds and weave, 0...1
  uint32_t seed; // shifts the noise, so that no two garments share their folds
} raster_material;

// A pinhole camera: `right`, `down` and `forward` are orthonormal, focal length in pixels.
typedef struct {
  raster_vector position, right, down, forward;
  float focal, center_x, center_y;
} raster_camera;

// A distant light: `direction` points towards it.
typedef struct {
  raster_vector direction;
  float ambient, diffuse;
} raster_light;

// The response of a camera to scene colours.
typedef struct {
  float gain[3];     // white balance and exposure
  float gamma;       // exponent on 0...1
  float saturation;  // 1 keeps the colours
  float blur;        // weight of each direct neighbour, 0...0.33
  float noise;       // standard deviation in 8-bit steps
} raster_response;

// Extent in pixels of everything drawn, also outside the picture; empty when left > right.
typedef struct {
  float left, top, right, bottom;
} raster_extent;

typedef struct raster_layer raster_layer;
typedef struct raster_frame raster_frame;

// Side of the square, wrapping noise table; values 0...1.
#define RASTER_NOISE_SIDE 256

// A layer for pictures of the given size in pixels; NULL when memory is short.
raster_layer *raster_layer_create(int width, int height);
void raster_layer_destroy(raster_layer *layer);
// Empties the layer, and only what was drawn.
void raster_layer_clear(raster_layer *layer);
raster_extent raster_layer_extent(const raster_layer *layer);

// Draws a tube of `count` rings with `sides` facets; `power` 2 is an ellipse, 4 nearly a box.
// `noise` has RASTER_NOISE_SIDE squared values.
void raster_layer_loft(
    raster_layer *layer, const raster_camera *camera, const raster_light *light,
    const raster_ring *rings, int count, int sides, float power,
    const raster_material *material, const float *noise);

// A frame with one fixed background: `background` is height * width * 3 scene colours,
// `ground` 1 where shadows may fall. NULL when memory is short. The arrays are copied.
raster_frame *raster_frame_create(
    int width, int height, const float *background, const uint8_t *ground);
void raster_frame_destroy(raster_frame *frame);
// Makes the content of a layer part of the fixed background, with its depth.
void raster_frame_fix(raster_frame *frame, const raster_layer *layer);
// Ends the setup: the background is developed once. Call after the last raster_frame_fix.
void raster_frame_prepare(raster_frame *frame, const raster_response *response);

// Starts a new picture.
void raster_frame_begin(raster_frame *frame);
// Adds the shadow that a loft throws on the plane y = 0.
void raster_frame_shadow(
    raster_frame *frame, const raster_camera *camera, const raster_light *light,
    const raster_ring *rings, int count, int sides, float power);
// Merges a layer by depth under the number `owner` (0...250); returns its sample count.
int raster_frame_merge(raster_frame *frame, const raster_layer *layer, int owner);
// Samples of `owner` that nothing hides; call after the last merge.
int raster_frame_visible(const raster_frame *frame, int owner, raster_extent extent);
// Resolves, colours, blurs and adds noise; `out` takes height * width * 3 bytes.
void raster_frame_develop(
    raster_frame *frame, const raster_response *response, float shadow_strength,
    uint32_t noise_seed, uint8_t *out);

#endif
