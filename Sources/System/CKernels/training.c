// Masked L1, AdamW over many tensors at once, moving averages of weights.
#include "internal.h"

#define CK_VECTOR _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

typedef struct {
  float *gradient;
  const float *prediction, *target, *mask;
  int64_t rows, columns;
  float scale;
  double *partial;
  int parts;
} l1_job;

CK_CLONES static double l1_rows(const l1_job *j, int64_t begin, int64_t end) {
  double total = 0;
  for (int64_t r = begin; r < end; r++) {
    float m = j->mask ? j->mask[r] : 1, s = 0;
    if (m == 0) continue;
    const float *p = j->prediction + r * j->columns, *t = j->target + r * j->columns;
    for (int64_t c = 0; c < j->columns; c++) s += __builtin_fabsf(p[c] - t[c]);
    total += (double)(s * m);
  }
  return total;
}
static void l1_part(void *context, int part) {
  const l1_job *j = context;
  int64_t begin, end;
  ck_range(j->rows, j->parts, part, &begin, &end);
  j->partial[part] = l1_rows(j, begin, end);
}
double ck_masked_l1(const float *prediction, const float *target, const float *mask, int64_t rows,
                    int64_t columns) {
  double partial[256], total = 0;
  l1_job job = {.prediction = prediction, .target = target, .mask = mask, .rows = rows,
                .columns = columns, .partial = partial, .parts = ck_parts(rows, columns)};
  ck_parallel(job.parts, l1_part, &job);
  for (int part = 0; part < job.parts; part++) total += partial[part];
  return total;
}
CK_CLONES static void l1_backward_rows(const l1_job *j, int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; r++) {
    float s = j->scale * (j->mask ? j->mask[r] : 1), *g = j->gradient + r * j->columns;
    const float *p = j->prediction + r * j->columns, *t = j->target + r * j->columns;
    CK_VECTOR for (int64_t c = 0; c < j->columns; c++) {
      float d = p[c] - t[c];
      g[c] = d > 0 ? s : (d < 0 ? -s : 0.0f);
    }
  }
}
static void l1_backward_part(void *context, int part) {
  const l1_job *j = context;
  int64_t begin, end;
  ck_range(j->rows, j->parts, part, &begin, &end);
  l1_backward_rows(j, begin, end);
}
void ck_masked_l1_backward(float *gradient, float scale, const float *prediction,
                           const float *target, const float *mask, int64_t rows,
                           int64_t columns) {
  l1_job job = {.gradient = gradient, .prediction = prediction, .target = target, .mask = mask,
                .rows = rows, .columns = columns, .scale = scale,
                .parts = ck_parts(rows, columns)};
  ck_parallel(job.parts, l1_backward_part, &job);
}

// MARK: Updates. Work is cut into chunks across all tensors, so small ones cost nothing extra.
enum { chunk = 1 << 15 };

typedef struct {
  const ck_adamw_item *items;
  const ck_average_item *averages;
  int count, parts;
  int64_t chunks;
  float beta1, beta2, epsilon, correction1, correction2, gradient_scale, decay;
} update_job;

CK_CLONES static void adamw_range(const ck_adamw_item *item, const update_job *j, int64_t begin,
                                  int64_t end) {
  float b1 = j->beta1, b2 = j->beta2, keep = 1.0f - item->rate * item->weight_decay;
  float step = item->rate / j->correction1, root = 1.0f / sqrtf(j->correction2);
  float *p = item->parameter, *m = item->first_moment, *v = item->second_moment;
  const float *grad = item->gradient;
  CK_VECTOR for (int64_t i = begin; i < end; i++) {
    float g = grad[i] * j->gradient_scale;
    float first = b1 * m[i] + (1.0f - b1) * g;
    float second = b2 * v[i] + (1.0f - b2) * g * g;
    m[i] = first;
    v[i] = second;
    p[i] = p[i] * keep - step * first / (__builtin_elementwise_sqrt(second) * root + j->epsilon);
  }
}
CK_CLONES static void average_range(const ck_average_item *item, float decay, int64_t begin,
                                    int64_t end) {
  float *a = item->average;
  const float *v = item->value;
  CK_VECTOR for (int64_t i = begin; i < end; i++) a[i] = decay * a[i] + (1.0f - decay) * v[i];
}
static void update_part(void *context, int part) {
  const update_job *j = context;
  int64_t first, last, index = 0;
  ck_range(j->chunks, j->parts, part, &first, &last);
  for (int i = 0; i < j->count && index < last; i++) {
    int64_t size = j->items ? j->items[i].size : j->averages[i].size;
    int64_t count = (size + chunk - 1) / chunk;
    for (int64_t c = 0; c < count; c++, index++) {
      if (index < first || index >= last) continue;
      int64_t end = (c + 1) * chunk < size ? (c + 1) * chunk : size;
      if (j->items) adamw_range(&j->items[i], j, c * chunk, end);
      else average_range(&j->averages[i], j->decay, c * chunk, end);
    }
  }
}
static void update(update_job job) {
  for (int i = 0; i < job.count; i++)
    job.chunks += ((job.items ? job.items[i].size : job.averages[i].size) + chunk - 1) / chunk;
  job.parts = ck_parts(job.chunks, chunk * 4);
  ck_parallel(job.parts, update_part, &job);
}
void ck_adamw(const ck_adamw_item *items, int count, float beta1, float beta2, float epsilon,
              float bias_correction1, float bias_correction2, float gradient_scale) {
  update((update_job){.items = items, .count = count, .beta1 = beta1, .beta2 = beta2,
                      .epsilon = epsilon, .correction1 = bias_correction1,
                      .correction2 = bias_correction2, .gradient_scale = gradient_scale});
}
void ck_exponential_average(const ck_average_item *items, int count, float decay) {
  update((update_job){.averages = items, .count = count, .decay = decay});
}
