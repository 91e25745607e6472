// The two searches over one row of costs that the solver in CMatching.c is made of.
#ifndef cm_kernels_h
#define cm_kernels_h
#include <stdint.h>

typedef struct {
  double first, second;
  int32_t column;
} TwoSmallest;

typedef struct {
  /// The two smallest of -similarity[j] - v[j] and the lowest column of the first.
  TwoSmallest (*two_smallest)(const float *similarity, const double *v, int32_t columns);
  /// Lowers distance[j] to offset - similarity[j] - v[j] where that is smaller, notes `row` as
  /// predecessor there, and returns the lowest column of the smallest distance. Finished columns
  /// have v = -inf and distance = +inf, so that they neither change nor win.
  int32_t (*relax)(
      const float *similarity, const double *v, double offset, double *distance,
      int32_t *predecessor, int32_t row, int32_t columns);
} Kernels;

/// The fastest kernels that this processor runs.
const Kernels *cm_kernels(void);
#endif
