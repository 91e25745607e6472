// Register tiles: 6 lines of the left operand against 16 columns, 12 of the 16 vector registers of
// AVX2 as sums. The left operand is read where it lies; only the right one is packed.
#ifndef ck_tile_h
#define ck_tile_h
#include "internal.h"

typedef float ck_v8 __attribute__((vector_size(32), aligned(4)));
#define CK_LOAD8(p) (*(const ck_v8 *)(p))
#define CK_STORE8(p) (*(ck_v8 *)(p))

enum { ck_tile_lines = 6, ck_panel = 16 };

CK_INLINE int64_t ck_panels(int64_t columns) { return (columns + ck_panel - 1) / ck_panel; }

// y[pixel][column] = sum over runs and their elements of x * panel (+ bias) (+ addend). A pixel's operand is
// `runs` runs of `run` floats, `run_step` apart: the rows of a convolution's window, or one matrix row.
typedef struct {
  const float *x;
  int64_t x_pixel, x_line;        // floats between neighbouring pixels and between lines of pixels
  int64_t lines, pixels;          // lines of output pixels, pixels in each
  int64_t runs, run, run_step;
  const float *panels, *bias;     // panels [ck_panels(columns)][runs * run][16]
  int64_t columns;
  float *y;
  int64_t y_pixel, y_line;
  const float *addend;            // laid out as y, or null
} ck_tile_job;
void ck_tile_multiply(const ck_tile_job *job);

// sums[run element][column] += sum over pixels of x * dy; rows of `sums` hold whole panels. Reads
// whole panels of dy: the last pixel needs readable floats behind it unless columns fill panels.
typedef struct {
  const float *x;
  int64_t x_pixel, x_line;
  int64_t runs, run, run_step;
  const float *dy;
  int64_t y_pixel, y_line;
  int64_t lines, pixels, columns;
  float *sums;
} ck_outer_job;
void ck_tile_outer(const ck_outer_job *job);
#endif
