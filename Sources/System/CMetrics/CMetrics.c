// Passes over rows of distances. Every function is a plain loop that the compiler can vectorise;
// on x86-64 Linux it is compiled once more for AVX2 and chosen at load time.

#include "CMetrics.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GLIBC__)
#define CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#pragma STDC FP_CONTRACT OFF

CLONES int64_t cx_count_before(const float *values, int64_t count, int64_t index) {
  float limit = values[index];
  int64_t before = 0;
  // Counts in 32 bits vectorise twice as wide; a chunk keeps them from overflowing.
  enum { CHUNK = 1 << 20 };
  for (int64_t start = 0; start < index; start += CHUNK) {
    int64_t end = start + CHUNK < index ? start + CHUNK : index;
    int32_t part = 0;
    for (int64_t k = start; k < end; k++) part += values[k] <= limit;
    before += part;
  }
  for (int64_t start = index + 1; start < count; start += CHUNK) {
    int64_t end = start + CHUNK < count ? start + CHUNK : count;
    int32_t part = 0;
    for (int64_t k = start; k < end; k++) part += values[k] < limit;
    before += part;
  }
  return before;
}

CLONES int64_t cx_smallest(
    const float *values, int64_t count, int64_t wanted, float *smallest, int32_t *indices) {
  enum { CHUNK = 64 };
  int64_t found = 0;
  if (wanted <= 0) return 0;
  float worst = INFINITY;
  for (int64_t start = 0; start < count; start += CHUNK) {
    int64_t end = start + CHUNK < count ? start + CHUNK : count;
    int32_t any = 0;
    for (int64_t k = start; k < end; k++) any |= values[k] < worst;
    if (!any) continue;
    for (int64_t k = start; k < end; k++) {
      float value = values[k];
      if (!(value < worst)) continue;
      int64_t place = found < wanted ? found++ : wanted - 1;
      while (place > 0 && value < smallest[place - 1]) {
        smallest[place] = smallest[place - 1];
        indices[place] = indices[place - 1];
        place--;
      }
      smallest[place] = value;
      indices[place] = (int32_t)k;
      if (found == wanted) worst = smallest[wanted - 1];
    }
  }
  return found;
}

void cx_add_to_histogram(const float *values, int64_t count, int64_t bins, uint64_t *counts) {
  float scale = (float)bins / 2;
  for (int64_t k = 0; k < count; k++) {
    if (values[k] == INFINITY) continue;
    float place = values[k] * scale;
    int64_t bin = place < 0 ? 0 : place >= (float)bins ? bins - 1 : (int64_t)place;
    counts[bin]++;
  }
}

CLONES void cx_cosine_distances(
    float *values, int64_t rows, int64_t columns, const float *scale) {
  for (int64_t r = 0; r < rows; r++) {
    float *row = values + r * columns;
    for (int64_t c = 0; c < columns; c++) row[c] = 1 - row[c] * scale[c];
  }
}

CLONES float cx_dot(const float *left, const float *right, int64_t count) {
  // Lanes by hand: a sum keeps its order of additions unless told otherwise.
  enum { LANES = 16 };
  float sums[LANES] = {0};
  int64_t k = 0;
  for (; k + LANES <= count; k += LANES) {
    for (int lane = 0; lane < LANES; lane++) sums[lane] += left[k + lane] * right[k + lane];
  }
  float sum = 0;
  for (; k < count; k++) sum += left[k] * right[k];
  for (int lane = 0; lane < LANES; lane++) sum += sums[lane];
  return sum;
}

void cx_inverse_lengths(const float *values, int64_t rows, int64_t columns, float *scale) {
  for (int64_t r = 0; r < rows; r++) {
    const float *row = values + r * columns;
    float length = sqrtf(cx_dot(row, row, columns));
    scale[r] = 1 / (length > 1e-12f ? length : 1e-12f);
  }
}

void cx_scale_rows(float *values, int64_t rows, int64_t columns, const float *factor) {
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t c = 0; c < columns; c++) values[r * columns + c] *= factor[r];
  }
}

CLONES float cx_clamp_and_find_largest(float *values, int64_t count) {
  // Separate lanes: a single running maximum would not be vectorised.
  enum { LANES = 16 };
  float largest[LANES] = {0};
  int64_t k = 0;
  for (; k + LANES <= count; k += LANES) {
    for (int lane = 0; lane < LANES; lane++) {
      float value = values[k + lane];
      value = value > 0 ? value : 0;
      values[k + lane] = value;
      largest[lane] = value > largest[lane] ? value : largest[lane];
    }
  }
  for (; k < count; k++) {
    values[k] = values[k] > 0 ? values[k] : 0;
    largest[0] = values[k] > largest[0] ? values[k] : largest[0];
  }
  for (int lane = 1; lane < LANES; lane++) {
    largest[0] = largest[lane] > largest[0] ? largest[lane] : largest[0];
  }
  return largest[0];
}

CLONES int64_t cx_first_not_finite(const float *values, int64_t count) {
  enum { CHUNK = 1024 };
  for (int64_t start = 0; start < count; start += CHUNK) {
    int64_t end = start + CHUNK < count ? start + CHUNK : count;
    uint32_t found = 0;
    for (int64_t k = start; k < end; k++) {
      uint32_t bits;
      memcpy(&bits, values + k, sizeof bits);
      found |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    if (!found) continue;
    for (int64_t k = start; k < end; k++) {
      if (!isfinite(values[k])) return k;
    }
  }
  return -1;
}

// Sums in lanes, so that the compiler may use vectors without being allowed to reorder at will.
CLONES static double dot_double(const double *left, const double *right, int64_t count) {
  double sum[8] = {0};
  int64_t k = 0;
  for (; k + 8 <= count; k += 8) {
    for (int lane = 0; lane < 8; lane++) sum[lane] += left[k + lane] * right[k + lane];
  }
  double total = 0;
  for (int lane = 0; lane < 8; lane++) total += sum[lane];
  for (; k < count; k++) total += left[k] * right[k];
  return total;
}

void cx_cholesky(double *matrix, int64_t width, double smallest) {
  for (int64_t row = 0; row < width; row++) {
    double *line = matrix + row * width;
    for (int64_t column = 0; column < row; column++) {
      const double *other = matrix + column * width;
      line[column] = (line[column] - dot_double(line, other, column)) / other[column];
    }
    double pivot = line[row] - dot_double(line, line, row);
    line[row] = sqrt(pivot > smallest ? pivot : smallest);
  }
}

void cx_solve_lower(const double *root, int64_t width, double *vector) {
  for (int64_t row = 0; row < width; row++) {
    const double *line = root + row * width;
    vector[row] = (vector[row] - dot_double(line, vector, row)) / line[row];
  }
}

void cx_solve_upper(const double *root, int64_t width, double *vector) {
  for (int64_t row = width - 1; row >= 0; row--) {
    const double *line = root + row * width;
    double value = vector[row] / line[row];
    vector[row] = value;
    for (int64_t k = 0; k < row; k++) vector[k] -= line[k] * value;
  }
}

void cx_remove_direction(double *vector, const double *direction, int64_t count) {
  double dot = dot_double(vector, direction, count);
  for (int64_t k = 0; k < count; k++) vector[k] -= dot * direction[k];
}
