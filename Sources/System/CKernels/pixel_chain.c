// Maps of single pixels, one after the other: a band of pixels goes through all of them while its
// values are in the cache, and what lies between two maps never reaches memory.
#include "tile.h"

// Floats of a band: two buffers in turn and what is kept stay in a core's second-level cache.
enum { chain_floats = 1 << 16 };

typedef struct {
  float *y, *panels;
  const float *x;
  const ck_chain_step *steps;
  int64_t pixels, columns, widest, band;
  int count;
} chain_job;

typedef struct {
  float *panels;
  const float *weight;
  int64_t columns, depth;
} panel_job;

// weight [columns, depth] as [panels][depth][16], zeros beyond the last column.
static void panel_part(void *context, int part) {
  const panel_job *j = context;
  int64_t column = (int64_t)part * ck_panel;
  int64_t width = j->columns - column < ck_panel ? j->columns - column : ck_panel;
  const float *from = j->weight + column * j->depth;
  float *to = j->panels + column * j->depth;
  for (int64_t k = 0; k < j->depth; k++, to += ck_panel) {
    for (int64_t l = 0; l < width; l++) to[l] = from[l * j->depth + k];
    for (int64_t l = width; l < ck_panel; l++) to[l] = 0;
  }
}
CK_INLINE int64_t panel_floats(const ck_chain_step *step, int64_t columns) {
  return step->kind == ck_step_map ? ck_panels(step->columns) * ck_panel * columns : 0;
}

CK_CLONES static void scale_pixels(float *y, const float *x, const float *factors, int64_t first,
                                   int64_t pixels, int64_t columns, int64_t factor_pixels) {
  for (int64_t p = 0; p < pixels; p++, x += columns, y += columns) {
    const float *row = factors + (first + p) / factor_pixels * columns;
    for (int64_t c = 0; c < columns; c++) y[c] = x[c] * row[c];
  }
}

static void chain_part(void *context, int part) {
  const chain_job *j = context;
  int64_t first = part * j->band, columns = j->columns, capacity;
  int64_t count = j->pixels - first < j->band ? j->pixels - first : j->band;
  float *own = ck_buffer_take(j->band * (3 * j->widest + 2), &capacity);
  float *turns[2] = {own, own + j->band * j->widest}, *kept = turns[1] + j->band * j->widest;
  float *mean = kept + j->band * j->widest, *inverse = mean + j->band;
  const float *from = j->x + first * columns, *panels = j->panels;
  for (int i = 0, turn = 0; i < j->count; i++) {
    const ck_chain_step *s = &j->steps[i];
    float *to = turns[turn];
    if (i + 1 == j->count) to = j->y + first * s->columns;
    else if (s->keeps) to = kept;
    else turn = 1 - turn;
    switch (s->kind) {
      case ck_step_normalize:
        ck_layer_norm_lines(to, mean, inverse, from, s->scale, s->shift, count, columns, s->epsilon);
        break;
      case ck_step_scale:
        scale_pixels(to, from, s->factors, first, count, columns, s->factor_pixels);
        break;
      case ck_step_gate: ck_gate_lines(to, from, count, s->columns); break;
      case ck_step_map: {
        const float *addend = s->addend ? s->addend + first * s->columns : NULL;
        ck_tile_job job = {.x = from, .x_pixel = columns, .lines = 1, .pixels = count, .runs = 1,
                           .run = columns, .panels = panels, .bias = s->bias,
                           .columns = s->columns, .y = to, .y_pixel = s->columns,
                           .addend = s->adds_kept ? kept : addend};
        ck_tile_multiply(&job);
        break;
      }
    }
    panels += panel_floats(s, columns);
    columns = s->columns;
    from = to;
  }
  ck_buffer_give(own, capacity);
}

void ck_pixel_chain(float *y, const float *x, int64_t pixels, int64_t columns,
                    const ck_chain_step *steps, int count) {
  if (pixels == 0) return;
  chain_job job = {.y = y, .x = x, .steps = steps, .pixels = pixels, .columns = columns,
                   .widest = columns, .count = count};
  int64_t floats = 0, capacity, before = columns;
  for (int i = 0; i < count; i++) {
    floats += panel_floats(&steps[i], before);
    before = steps[i].columns;
    if (before > job.widest) job.widest = before;
  }
  job.panels = ck_buffer_take(floats + ck_panel, &capacity);
  float *next = job.panels;
  before = columns;
  for (int i = 0; i < count; i++) {
    if (steps[i].kind == ck_step_map) {
      panel_job pack = {next, steps[i].weight, steps[i].columns, before};
      ck_parallel((int)ck_panels(steps[i].columns), panel_part, &pack);
    }
    next += panel_floats(&steps[i], before);
    before = steps[i].columns;
  }
  int64_t fair = pixels / (4 * ck_pool_threads());
  job.band = chain_floats / (3 * job.widest);
  if (job.band > fair) job.band = fair;
  // Whole register tiles, but few enough bands that the weights are not read too often.
  job.band = job.band / ck_tile_lines * ck_tile_lines;
  if (job.band < 4 * ck_tile_lines) job.band = 4 * ck_tile_lines;
  ck_parallel((int)((pixels + job.band - 1) / job.band), chain_part, &job);
  ck_buffer_give(job.panels, capacity);
}
