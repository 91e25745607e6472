// Softmax rows, and attention that never stores the tokens x tokens matrix of the whole batch: one
// block of query rows at a time per image and head; backward recomputes it from the log-sum-exp.
#include "internal.h"

#define CK_VECTOR _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

CK_INLINE float row_maximum(const float *x, int64_t n) {
  float lanes[16];
  for (int l = 0; l < 16; l++) lanes[l] = -INFINITY;
  int64_t c = 0;
  for (; c + 16 <= n; c += 16)
    for (int l = 0; l < 16; l++) lanes[l] = x[c + l] > lanes[l] ? x[c + l] : lanes[l];
  float m = -INFINITY;
  for (int l = 0; l < 16; l++) m = lanes[l] > m ? lanes[l] : m;
  for (; c < n; c++) m = x[c] > m ? x[c] : m;
  return m;
}

typedef struct {
  float *y;
  const float *x, *dy;
  int64_t rows, columns;
  int parts, kind;
} softmax_job;

CK_CLONES static void softmax_rows(float *y, const float *x, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; r++) {
    const float *p = x + r * columns;
    float *o = y + r * columns, m = row_maximum(p, columns), s = 0;
    for (int64_t c = 0; c < columns; c++) {
      float e = ck_expf(p[c] - m);
      o[c] = e;
      s += e;
    }
    s = 1.0f / s;
    CK_VECTOR for (int64_t c = 0; c < columns; c++) o[c] *= s;
  }
}
CK_CLONES static void softmax_backward_rows(float *dx, const float *dy, const float *y,
                                            int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; r++) {
    const float *p = y + r * columns, *d = dy + r * columns;
    float *o = dx + r * columns, s = 0;
    for (int64_t c = 0; c < columns; c++) s += p[c] * d[c];
    CK_VECTOR for (int64_t c = 0; c < columns; c++) o[c] = p[c] * (d[c] - s);
  }
}
CK_CLONES static void log_softmax_rows(float *y, const float *x, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; r++) {
    const float *p = x + r * columns;
    float *o = y + r * columns, m = row_maximum(p, columns), s = 0;
    for (int64_t c = 0; c < columns; c++) s += ck_expf(p[c] - m);
    float shift = m + logf(s);
    CK_VECTOR for (int64_t c = 0; c < columns; c++) o[c] = p[c] - shift;
  }
}
CK_CLONES static void log_softmax_backward_rows(float *dx, const float *dy, const float *y,
                                                int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; r++) {
    const float *p = y + r * columns, *d = dy + r * columns;
    float *o = dx + r * columns, s = 0;
    for (int64_t c = 0; c < columns; c++) s += d[c];
    CK_VECTOR for (int64_t c = 0; c < columns; c++) o[c] = d[c] - ck_expf(p[c]) * s;
  }
}
static void softmax_part(void *context, int part) {
  const softmax_job *j = context;
  int64_t begin, end, n = j->columns;
  ck_range(j->rows, j->parts, part, &begin, &end);
  float *y = j->y + begin * n;
  const float *x = j->x + begin * n, *dy = j->dy ? j->dy + begin * n : NULL;
  switch (j->kind) {
    case 0: softmax_rows(y, x, end - begin, n); break;
    case 1: softmax_backward_rows(y, dy, x, end - begin, n); break;
    case 2: log_softmax_rows(y, x, end - begin, n); break;
    default: log_softmax_backward_rows(y, dy, x, end - begin, n); break;
  }
}
static void softmax_call(int kind, float *y, const float *x, const float *dy, int64_t rows,
                         int64_t columns) {
  softmax_job job = {y, x, dy, rows, columns, ck_parts(rows, columns * 8), kind};
  ck_parallel(job.parts, softmax_part, &job);
}
void ck_softmax(float *y, const float *x, int64_t rows, int64_t columns) {
  softmax_call(0, y, x, NULL, rows, columns);
}
void ck_softmax_backward(float *dx, const float *dy, const float *y, int64_t rows,
                         int64_t columns) {
  softmax_call(1, dx, y, dy, rows, columns);
}
void ck_log_softmax(float *y, const float *x, int64_t rows, int64_t columns) {
  softmax_call(2, y, x, NULL, rows, columns);
}
void ck_log_softmax_backward(float *dx, const float *dy, const float *y, int64_t rows,
                             int64_t columns) {
  softmax_call(3, dx, y, dy, rows, columns);
}

// MARK: Attention.
// Query rows of one block. All blocks are about equally tall: a rest of one row, which 128 patches
// and a class token would leave, costs as much packing as a full block.
CK_INLINE int64_t query_block(int64_t tokens) {
  int64_t blocks = (tokens + 64) / 128;
  if (blocks < 1) blocks = 1;
  return (tokens + blocks - 1) / blocks;
}

typedef struct {
  float *output, *log_sum, *dqkv, *dbias;
  const float *qkv, *bias, *doutput, *saved_output, *saved_log_sum;
  int64_t bias_batch, batch, tokens, heads, width;
  float scale;
} attention_job;

// Adds the bias, exponentiates against the row maximum, writes the log-sum-exp and 1/sum.
CK_CLONES static void exponentiate(float *s, const float *bias, float *log_sum, float *inverse,
                                   int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++) {
    float *p = s + r * n, t = 0;
    if (bias) {
      const float *b = bias + r * n;
      CK_VECTOR for (int64_t c = 0; c < n; c++) p[c] += b[c];
    }
    float m = row_maximum(p, n);
    for (int64_t c = 0; c < n; c++) {
      float e = ck_expf(p[c] - m);
      p[c] = e;
      t += e;
    }
    log_sum[r] = m + logf(t);
    inverse[r] = 1.0f / t;
  }
}
CK_CLONES static void scale_rows(float *y, int64_t stride, const float *factor, int64_t rows,
                                 int64_t n) {
  for (int64_t r = 0; r < rows; r++) {
    float *p = y + r * stride, f = factor[r];
    CK_VECTOR for (int64_t c = 0; c < n; c++) p[c] *= f;
  }
}
static void attention_part(void *context, int part) {
  const attention_job *j = context;
  int64_t n = j->tokens, w = j->width, line = 3 * j->heads * w, out = j->heads * w;
  int64_t image = part / j->heads, head = part % j->heads, capacity;
  const float *q = j->qkv + image * n * line + head * w;
  const float *k = q + j->heads * w, *v = k + j->heads * w;
  float *y = j->output + image * n * out + head * w;
  float *log_sum = j->log_sum + (image * j->heads + head) * n;
  int64_t block = query_block(n);
  float *scores = ck_buffer_take(block * (n + 1), &capacity);
  float *inverse = scores + block * n;
  for (int64_t start = 0; start < n; start += block) {
    int64_t rows = n - start < block ? n - start : block;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)n, (int)w, j->scale,
                q + start * line, (int)line, k, (int)line, 0, scores, (int)n);
    const float *bias =
        j->bias ? j->bias + (((image % j->bias_batch) * j->heads + head) * n + start) * n : NULL;
    exponentiate(scores, bias, log_sum + start, inverse, rows, n);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)rows, (int)w, (int)n, 1, scores,
                (int)n, v, (int)line, 0, y + start * out, (int)out);
    scale_rows(y + start * out, out, inverse, rows, w);
  }
  ck_buffer_give(scores, capacity);
}
void ck_attention(float *output, float *log_sum, const float *qkv, const float *bias,
                  int64_t bias_batch, int64_t batch, int64_t tokens, int64_t heads, int64_t width,
                  float scale) {
  attention_job job = {.output = output, .log_sum = log_sum, .qkv = qkv, .bias = bias,
                       .bias_batch = bias_batch, .batch = batch, .tokens = tokens,
                       .heads = heads, .width = width, .scale = scale};
  ck_parallel((int)(batch * heads), attention_part, &job);
}

CK_CLONES static void probabilities(float *s, const float *bias, const float *log_sum,
                                    int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++) {
    float *p = s + r * n, l = log_sum[r];
    if (bias) {
      const float *b = bias + r * n;
      CK_VECTOR for (int64_t c = 0; c < n; c++) p[c] = ck_expf(p[c] + b[c] - l);
    } else {
      CK_VECTOR for (int64_t c = 0; c < n; c++) p[c] = ck_expf(p[c] - l);
    }
  }
}
// ds = p (dp - d), written over dp; dbias accumulates it.
CK_CLONES static void score_gradient(float *dp, const float *p, const float *d, float *dbias,
                                     int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++) {
    float *g = dp + r * n, e = d[r];
    const float *q = p + r * n;
    CK_VECTOR for (int64_t c = 0; c < n; c++) g[c] = q[c] * (g[c] - e);
    if (dbias) {
      float *b = dbias + r * n;
      CK_VECTOR for (int64_t c = 0; c < n; c++) b[c] += g[c];
    }
  }
}
CK_CLONES static void row_products(float *d, const float *a, const float *b, int64_t stride,
                                   int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++) {
    float s = 0;
    for (int64_t c = 0; c < n; c++) s += a[r * stride + c] * b[r * stride + c];
    d[r] = s;
  }
}
static void attention_backward_image(const attention_job *j, int64_t image, int64_t head) {
  int64_t n = j->tokens, w = j->width, line = 3 * j->heads * w, out = j->heads * w, capacity;
  int64_t offset = image * n * line + head * w;
  const float *q = j->qkv + offset, *k = q + j->heads * w, *v = k + j->heads * w;
  float *dq = j->dqkv + offset, *dk = dq + j->heads * w, *dv = dk + j->heads * w;
  const float *dy = j->doutput + image * n * out + head * w;
  const float *y = j->saved_output + image * n * out + head * w;
  const float *log_sum = j->saved_log_sum + (image * j->heads + head) * n;
  int64_t block = query_block(n);
  float *p = ck_buffer_take(block * (2 * n + 1), &capacity);
  float *dp = p + block * n, *d = dp + block * n;
  for (int64_t start = 0; start < n; start += block) {
    int64_t rows = n - start < block ? n - start : block;
    float keep = start == 0 ? 0.0f : 1.0f;
    int64_t bias_offset = (((image % j->bias_batch) * j->heads + head) * n + start) * n;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)n, (int)w, j->scale,
                q + start * line, (int)line, k, (int)line, 0, p, (int)n);
    probabilities(p, j->bias ? j->bias + bias_offset : NULL, log_sum + start, rows, n);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)n, (int)w, (int)rows, 1, p, (int)n,
                dy + start * out, (int)out, keep, dv, (int)line);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)n, (int)w, 1,
                dy + start * out, (int)out, v, (int)line, 0, dp, (int)n);
    row_products(d, dy + start * out, y + start * out, out, rows, w);
    score_gradient(dp, p, d, j->dbias ? j->dbias + bias_offset : NULL, rows, n);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)rows, (int)w, (int)n, j->scale, dp,
                (int)n, k, (int)line, 0, dq + start * line, (int)line);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)n, (int)w, (int)rows, j->scale, dp,
                (int)n, q + start * line, (int)line, keep, dk, (int)line);
  }
  ck_buffer_give(p, capacity);
}
static void attention_backward_part(void *context, int part) {
  const attention_job *j = context;
  if (!j->dbias) {
    attention_backward_image(j, part / j->heads, part % j->heads);
    return;
  }
  // Images that share a bias add to one gradient: they go in order, on one thread.
  int64_t row = part / j->heads, head = part % j->heads;
  for (int64_t image = row; image < j->batch; image += j->bias_batch)
    attention_backward_image(j, image, head);
}
void ck_attention_backward(float *dqkv, float *dbias, const float *doutput, const float *output,
                           const float *log_sum, const float *qkv, const float *bias,
                           int64_t bias_batch, int64_t batch, int64_t tokens, int64_t heads,
                           int64_t width, float scale) {
  attention_job job = {.dqkv = dqkv, .dbias = dbias, .doutput = doutput, .saved_output = output,
                       .saved_log_sum = log_sum, .qkv = qkv, .bias = bias,
                       .bias_batch = bias_batch, .batch = batch, .tokens = tokens,
                       .heads = heads, .width = width, .scale = scale};
  int64_t rows = dbias ? bias_batch : batch;
  ck_parallel((int)(rows * heads), attention_backward_part, &job);
}
