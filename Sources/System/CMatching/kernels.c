// All arithmetic is Float64 without contraction, and every search takes the lowest column among
// equals: the vector and the plain kernels give the same bits.

#include "kernels.h"

#include <math.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#pragma STDC FP_CONTRACT OFF

enum { BLOCK = 64 };

// MARK: Plain kernels

static TwoSmallest two_smallest_plain(const float *similarity, const double *v, int32_t columns) {
  TwoSmallest result = {INFINITY, INFINITY, 0};
  for (int32_t j = 0; j < columns; j++) {
    double value = -(double)similarity[j] - v[j];
    if (value < result.first) {
      result.second = result.first;
      result.first = value;
      result.column = j;
    } else if (value < result.second) {
      result.second = value;
    }
  }
  return result;
}

static int32_t relax_plain(
    const float *similarity, const double *v, double offset, double *distance,
    int32_t *predecessor, int32_t row, int32_t columns) {
  double smallest = INFINITY;
  int32_t column = 0;
  for (int32_t j = 0; j < columns; j++) {
    double value = (offset - (double)similarity[j]) - v[j];
    if (value < distance[j]) {
      distance[j] = value;
      predecessor[j] = row;
    }
    if (distance[j] < smallest) {
      smallest = distance[j];
      column = j;
    }
  }
  return column;
}

static const Kernels plain_kernels = {two_smallest_plain, relax_plain};

// MARK: AVX2 kernels

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline double lowest_lane(__m256d lanes) {
  __m128d pair = _mm_min_pd(_mm256_castpd256_pd128(lanes), _mm256_extractf128_pd(lanes, 1));
  return _mm_cvtsd_f64(_mm_min_sd(pair, _mm_unpackhi_pd(pair, pair)));
}

AVX2 static inline __m256d load4(const float *similarity) {
  return _mm256_cvtps_pd(_mm_loadu_ps(similarity));
}

AVX2 static TwoSmallest two_smallest_avx2(
    const float *similarity, const double *v, int32_t columns) {
  const __m256d sign = _mm256_set1_pd(-0.0);
  const __m256d infinity = _mm256_set1_pd(INFINITY);
  __m256d first_a = infinity, second_a = infinity, first_b = infinity, second_b = infinity;
  double smallest = INFINITY;
  int32_t start = 0, whole = columns & ~7;
  // Per block of columns only the value is tracked; the winning block is searched at the end.
  for (int32_t j = 0; j < whole;) {
    int32_t block = j, end = j + BLOCK < whole ? j + BLOCK : whole;
    for (; j < end; j += 8) {
      __m256d a = _mm256_sub_pd(_mm256_xor_pd(load4(similarity + j), sign), _mm256_loadu_pd(v + j));
      __m256d b = _mm256_sub_pd(
          _mm256_xor_pd(load4(similarity + j + 4), sign), _mm256_loadu_pd(v + j + 4));
      second_a = _mm256_min_pd(second_a, _mm256_max_pd(first_a, a));
      first_a = _mm256_min_pd(first_a, a);
      second_b = _mm256_min_pd(second_b, _mm256_max_pd(first_b, b));
      first_b = _mm256_min_pd(first_b, b);
    }
    __m256d lanes = _mm256_min_pd(first_a, first_b);
    if (_mm256_movemask_pd(_mm256_cmp_pd(lanes, _mm256_set1_pd(smallest), _CMP_LT_OQ))) {
      smallest = lowest_lane(lanes);
      start = block;
    }
  }
  TwoSmallest result = {smallest, INFINITY, start};
  if (whole > 0) {
    int32_t j = start;
    while (-(double)similarity[j] - v[j] != smallest) j++;
    result.column = j;
    // The runner-up is the second value of the lane that won, or the first of another lane.
    double firsts[8], seconds[8];
    _mm256_storeu_pd(firsts, first_a);
    _mm256_storeu_pd(firsts + 4, first_b);
    _mm256_storeu_pd(seconds, second_a);
    _mm256_storeu_pd(seconds + 4, second_b);
    int32_t winner = j & 7;
    for (int32_t lane = 0; lane < 8; lane++) {
      double other = lane == winner ? seconds[lane] : firsts[lane];
      if (other < result.second) result.second = other;
    }
  }
  for (int32_t j = whole; j < columns; j++) {
    double value = -(double)similarity[j] - v[j];
    if (value < result.first) {
      result.second = result.first;
      result.first = value;
      result.column = j;
    } else if (value < result.second) {
      result.second = value;
    }
  }
  return result;
}

AVX2 static inline __m256d relax4(
    const float *similarity, const double *v, __m256d offset, double *distance,
    int32_t *predecessor, __m128i row) {
  __m256d value =
      _mm256_sub_pd(_mm256_sub_pd(offset, load4(similarity)), _mm256_loadu_pd(v));
  __m256d old = _mm256_loadu_pd(distance);
  __m256d less = _mm256_cmp_pd(value, old, _CMP_LT_OQ);
  if (_mm256_movemask_pd(less)) {
    old = _mm256_blendv_pd(old, value, less);
    _mm256_storeu_pd(distance, old);
    __m128i mask = _mm_castps_si128(_mm_shuffle_ps(
        _mm_castpd_ps(_mm256_castpd256_pd128(less)),
        _mm_castpd_ps(_mm256_extractf128_pd(less, 1)), _MM_SHUFFLE(2, 0, 2, 0)));
    _mm_maskstore_epi32((int *)predecessor, mask, row);
  }
  return old;
}

AVX2 static int32_t relax_avx2(
    const float *similarity, const double *v, double offset, double *distance,
    int32_t *predecessor, int32_t row, int32_t columns) {
  const __m256d offsets = _mm256_set1_pd(offset);
  const __m128i rows = _mm_set1_epi32(row);
  double smallest = INFINITY;
  int32_t start = 0, whole = columns & ~7;
  for (int32_t j = 0; j < whole;) {
    int32_t block = j, end = j + BLOCK < whole ? j + BLOCK : whole;
    __m256d lanes_a = _mm256_set1_pd(INFINITY), lanes_b = lanes_a;
    for (; j < end; j += 8) {
      lanes_a = _mm256_min_pd(
          lanes_a, relax4(similarity + j, v + j, offsets, distance + j, predecessor + j, rows));
      lanes_b = _mm256_min_pd(
          lanes_b, relax4(
                       similarity + j + 4, v + j + 4, offsets, distance + j + 4,
                       predecessor + j + 4, rows));
    }
    __m256d lanes = _mm256_min_pd(lanes_a, lanes_b);
    if (_mm256_movemask_pd(_mm256_cmp_pd(lanes, _mm256_set1_pd(smallest), _CMP_LT_OQ))) {
      smallest = lowest_lane(lanes);
      start = block;
    }
  }
  int32_t column = start;
  if (whole > 0 && smallest < INFINITY) {
    while (distance[column] != smallest) column++;
  }
  for (int32_t j = whole; j < columns; j++) {
    double value = (offset - (double)similarity[j]) - v[j];
    if (value < distance[j]) {
      distance[j] = value;
      predecessor[j] = row;
    }
    if (distance[j] < smallest) {
      smallest = distance[j];
      column = j;
    }
  }
  return column;
}

static const Kernels avx2_kernels = {two_smallest_avx2, relax_avx2};

#endif

const Kernels *cm_kernels(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return &avx2_kernels;
#endif
  return &plain_kernels;
}
