// Shortest augmenting paths for the rectangular assignment problem, after R. Jonker and
// A. Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment
// problems", Computing 38 (1987).
//
// Costs are c = -similarity. Only column duals v are kept; the dual of an assigned row i follows
// from its column j as c[i][j] - v[j]. A column never loses its row again, and v falls only on
// assigned columns, so free columns keep v = 0: that makes the result optimal for fewer rows than
// columns too. (Square problems have no free columns at the end and may start from column minima.)
//
// All arithmetic is Float64 without contraction, and every search takes the lowest column among
// equals (bidding: the lowest free one if there is any): the vector and the plain kernels give the
// same bits.

#include "CMatching.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

#pragma STDC FP_CONTRACT OFF

// MARK: Solver

typedef struct {
  const float *similarity;
  int32_t rows, columns;
  const Kernels *kernels;
  double *v, *open_v, *distance;
  int32_t *predecessor, *row_of_column, *column_of_row, *scanned, *free_rows;
} Problem;

/// Starts a square problem from column maxima: v[j] = smallest cost of column j, and that row
/// takes the column unless it has a lower one.
static void reduce_columns(Problem *problem) {
  int32_t n = problem->columns;
  float *best = (float *)problem->distance;
  int32_t *best_row = problem->predecessor;
  memcpy(best, problem->similarity, sizeof(float) * (size_t)n);
  memset(best_row, 0, sizeof(int32_t) * (size_t)n);
  for (int32_t i = 1; i < problem->rows; i++) {
    const float *row = problem->similarity + (size_t)i * (size_t)n;
    for (int32_t j = 0; j < n; j++) {
      int32_t better = row[j] > best[j];
      best[j] = better ? row[j] : best[j];
      best_row[j] = better ? i : best_row[j];
    }
  }
  for (int32_t j = n - 1; j >= 0; j--) problem->v[j] = -(double)best[j];
  for (int32_t j = 0; j < n; j++) {
    if (problem->column_of_row[best_row[j]] < 0) {
      problem->column_of_row[best_row[j]] = j;
      problem->row_of_column[j] = best_row[j];
    }
  }
}

/// The lowest free column whose cost equals `cost` for a row, or -1.
static int32_t free_equal_column(const Problem *problem, const float *similarity, double cost) {
  for (int32_t j = 0; j < problem->columns; j++) {
    if (problem->row_of_column[j] < 0 && -(double)similarity[j] - problem->v[j] == cost) return j;
  }
  return -1;
}

/// Gives free rows their cheapest column and lowers its dual by the lead over the second one; a
/// row put out tries again at once. Returns how many rows are still free.
static int32_t augment_rows(Problem *problem, int32_t free_count) {
  int32_t *free_rows = problem->free_rows;
  size_t n = (size_t)problem->columns;
  int32_t kept = 0;
  // Each try is one scan of a row; near-ties can bid for ever, so tries are limited and the
  // shortest-path phase takes what is left.
  int64_t budget = 2 * (int64_t)free_count + 8;
  for (int32_t k = 0; k < free_count; k++) {
    int32_t row = free_rows[k];
    for (;;) {
      if (budget-- <= 0) {
        free_rows[kept++] = row;
        break;
      }
      const float *similarity = problem->similarity + (size_t)row * n;
      TwoSmallest two = problem->kernels->two_smallest(similarity, problem->v, problem->columns);
      int32_t previous = problem->row_of_column[two.column];
      double lowered = two.second < INFINITY
                           ? problem->v[two.column] - (two.second - two.first)
                           : problem->v[two.column];
      if (previous >= 0 && !(lowered < problem->v[two.column])) {
        int32_t equal = free_equal_column(problem, similarity, two.first);
        if (equal < 0) {
          free_rows[kept++] = row;
          break;
        }
        two.column = equal;
        previous = -1;
        lowered = problem->v[equal];
      }
      problem->v[two.column] = lowered;
      problem->row_of_column[two.column] = row;
      problem->column_of_row[row] = two.column;
      if (previous < 0) break;
      problem->column_of_row[previous] = -1;
      row = previous;
    }
  }
  return kept;
}

/// Finds the shortest path from a free row to a free column over reduced costs, moves the duals of
/// the columns passed, and flips the path.
static void augment_path(Problem *problem, int32_t start) {
  int32_t columns = problem->columns;
  size_t n = (size_t)columns;
  memcpy(problem->open_v, problem->v, sizeof(double) * n);
  for (int32_t j = 0; j < columns; j++) problem->distance[j] = INFINITY;
  int32_t row = start, scanned = 0, column;
  double offset = 0, reached;
  for (;;) {
    column = problem->kernels->relax(
        problem->similarity + (size_t)row * n, problem->open_v, offset, problem->distance,
        problem->predecessor, row, columns);
    reached = problem->distance[column];
    row = problem->row_of_column[column];
    if (row < 0) break;
    offset = reached + (double)problem->similarity[(size_t)row * n + (size_t)column]
             + problem->v[column];
    // v of a finished column is not read again before the end: it holds v + distance meanwhile.
    problem->v[column] += reached;
    problem->open_v[column] = -INFINITY;
    problem->distance[column] = INFINITY;
    problem->scanned[scanned++] = column;
  }
  for (int32_t k = 0; k < scanned; k++) problem->v[problem->scanned[k]] -= reached;
  for (;;) {
    int32_t from = problem->predecessor[column];
    int32_t next = problem->column_of_row[from];
    problem->row_of_column[column] = from;
    problem->column_of_row[from] = column;
    if (from == start) break;
    column = next;
  }
}

static int32_t solve(
    const float *similarity, int32_t rows, int32_t columns, int32_t *column_of_row,
    const Kernels *kernels) {
  size_t n = (size_t)columns, doubles = 3 * n, integers = 3 * n + (size_t)rows;
  void *memory = malloc(doubles * sizeof(double) + integers * sizeof(int32_t));
  if (!memory) return CM_NO_MEMORY;
  double *v = memory;
  int32_t *whole = (int32_t *)(v + doubles);
  Problem problem = {
      similarity, rows, columns, kernels, v, v + n, v + 2 * n,
      whole, whole + n, column_of_row, whole + 2 * n, whole + 3 * n};
  memset(v, 0, n * sizeof(double));
  memset(problem.row_of_column, 0xff, n * sizeof(int32_t));
  memset(column_of_row, 0xff, (size_t)rows * sizeof(int32_t));
  if (rows == columns) reduce_columns(&problem);
  int32_t free_count = 0;
  for (int32_t i = 0; i < rows; i++) {
    if (column_of_row[i] < 0) problem.free_rows[free_count++] = i;
  }
  for (int32_t pass = 0; pass < 2 && free_count > 0; pass++) {
    free_count = augment_rows(&problem, free_count);
  }
  for (int32_t k = 0; k < free_count; k++) augment_path(&problem, problem.free_rows[k]);
  free(memory);
  return CM_DONE;
}

// MARK: Entry points

int64_t cm_first_not_finite(const float *values, int64_t count) {
  enum { CHUNK = 1024 };
  for (int64_t start = 0; start < count; start += CHUNK) {
    int64_t end = start + CHUNK < count ? start + CHUNK : count;
    uint32_t found = 0;
    for (int64_t k = start; k < end; k++) {
      uint32_t bits;
      memcpy(&bits, values + k, sizeof bits);
      found |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    if (found) {
      for (int64_t k = start; k < end; k++) {
        if (!isfinite(values[k])) return k;
      }
    }
  }
  return -1;
}

int32_t cm_maximum_weight_assignment(
    const float *similarity, int32_t rows, int32_t columns, int32_t *column_of_row,
    int64_t *bad_index) {
  int64_t bad = cm_first_not_finite(similarity, (int64_t)rows * columns);
  if (bad >= 0) {
    *bad_index = bad;
    return CM_NOT_FINITE;
  }
  if (rows <= columns) {
    if (rows == 0) return CM_DONE;
    return solve(similarity, rows, columns, column_of_row, cm_kernels());
  }
  memset(column_of_row, 0xff, (size_t)rows * sizeof(int32_t));
  if (columns == 0) return CM_DONE;
  float *transposed = malloc((size_t)rows * (size_t)columns * sizeof(float));
  int32_t *row_of_column = malloc((size_t)columns * sizeof(int32_t));
  int32_t status = CM_NO_MEMORY;
  if (transposed && row_of_column) {
    enum { TILE = 32 };
    for (int32_t i0 = 0; i0 < rows; i0 += TILE) {
      for (int32_t j0 = 0; j0 < columns; j0 += TILE) {
        for (int32_t i = i0; i < rows && i < i0 + TILE; i++) {
          for (int32_t j = j0; j < columns && j < j0 + TILE; j++) {
            transposed[(size_t)j * (size_t)rows + (size_t)i] =
                similarity[(size_t)i * (size_t)columns + (size_t)j];
          }
        }
      }
    }
    status = solve(transposed, columns, rows, row_of_column, cm_kernels());
    if (status == CM_DONE) {
      for (int32_t j = 0; j < columns; j++) column_of_row[row_of_column[j]] = j;
    }
  }
  free(transposed);
  free(row_of_column);
  return status;
}
