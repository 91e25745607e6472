#ifndef CMATCHING_H
#define CMATCHING_H

#include <stddef.h>
#include <stdint.h>

/// How a call of `cm_maximum_weight_assignment` ended.
enum {
  CM_DONE = 0,
  CM_NOT_FINITE = 1,
  CM_NO_MEMORY = 2,
};

/// Finds the one-to-one assignment of full cardinality with the largest sum.
///
/// `similarity` is row-major `[rows, columns]` and is only read. `column_of_row[rows]` gets the
/// column of each row, or -1 for a row left over when there are more rows than columns. On
/// `CM_NOT_FINITE` the flat index of the first NaN or infinite entry is in `*bad_index`.
int32_t cm_maximum_weight_assignment(
    const float *similarity, int32_t rows, int32_t columns, int32_t *column_of_row,
    int64_t *bad_index);

/// The flat index of the first entry that is NaN or infinite, or -1.
int64_t cm_first_not_finite(const float *values, int64_t count);

#endif
