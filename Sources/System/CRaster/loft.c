// Lofts: tubes of rings, drawn into a layer.
#include "raster.h"

typedef struct {
  float x, y, inverse;    // samples, 1 / metres
  float shade, around, along;
  float facing;           // cosine between normal and the way to the camera
} vertex;

void raster_ring_points(
    const raster_ring *ring, int sides, const float *cosine, const float *sine,
    raster_vector *out) {
  for (int j = 0; j <= sides; j++) {
    float c = cosine[j], s = sine[j];
    out[j] = (raster_vector){
        ring->center.x + ring->lateral.x * c + ring->depth.x * s,
        ring->center.y + ring->lateral.y * c + ring->depth.y * s,
        ring->center.z + ring->lateral.z * c + ring->depth.z * s};
  }
}

void raster_ring_angles(int sides, float power, float *cosine, float *sine) {
  for (int j = 0; j <= sides; j++) {
    float angle = 6.28318530718f * (float)j / (float)sides - 1.57079632679f;
    float c = cosf(angle), s = sinf(angle);
    if (power != 2) {
      c = copysignf(powf(fabsf(c), 2 / power), c);
      s = copysignf(powf(fabsf(s), 2 / power), s);
    }
    cosine[j] = c;
    sine[j] = s;
  }
}

// Bilinear look-up in the wrapping noise table; coordinates in cells.
static inline float look_up(const float *noise, float x, float y) {
  float fx = floorf(x), fy = floorf(y);
  int ix = (int)fx & (RASTER_NOISE_SIDE - 1), iy = (int)fy & (RASTER_NOISE_SIDE - 1);
  int jx = (ix + 1) & (RASTER_NOISE_SIDE - 1), jy = (iy + 1) & (RASTER_NOISE_SIDE - 1);
  float ax = x - fx, ay = y - fy;
  const float *upper = noise + iy * RASTER_NOISE_SIDE, *lower = noise + jy * RASTER_NOISE_SIDE;
  float top = upper[ix] + (upper[jx] - upper[ix]) * ax;
  float bottom = lower[ix] + (lower[jx] - lower[ix]) * ax;
  return top + (bottom - top) * ay;
}

static inline float fraction(float value) { return value - floorf(value); }

// Colour of a surface point: `around` 0...1 from the back, `x` and `along` in metres.
static inline raster_vector surface(
    const raster_material *m, const float *noise, float around, float x, float along) {
  float shift_x = (float)(m->seed & 255), shift_y = (float)((m->seed >> 8) & 255);
  float mix = 0;
  switch (m->pattern) {
    case RASTER_STRIPES_ACROSS: mix = fraction(along / m->period) < 0.5f; break;
    case RASTER_STRIPES_ALONG: mix = fraction(x / m->period) < 0.4f; break;
    case RASTER_CHECK:
      mix = 0.5f * ((fraction(along / m->period) < 0.5f) + (fraction(x / m->period) < 0.5f));
      break;
    case RASTER_BLOCK: mix = along > m->split; break;
    case RASTER_PANEL: mix = fabsf(around - 0.5f) < 0.5f * m->split; break;
    case RASTER_CLOTH: {
      float v = look_up(noise, shift_x + x * 2 / m->period, shift_y + along * 2 / m->period);
      mix = clamp_float((v - 0.42f) * 6, 0, 1);
      break;
    }
    default: break;
  }
  // Folds run along the limb, so they are stretched; the weave is finer.
  float folds = look_up(noise, shift_y + x * 34, shift_x + along * 13);
  float weave = look_up(noise, shift_x + x * 90, shift_y + along * 90);
  float gain = 1 + m->relief * (1.5f * (folds - 0.5f) + 0.5f * (weave - 0.5f));
  return (raster_vector){
      (m->base.x + (m->second.x - m->base.x) * mix) * gain,
      (m->base.y + (m->second.y - m->base.y) * mix) * gain,
      (m->base.z + (m->second.z - m->base.z) * mix) * gain};
}

static inline uint16_t store(float value) {
  return (uint16_t)(clamp_float(value, 0, 1.999f) * COLOR_SCALE);
}

static void triangle(
    raster_layer *layer, const vertex *a, const vertex *b, const vertex *c, float perimeter,
    const raster_material *material, const float *noise) {
  float doubled = (b->x - a->x) * (c->y - a->y) - (c->x - a->x) * (b->y - a->y);
  if (fabsf(doubled) < 1e-6f) return;
  float low_x = fminf(a->x, fminf(b->x, c->x)), high_x = fmaxf(a->x, fmaxf(b->x, c->x));
  float low_y = fminf(a->y, fminf(b->y, c->y)), high_y = fmaxf(a->y, fmaxf(b->y, c->y));
  if (high_x < 0 || high_y < 0 || low_x > (float)layer->width || low_y > (float)layer->height)
    return;
  int left = clamp_int((int)ceilf(low_x - 0.5f), 0, layer->width);
  int right = clamp_int((int)floorf(high_x - 0.5f) + 1, 0, layer->width);
  int top = clamp_int((int)ceilf(low_y - 0.5f), 0, layer->height);
  int bottom = clamp_int((int)floorf(high_y - 0.5f) + 1, 0, layer->height);
  if (left >= right || top >= bottom) return;
  widen(&layer->touched, left, top, right, bottom);
  float scale = 1 / doubled;
  // Weights of b and c as linear functions of the sample position.
  float bx = (c->y - a->y) * scale, by = -(c->x - a->x) * scale;
  float cx = -(b->y - a->y) * scale, cy = (b->x - a->x) * scale;
  for (int y = top; y < bottom; y++) {
    float py = (float)y + 0.5f - a->y;
    size_t row = (size_t)y * (size_t)layer->width;
    for (int x = left; x < right; x++) {
      float px = (float)x + 0.5f - a->x;
      float wb = px * bx + py * by, wc = px * cx + py * cy, wa = 1 - wb - wc;
      if (wa < -1e-5f || wb < -1e-5f || wc < -1e-5f) continue;
      float inverse = wa * a->inverse + wb * b->inverse + wc * c->inverse;
      if (inverse <= layer->inverse[row + x]) continue;
      layer->inverse[row + x] = inverse;
      float around = wa * a->around + wb * b->around + wc * c->around;
      float along = wa * a->along + wb * b->along + wc * c->along;
      float shade = wa * a->shade + wb * b->shade + wc * c->shade;
      raster_vector color = surface(material, noise, around, around * perimeter, along);
      layer->samples[row + x] = (sample){
          store(color.x * shade), store(color.y * shade), store(color.z * shade), 0};
    }
  }
}

void raster_layer_loft(
    raster_layer *layer, const raster_camera *camera, const raster_light *light,
    const raster_ring *rings, int count, int sides, float power,
    const raster_material *material, const float *noise) {
  if (count < 2 || count > MAX_RINGS || sides < 3 || sides > MAX_SIDES) return;
  float cosine[MAX_SIDES + 1], sine[MAX_SIDES + 1];
  raster_ring_angles(sides, power, cosine, sine);
  raster_vector points[MAX_RINGS][MAX_SIDES + 1];
  vertex vertices[MAX_RINGS][MAX_SIDES + 1];
  float widest = 0;
  for (int i = 0; i < count; i++) {
    raster_ring_points(&rings[i], sides, cosine, sine, points[i]);
    float radius = sqrtf(
        0.5f * (dot(rings[i].lateral, rings[i].lateral) + dot(rings[i].depth, rings[i].depth)));
    if (radius > widest) widest = radius;
  }
  for (int i = 0; i < count; i++) {
    int before = i > 0 ? i - 1 : i, after = i + 1 < count ? i + 1 : i;
    for (int j = 0; j <= sides; j++) {
      raster_vector point = points[i][j];
      raster_vector around = sub(points[i][j == sides ? 1 : j + 1], points[i][j == 0 ? sides - 1 : j - 1]);
      raster_vector along = sub(points[after][j], points[before][j]);
      raster_vector normal = cross(around, along);
      if (dot(normal, normal) < 1e-14f) {
        // A ring without radius closes the loft: its normal is the axis.
        int neighbor = i == 0 ? 1 : i - 1;
        normal = sub(rings[i].center, rings[neighbor].center);
      }
      normal = unit(normal);
      raster_vector outward = sub(point, rings[i].center);
      if (dot(normal, outward) < 0) {
        normal = (raster_vector){-normal.x, -normal.y, -normal.z};
      }
      raster_vector relative = sub(point, camera->position);
      float distance = dot(relative, camera->forward);
      if (distance < 0.3f) return;
      vertex *v = &vertices[i][j];
      v->inverse = 1 / distance;
      float px = camera->center_x + camera->focal * dot(relative, camera->right) / distance;
      float py = camera->center_y + camera->focal * dot(relative, camera->down) / distance;
      if (px < layer->extent.left) layer->extent.left = px;
      if (px > layer->extent.right) layer->extent.right = px;
      if (py < layer->extent.top) layer->extent.top = py;
      if (py > layer->extent.bottom) layer->extent.bottom = py;
      v->x = 2 * px;
      v->y = 2 * py;
      float lambert = (dot(normal, light->direction) + 0.2f) / 1.2f;
      v->shade = light->ambient * (0.78f + 0.22f * normal.y) +
                 light->diffuse * (lambert > 0 ? lambert : 0);
      v->facing = -dot(normal, unit(relative));
      v->around = (float)j / (float)sides;
      v->along = rings[i].along;
    }
  }
  float perimeter = 6.28318530718f * widest;
  for (int i = 0; i + 1 < count; i++) {
    for (int j = 0; j < sides; j++) {
      const vertex *a = &vertices[i][j], *b = &vertices[i][j + 1];
      const vertex *c = &vertices[i + 1][j], *d = &vertices[i + 1][j + 1];
      // Facets that look away are hidden by the near side of the same tube.
      if (a->facing < -0.2f && b->facing < -0.2f && c->facing < -0.2f && d->facing < -0.2f)
        continue;
      triangle(layer, a, b, d, perimeter, material, noise);
      triangle(layer, a, d, c, perimeter, material, noise);
    }
  }
}

raster_layer *raster_layer_create(int width, int height) {
  raster_layer *layer = calloc(1, sizeof *layer);
  if (!layer) return NULL;
  layer->width = 2 * width;
  layer->height = 2 * height;
  size_t count = (size_t)layer->width * (size_t)layer->height;
  layer->inverse = calloc(count, sizeof *layer->inverse);
  layer->samples = calloc(count, sizeof *layer->samples);
  if (!layer->inverse || !layer->samples) {
    raster_layer_destroy(layer);
    return NULL;
  }
  layer->touched = empty_area();
  layer->extent = (raster_extent){1e9f, 1e9f, -1e9f, -1e9f};
  return layer;
}

void raster_layer_destroy(raster_layer *layer) {
  if (!layer) return;
  free(layer->inverse);
  free(layer->samples);
  free(layer);
}

void raster_layer_clear(raster_layer *layer) {
  area a = layer->touched;
  for (int y = a.top; y < a.bottom; y++) {
    memset(
        layer->inverse + (size_t)y * (size_t)layer->width + a.left, 0,
        sizeof(float) * (size_t)(a.right - a.left));
  }
  layer->touched = empty_area();
  layer->extent = (raster_extent){1e9f, 1e9f, -1e9f, -1e9f};
}

raster_extent raster_layer_extent(const raster_layer *layer) { return layer->extent; }
