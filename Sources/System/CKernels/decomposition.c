// Matrix decompositions of LAPACK, which OpenBLAS contains.
#include "CKernels.h"
#include <stdlib.h>

// OpenBLAS is built with 32-bit integers; the routines take column-major matrices.
extern void sgesdd_(const char *job, const int *m, const int *n, float *a, const int *lda, float *s,
                    float *u, const int *ldu, float *vt, const int *ldvt, float *work,
                    const int *lwork, int *iwork, int *info);
extern void sgeqrf_(const int *m, const int *n, float *a, const int *lda, float *tau, float *work,
                    const int *lwork, int *info);
extern void sorgqr_(const int *m, const int *n, const int *k, float *a, const int *lda,
                    const float *tau, float *work, const int *lwork, int *info);

bool ck_svd(float *u, float *s, float *vt, float *a, int64_t rows, int64_t columns) {
  // A row-major matrix is its transpose column-major: Aᵀ = V S Uᵀ, so the factors change places.
  const int m = (int)columns, n = (int)rows, k = m < n ? m : n;
  int info = 0, query = -1;
  int *integers = malloc(sizeof(int) * 8 * (size_t)k);
  float size = 0;
  sgesdd_("S", &m, &n, a, &m, s, vt, &m, u, &k, &size, &query, integers, &info);
  const int length = (int)size;
  float *work = malloc(sizeof(float) * (size_t)length);
  if (info == 0) {
    sgesdd_("S", &m, &n, a, &m, s, vt, &m, u, &k, work, &length, integers, &info);
  }
  free(work);
  free(integers);
  return info == 0;
}

bool ck_orthonormal_rows(float *a, int64_t rows, int64_t columns) {
  // The rows of a row-major matrix are the columns of a column-major one.
  const int m = (int)columns, n = (int)rows;
  int info = 0, query = -1;
  float *tau = malloc(sizeof(float) * (size_t)n);
  float sizes[2] = {0, 0};
  sgeqrf_(&m, &n, a, &m, tau, &sizes[0], &query, &info);
  if (info == 0) sorgqr_(&m, &n, &n, a, &m, tau, &sizes[1], &query, &info);
  const int length = (int)(sizes[0] > sizes[1] ? sizes[0] : sizes[1]);
  float *work = malloc(sizeof(float) * (size_t)(length > 0 ? length : 1));
  if (info == 0) sgeqrf_(&m, &n, a, &m, tau, work, &length, &info);
  if (info == 0) sorgqr_(&m, &n, &n, a, &m, tau, work, &length, &info);
  free(work);
  free(tau);
  return info == 0;
}
