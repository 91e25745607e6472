#ifndef ck_internal_h
#define ck_internal_h
#include "CKernels.h"
#include <cblas.h>
#include <math.h>
#include <string.h>

// Clones are chosen when the program is loaded, which of the Linux C libraries only glibc does.
#if defined(__x86_64__) && defined(__GLIBC__)
#define CK_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CK_CLONES
#endif
#define CK_INLINE static inline __attribute__((always_inline))

// Float sums may be reassociated so that they vectorise; NaN and infinity keep their meaning.
#pragma clang fp reassociate(on) contract(fast)

// Lines of one thread, for kernels that fuse several operations.
void ck_layer_norm_lines(float *y, float *mean, float *inverse, const float *x, const float *scale,
                         const float *shift, int64_t rows, int64_t columns, float epsilon);
void ck_gate_lines(float *y, const float *x, int64_t rows, int64_t columns);

CK_INLINE void ck_range(int64_t n, int parts, int part, int64_t *begin, int64_t *end) {
  *begin = n * part / parts;
  *end = n * (part + 1) / parts;
}

// Parts for n independent items of `work` elementary operations each: enough to balance two busy
// cores, not so many that handing them over costs more than they do.
CK_INLINE int ck_parts(int64_t n, int64_t work) {
  int threads = ck_pool_threads();
  int64_t most = (int64_t)threads * 4;
  int64_t by_work = n * work / 32768 + 1;
  int64_t parts = by_work < most ? by_work : most;
  if (parts > n) parts = n;
  return parts < 1 ? 1 : (int)parts;
}

CK_INLINE float ck_expf(float x) {
  // exp(x) = 2^n e^r, |r| <= ln2/2; degree-6 polynomial, relative error below 2e-7.
  x = x < -87.3f ? -87.3f : (x > 88.3f ? 88.3f : x);
  float n = __builtin_elementwise_roundeven(x * 1.44269504088896341f);
  float r = x - n * 0.693145751953125f;
  r = r - n * 1.42860682030941723e-6f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  union { int32_t i; float f; } scale = {.i = ((int32_t)n + 127) << 23};
  return p * scale.f;
}

CK_INLINE float ck_erff(float x) {
  // Rational approximation on [-4, 4], where float erf is 1 outside.
  x = x < -4.0f ? -4.0f : (x > 4.0f ? 4.0f : x);
  float s = x * x;
  float p = -2.72614225801306e-10f;
  p = p * s + 2.77068142495902e-08f;
  p = p * s - 2.10102402082508e-06f;
  p = p * s - 5.69250639462346e-05f;
  p = p * s - 7.34990630326855e-04f;
  p = p * s - 2.95459980854025e-03f;
  p = p * s - 1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * s - 2.13374055278905e-04f;
  q = q * s - 1.68282697438203e-03f;
  q = q * s - 7.37332916720468e-03f;
  q = q * s - 1.42647390514189e-02f;
  return x * p / q;
}
#endif
