// Frames: figures over a fixed background, seen through a camera response.
#include "raster.h"

#if defined(__x86_64__) && defined(__GLIBC__)
#define RASTER_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define RASTER_CLONES
#endif

#define NO_OWNER 0xffff
#define FIXED_OWNER 0xfffe
#define RESPONSE_STEPS 2048
#define RESPONSE_RANGE 1.5f
#define NOISE_VALUES (1 << 16)

struct raster_frame {
  int width, height;        // in pixels
  float *background;        // scene colours
  float *developed;         // background after the response, 0...255
  float *picture;           // the same with this picture's figures
  uint8_t *ground;
  float *fixed_inverse;     // depth of the fixed objects, in samples
  float *inverse;
  sample *samples;
  float *shadow, *scratch;  // 0...1 per pixel
  area touched, shaded;
  float curve[RESPONSE_STEPS + 1];
  float *gaussian;
};


raster_frame *raster_frame_create(
    int width, int height, const float *background, const uint8_t *ground) {
  raster_frame *frame = calloc(1, sizeof *frame);
  if (!frame) return NULL;
  frame->width = width;
  frame->height = height;
  size_t pixels = (size_t)width * (size_t)height, samples = 4 * pixels;
  frame->background = malloc(pixels * 3 * sizeof(float));
  frame->developed = malloc(pixels * 3 * sizeof(float));
  frame->picture = malloc(pixels * 3 * sizeof(float));
  frame->ground = malloc(pixels);
  frame->fixed_inverse = calloc(samples, sizeof(float));
  frame->inverse = calloc(samples, sizeof(float));
  frame->samples = malloc(samples * sizeof(sample));
  frame->shadow = calloc(pixels, sizeof(float));
  frame->scratch = calloc(pixels, sizeof(float));
  frame->gaussian = malloc(NOISE_VALUES * sizeof(float));
  if (!frame->background || !frame->developed || !frame->picture || !frame->ground ||
      !frame->fixed_inverse || !frame->inverse || !frame->samples || !frame->shadow ||
      !frame->scratch || !frame->gaussian) {
    raster_frame_destroy(frame);
    return NULL;
  }
  memcpy(frame->background, background, pixels * 3 * sizeof(float));
  memcpy(frame->ground, ground, pixels);
  memset(frame->samples, 0xff, samples * sizeof(sample));
  frame->touched = frame->shaded = empty_area();
  // The sum of four uniform values is near enough to a normal one for sensor noise.
  uint32_t state = 0x9e3779b9u;
  for (int i = 0; i < NOISE_VALUES; i++) {
    float sum = 0;
    for (int k = 0; k < 4; k++) {
      state ^= state << 13;
      state ^= state >> 17;
      state ^= state << 5;
      sum += (float)(state >> 8) / 16777216.0f - 0.5f;
    }
    frame->gaussian[i] = sum * 1.7320508f;
  }
  return frame;
}

void raster_frame_destroy(raster_frame *frame) {
  if (!frame) return;
  free(frame->background);
  free(frame->developed);
  free(frame->picture);
  free(frame->ground);
  free(frame->fixed_inverse);
  free(frame->inverse);
  free(frame->samples);
  free(frame->shadow);
  free(frame->scratch);
  free(frame->gaussian);
  free(frame);
}

// Averages the four samples of a pixel; where a sample has no owner the `below` colour shows.
static inline int resolve(const raster_frame *frame, int x, int y, const float *below, float *out) {
  size_t row = (size_t)(2 * y) * (size_t)(2 * frame->width) + (size_t)(2 * x);
  size_t next = row + (size_t)(2 * frame->width);
  const sample *four[4] = {
      &frame->samples[row], &frame->samples[row + 1], &frame->samples[next],
      &frame->samples[next + 1]};
  int covered = 0;
  float sum[3] = {0, 0, 0};
  for (int k = 0; k < 4; k++) {
    if (four[k]->owner == NO_OWNER) continue;
    covered++;
    sum[0] += four[k]->red;
    sum[1] += four[k]->green;
    sum[2] += four[k]->blue;
  }
  float rest = 0.25f * (float)(4 - covered);
  for (int k = 0; k < 3; k++) out[k] = sum[k] * (0.25f / COLOR_SCALE) + below[k] * rest;
  return covered;
}

void raster_frame_fix(raster_frame *frame, const raster_layer *layer) {
  raster_frame_begin(frame);
  raster_frame_merge(frame, layer, FIXED_OWNER);
  area a = frame->touched;
  for (int y = a.top / 2; y < (a.bottom + 1) / 2; y++) {
    for (int x = a.left / 2; x < (a.right + 1) / 2; x++) {
      float *pixel = frame->background + ((size_t)y * (size_t)frame->width + (size_t)x) * 3;
      float color[3];
      if (resolve(frame, x, y, pixel, color)) {
        memcpy(pixel, color, sizeof color);
        frame->ground[(size_t)y * (size_t)frame->width + (size_t)x] = 0;
      }
    }
  }
  size_t count = 4 * (size_t)frame->width * (size_t)frame->height;
  memcpy(frame->fixed_inverse, frame->inverse, count * sizeof(float));
  raster_frame_begin(frame);
}

// Colour response of one pixel, to 0...255.
static inline void respond(
    const raster_frame *frame, const raster_response *response, const float *in, float *out) {
  float luma = 0.299f * in[0] + 0.587f * in[1] + 0.114f * in[2];
  for (int k = 0; k < 3; k++) {
    float value = (luma + (in[k] - luma) * response->saturation) * response->gain[k];
    float position = clamp_float(value, 0, RESPONSE_RANGE - 1e-3f) * (RESPONSE_STEPS / RESPONSE_RANGE);
    int index = (int)position;
    float part = position - (float)index;
    out[k] = frame->curve[index] + (frame->curve[index + 1] - frame->curve[index]) * part;
  }
}

void raster_frame_prepare(raster_frame *frame, const raster_response *response) {
  for (int i = 0; i <= RESPONSE_STEPS; i++) {
    float value = powf(RESPONSE_RANGE * (float)i / RESPONSE_STEPS, response->gamma);
    // A soft shoulder instead of a hard clip in the highlights.
    if (value > 0.85f) value = 0.85f + 0.15f * (1 - expf(-(value - 0.85f) / 0.15f));
    frame->curve[i] = 255 * value;
  }
  size_t pixels = (size_t)frame->width * (size_t)frame->height;
  for (size_t i = 0; i < pixels; i++) {
    respond(frame, response, frame->background + 3 * i, frame->developed + 3 * i);
  }
}

void raster_frame_begin(raster_frame *frame) {
  area a = frame->touched;
  size_t width = 2 * (size_t)frame->width;
  for (int y = a.top; y < a.bottom; y++) {
    size_t start = (size_t)y * width + (size_t)a.left, count = (size_t)(a.right - a.left);
    memset(frame->samples + start, 0xff, count * sizeof(sample));
    memcpy(frame->inverse + start, frame->fixed_inverse + start, count * sizeof(float));
  }
  area s = clipped(frame->shaded, frame->width, frame->height);
  for (int y = s.top; y < s.bottom; y++) {
    size_t start = (size_t)y * (size_t)frame->width + (size_t)s.left;
    memset(frame->shadow + start, 0, sizeof(float) * (size_t)(s.right - s.left));
  }
  frame->touched = frame->shaded = empty_area();
}

static void fill(raster_frame *frame, const float *a, const float *b, const float *c) {
  float doubled = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
  if (fabsf(doubled) < 1e-6f) return;
  float low_x = fminf(a[0], fminf(b[0], c[0])), high_x = fmaxf(a[0], fmaxf(b[0], c[0]));
  float low_y = fminf(a[1], fminf(b[1], c[1])), high_y = fmaxf(a[1], fmaxf(b[1], c[1]));
  if (high_x < 0 || high_y < 0 || low_x > (float)frame->width || low_y > (float)frame->height)
    return;
  int left = clamp_int((int)ceilf(low_x - 0.5f), 0, frame->width);
  int right = clamp_int((int)floorf(high_x - 0.5f) + 1, 0, frame->width);
  int top = clamp_int((int)ceilf(low_y - 0.5f), 0, frame->height);
  int bottom = clamp_int((int)floorf(high_y - 0.5f) + 1, 0, frame->height);
  if (left >= right || top >= bottom) return;
  // Room for the blur that follows.
  widen(&frame->shaded, left - 4, top - 4, right + 4, bottom + 4);
  float scale = 1 / doubled;
  for (int y = top; y < bottom; y++) {
    float py = (float)y + 0.5f - a[1];
    for (int x = left; x < right; x++) {
      float px = (float)x + 0.5f - a[0];
      float wb = (px * (c[1] - a[1]) - py * (c[0] - a[0])) * scale;
      float wc = (py * (b[0] - a[0]) - px * (b[1] - a[1])) * scale;
      if (wb < -1e-5f || wc < -1e-5f || wb + wc > 1 + 1e-5f) continue;
      frame->shadow[(size_t)y * (size_t)frame->width + (size_t)x] = 1;
    }
  }
}

void raster_frame_shadow(
    raster_frame *frame, const raster_camera *camera, const raster_light *light,
    const raster_ring *rings, int count, int sides, float power) {
  if (count < 2 || count > MAX_RINGS || sides < 3 || sides > MAX_SIDES) return;
  if (light->direction.y < 0.1f) return;
  float cosine[MAX_SIDES + 1], sine[MAX_SIDES + 1];
  raster_ring_angles(sides, power, cosine, sine);
  float flat[MAX_RINGS][MAX_SIDES + 1][2];
  raster_vector points[MAX_SIDES + 1];
  for (int i = 0; i < count; i++) {
    raster_ring_points(&rings[i], sides, cosine, sine, points);
    for (int j = 0; j <= sides; j++) {
      float t = points[j].y / light->direction.y;
      raster_vector foot = {
          points[j].x - light->direction.x * t, 0, points[j].z - light->direction.z * t};
      raster_vector relative = sub(foot, camera->position);
      float distance = dot(relative, camera->forward);
      if (distance < 0.3f) return;
      flat[i][j][0] = camera->center_x + camera->focal * dot(relative, camera->right) / distance;
      flat[i][j][1] = camera->center_y + camera->focal * dot(relative, camera->down) / distance;
    }
  }
  for (int i = 0; i + 1 < count; i++) {
    for (int j = 0; j < sides; j++) {
      fill(frame, flat[i][j], flat[i][j + 1], flat[i + 1][j + 1]);
      fill(frame, flat[i][j], flat[i + 1][j + 1], flat[i + 1][j]);
    }
  }
}

int raster_frame_merge(raster_frame *frame, const raster_layer *layer, int owner) {
  area a = layer->touched;
  int count = 0;
  size_t width = 2 * (size_t)frame->width;
  if (a.left < a.right) widen(&frame->touched, a.left, a.top, a.right, a.bottom);
  for (int y = a.top; y < a.bottom; y++) {
    size_t row = (size_t)y * width;
    for (int x = a.left; x < a.right; x++) {
      float inverse = layer->inverse[row + x];
      if (inverse == 0) continue;
      count++;
      if (inverse <= frame->inverse[row + x]) continue;
      frame->inverse[row + x] = inverse;
      sample s = layer->samples[row + x];
      s.owner = (uint16_t)owner;
      frame->samples[row + x] = s;
    }
  }
  return count;
}

int raster_frame_visible(const raster_frame *frame, int owner, raster_extent extent) {
  if (extent.left > extent.right) return 0;
  area a = {
      (int)floorf(2 * clamp_float(extent.left, -1e6f, 1e6f)) - 1,
      (int)floorf(2 * clamp_float(extent.top, -1e6f, 1e6f)) - 1,
      (int)ceilf(2 * clamp_float(extent.right, -1e6f, 1e6f)) + 1,
      (int)ceilf(2 * clamp_float(extent.bottom, -1e6f, 1e6f)) + 1};
  a = clipped(a, 2 * frame->width, 2 * frame->height);
  int count = 0;
  for (int y = a.top; y < a.bottom; y++) {
    const sample *row = frame->samples + (size_t)y * 2 * (size_t)frame->width;
    for (int x = a.left; x < a.right; x++) count += row[x].owner == owner;
  }
  return count;
}

// Two passes of a five-pixel box in both directions.
static void soften(raster_frame *frame, area a) {
  int width = frame->width;
  for (int pass = 0; pass < 2; pass++) {
    for (int y = a.top; y < a.bottom; y++) {
      const float *in = frame->shadow + (size_t)y * (size_t)width;
      float *out = frame->scratch + (size_t)y * (size_t)width;
      for (int x = a.left; x < a.right; x++) {
        float sum = 0;
        for (int k = -2; k <= 2; k++) sum += in[clamp_int(x + k, 0, width - 1)];
        out[x] = sum * 0.2f;
      }
    }
    for (int y = a.top; y < a.bottom; y++) {
      float *out = frame->shadow + (size_t)y * (size_t)width;
      const float *rows[5];
      for (int k = -2; k <= 2; k++) {
        // Rows outside the area were not written by this pass.
        int from = clamp_int(y + k, a.top, a.bottom - 1);
        rows[k + 2] = frame->scratch + (size_t)from * (size_t)width;
      }
      for (int x = a.left; x < a.right; x++) {
        out[x] = 0.2f * (rows[0][x] + rows[1][x] + rows[2][x] + rows[3][x] + rows[4][x]);
      }
    }
  }
}

static inline uint32_t scramble(uint32_t value) {
  value ^= value >> 16;
  value *= 0x7feb352du;
  value ^= value >> 15;
  value *= 0x846ca68bu;
  return value ^ (value >> 16);
}

RASTER_CLONES static void vertical(
    const float *above, const float *row, const float *below, float blur, int count, float *out) {
  float keep = 1 - 2 * blur;
  for (int i = 0; i < count; i++) out[i] = row[i] * keep + (above[i] + below[i]) * blur;
}

RASTER_CLONES static void horizontal(
    const float *padded, const float *gaussian, float blur, float noise, int count, uint8_t *out) {
  float keep = 1 - 2 * blur;
  for (int i = 0; i < count; i++) {
    float value = padded[i + 3] * keep + (padded[i] + padded[i + 6]) * blur + gaussian[i] * noise;
    value += 0.5f;
    value = value < 0 ? 0 : value;
    value = value > 255 ? 255 : value;
    out[i] = (uint8_t)(int)value;
  }
}

void raster_frame_develop(
    raster_frame *frame, const raster_response *response, float shadow_strength,
    uint32_t noise_seed, uint8_t *out) {
  int width = frame->width, height = frame->height;
  size_t line = (size_t)width * 3;
  frame->shaded = clipped(frame->shaded, width, height);
  area shaded = frame->shaded;
  if (shaded.left < shaded.right && shaded.top < shaded.bottom) soften(frame, shaded);
  memcpy(frame->picture, frame->developed, line * (size_t)height * sizeof(float));
  area t = frame->touched;
  area work = {
      t.left / 2 < shaded.left ? t.left / 2 : shaded.left,
      t.top / 2 < shaded.top ? t.top / 2 : shaded.top,
      (t.right + 1) / 2 > shaded.right ? (t.right + 1) / 2 : shaded.right,
      (t.bottom + 1) / 2 > shaded.bottom ? (t.bottom + 1) / 2 : shaded.bottom};
  work = clipped(work, width, height);
  for (int y = work.top; y < work.bottom; y++) {
    for (int x = work.left; x < work.right; x++) {
      size_t index = (size_t)y * (size_t)width + (size_t)x;
      const float *scene = frame->background + 3 * index;
      float dark = frame->ground[index] ? frame->shadow[index] * shadow_strength : 0;
      float below[3] = {scene[0] * (1 - dark), scene[1] * (1 - dark), scene[2] * (1 - dark)};
      float color[3];
      int covered = resolve(frame, x, y, below, color);
      if (covered || dark > 0) respond(frame, response, color, frame->picture + 3 * index);
    }
  }
  float *padded = malloc((line + 6) * sizeof(float));
  if (!padded) return;
  uint32_t row_seed = scramble(noise_seed);
  for (int y = 0; y < height; y++) {
    const float *row = frame->picture + (size_t)y * line;
    vertical(
        y > 0 ? row - line : row, row, y + 1 < height ? row + line : row, response->blur,
        (int)line, padded + 3);
    memcpy(padded, padded + 3, 3 * sizeof(float));
    memcpy(padded + 3 + line, padded + line, 3 * sizeof(float));
    row_seed = scramble(row_seed + (uint32_t)y);
    int reach = NOISE_VALUES - (int)line;
    const float *gaussian = frame->gaussian + (reach > 0 ? row_seed % (uint32_t)reach : 0);
    horizontal(padded, gaussian, response->blur, response->noise, (int)line, out + (size_t)y * line);
  }
  free(padded);
}
