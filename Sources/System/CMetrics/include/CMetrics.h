#ifndef CMETRICS_H
#define CMETRICS_H

#include <stddef.h>
#include <stdint.h>

/// How many entries come before the entry at `index`: those smaller than its value, and those equal
/// to it at a lower index.
int64_t cx_count_before(const float *values, int64_t count, int64_t index);

/// Finds the `wanted` smallest values in the order of (value, index), leaving out infinite ones.
/// Returns how many were found.
int64_t cx_smallest(
    const float *values, int64_t count, int64_t wanted, float *smallest, int32_t *indices);

/// Adds the finite values to `bins` counters of equal width over 0…2; outside values go to the ends.
void cx_add_to_histogram(const float *values, int64_t count, int64_t bins, uint64_t *counts);

/// Turns dot products into cosine distances: values[r, c] = 1 - values[r, c] * scale[c].
void cx_cosine_distances(float *values, int64_t rows, int64_t columns, const float *scale);

/// One divided by the Euclidean length of each row, the length counting as at least 1e-12.
void cx_inverse_lengths(const float *values, int64_t rows, int64_t columns, float *scale);

/// Multiplies each row with its factor.
void cx_scale_rows(float *values, int64_t rows, int64_t columns, const float *factor);

/// The dot product of two rows.
float cx_dot(const float *left, const float *right, int64_t count);

/// Raises negative values to 0 and returns the largest value, at least 0.
float cx_clamp_and_find_largest(float *values, int64_t count);

/// The flat index of the first entry that is NaN or infinite, or -1.
int64_t cx_first_not_finite(const float *values, int64_t count);

/// Turns the lower triangle of a symmetric matrix `[width, width]` into L with matrix = L Lᵀ; pivots count
/// as at least `smallest`. What stands above the diagonal stays.
void cx_cholesky(double *matrix, int64_t width, double smallest);

/// Replaces a vector by the solution x of L x = vector.
void cx_solve_lower(const double *root, int64_t width, double *vector);

/// Replaces a vector by the solution x of Lᵀ x = vector.
void cx_solve_upper(const double *root, int64_t width, double *vector);

/// Takes away from a vector its part along a direction of length 1.
void cx_remove_direction(double *vector, const double *direction, int64_t count);

#endif
