// Matrix products on the pool: OpenBLAS computes one block of the output per part.
#include "internal.h"

typedef struct {
  bool ta, tb, by_rows;
  int64_t m, n, k, lda, ldb, ldc;
  float alpha, beta;
  const float *a, *b;
  float *c;
  int parts;
} gemm_job;

static void gemm_part(void *context, int part) {
  const gemm_job *j = context;
  int64_t begin, end;
  // Blocks start at multiples of 8 rows, the height of the library's kernels.
  int64_t units = ((j->by_rows ? j->m : j->n) + 7) / 8;
  ck_range(units, j->parts, part, &begin, &end);
  begin *= 8;
  end *= 8;
  int64_t limit = j->by_rows ? j->m : j->n;
  if (end > limit) end = limit;
  if (begin >= end) return;
  if (j->by_rows) {
    cblas_sgemm(CblasRowMajor, j->ta ? CblasTrans : CblasNoTrans,
                j->tb ? CblasTrans : CblasNoTrans, (int)(end - begin), (int)j->n, (int)j->k,
                j->alpha, j->ta ? j->a + begin : j->a + begin * j->lda, (int)j->lda, j->b,
                (int)j->ldb, j->beta, j->c + begin * j->ldc, (int)j->ldc);
  } else {
    cblas_sgemm(CblasRowMajor, j->ta ? CblasTrans : CblasNoTrans,
                j->tb ? CblasTrans : CblasNoTrans, (int)j->m, (int)(end - begin), (int)j->k,
                j->alpha, j->a, (int)j->lda, j->tb ? j->b + begin * j->ldb : j->b + begin,
                (int)j->ldb, j->beta, j->c + begin, (int)j->ldc);
  }
}

void ck_gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
             int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
  if (m == 0 || n == 0) return;
  int threads = ck_pool_threads();
  double flops = 2.0 * (double)m * (double)n * (double)k;
  int64_t longest = m >= n ? m : n;
  int64_t parts = flops < 2e5 ? 1 : threads;
  // Two blocks a thread once each is tall enough to hide the packing of the other operand.
  if (longest / (2 * threads) >= 512) parts = 2 * threads;
  if (parts > (longest + 7) / 8) parts = (longest + 7) / 8;
  gemm_job job = {ta, tb, m >= n, m, n, k, lda, ldb, ldc, alpha, beta, a, b, c, (int)parts};
  ck_parallel((int)parts, gemm_part, &job);
}

typedef struct {
  bool ta, tb;
  int64_t batch, m, n, k, sa, sb, sc;
  float alpha, beta;
  const float *a, *b;
  float *c;
  int parts;
} batched_job;

static void batched_part(void *context, int part) {
  const batched_job *j = context;
  int64_t begin, end;
  ck_range(j->batch, j->parts, part, &begin, &end);
  for (int64_t i = begin; i < end; i++) {
    cblas_sgemm(CblasRowMajor, j->ta ? CblasTrans : CblasNoTrans,
                j->tb ? CblasTrans : CblasNoTrans, (int)j->m, (int)j->n, (int)j->k, j->alpha,
                j->a + i * j->sa, (int)(j->ta ? j->m : j->k), j->b + i * j->sb,
                (int)(j->tb ? j->k : j->n), j->beta, j->c + i * j->sc, (int)j->n);
  }
}

void ck_gemm_batched(int64_t batch, bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha,
                     const float *a, int64_t sa, const float *b, int64_t sb, float beta, float *c,
                     int64_t sc) {
  if (batch == 0 || m == 0 || n == 0) return;
  batched_job job = {ta, tb, batch, m, n, k, sa, sb, sc, alpha, beta, a, b, c, 0};
  job.parts = ck_parts(batch, m * n * k);
  ck_parallel(job.parts, batched_part, &job);
}
