// The two products that every convolution is made of; see tile.h.
#include "tile.h"

// A long sum is taken in parts, whose rounding errors stay small; the parts are added in memory.
enum { longest_chain = 256 };

// Adds the products of `count` elements to s. The twelve multiply-adds of an element need eight loads,
// so the loop is bound by arithmetic.
CK_INLINE void tile_sums(ck_v8 s[ck_tile_lines][2], const float *const x[ck_tile_lines],
                         int64_t offset, int64_t count, const float *panel) {
  const float *a = x[0] + offset, *b = x[1] + offset, *c = x[2] + offset, *d = x[3] + offset,
              *e = x[4] + offset, *f = x[5] + offset;
  for (int64_t k = 0; k < count; k++) {
    ck_v8 p = CK_LOAD8(panel), q = CK_LOAD8(panel + 8);
    panel += ck_panel;
    s[0][0] += p * a[k];
    s[0][1] += q * a[k];
    s[1][0] += p * b[k];
    s[1][1] += q * b[k];
    s[2][0] += p * c[k];
    s[2][1] += q * c[k];
    s[3][0] += p * d[k];
    s[3][1] += q * d[k];
    s[4][0] += p * e[k];
    s[4][1] += q * e[k];
    s[5][0] += p * f[k];
    s[5][1] += q * f[k];
  }
}

// Adds to the lines just written, of which `count` are different.
CK_CLONES static void add_lines(float *const *lines, const float *y, const float *addend,
                                int64_t count, int64_t width) {
  for (int64_t t = 0; t < count; t++) {
    float *line = lines[t];
    const float *from = addend + (line - y);
    for (int64_t l = 0; l < width; l++) line[l] += from[l];
  }
}

CK_CLONES static void multiply(const ck_tile_job *j) {
  int64_t total = j->lines * j->pixels, depth = j->runs * j->run;
  for (int64_t column = 0; column < j->columns; column += ck_panel) {
    const float *panel = j->panels + column * depth;
    int64_t width = j->columns - column < ck_panel ? j->columns - column : ck_panel;
    float bias[ck_panel] = {0};
    if (j->bias) memcpy(bias, j->bias + column, (size_t)width * sizeof(float));
    int64_t line = 0, pixel = 0;
    for (int64_t start = 0; start < total; start += ck_tile_lines) {
      const float *x[ck_tile_lines];
      float *y[ck_tile_lines];
      int64_t count = total - start < ck_tile_lines ? total - start : ck_tile_lines;
      for (int t = 0; t < ck_tile_lines; t++) {
        // A short last tile computes its last pixel again.
        x[t] = j->x + line * j->x_line + pixel * j->x_pixel;
        y[t] = j->y + line * j->y_line + pixel * j->y_pixel + column;
        if (t + 1 < count && ++pixel == j->pixels) {
          pixel = 0;
          line++;
        }
      }
      ck_v8 s[ck_tile_lines][2], total[ck_tile_lines][2];
      for (int t = 0; t < ck_tile_lines; t++) {
        total[t][0] = CK_LOAD8(bias);
        total[t][1] = CK_LOAD8(bias + 8);
        s[t][0] = s[t][1] = (ck_v8){0};
      }
      const float *next = panel;
      int64_t chain = 0;
      for (int64_t r = 0; r < j->runs; r++)
        for (int64_t k = 0; k < j->run;) {
          int64_t count = j->run - k < longest_chain - chain ? j->run - k : longest_chain - chain;
          tile_sums(s, x, r * j->run_step + k, count, next);
          next += count * ck_panel;
          k += count;
          chain += count;
          if (chain < longest_chain) continue;
          chain = 0;
          for (int t = 0; t < ck_tile_lines; t++) {
            total[t][0] += s[t][0];
            total[t][1] += s[t][1];
            s[t][0] = s[t][1] = (ck_v8){0};
          }
        }
      for (int t = 0; t < ck_tile_lines; t++) {
        s[t][0] += total[t][0];
        s[t][1] += total[t][1];
      }
      if (width == ck_panel) {
        for (int t = 0; t < ck_tile_lines; t++) {
          CK_STORE8(y[t]) = s[t][0];
          CK_STORE8(y[t] + 8) = s[t][1];
        }
      } else {
        for (int t = 0; t < ck_tile_lines; t++) {
          float whole[ck_panel];
          CK_STORE8(whole) = s[t][0];
          CK_STORE8(whole + 8) = s[t][1];
          memcpy(y[t], whole, (size_t)width * sizeof(float));
        }
      }
      // Apart from the stores above: in one with them, the sums would not stay in registers.
      if (j->addend) add_lines(y, j->y, j->addend, count, width);
      if (++pixel == j->pixels) {
        pixel = 0;
        line++;
      }
    }
  }
}
void ck_tile_multiply(const ck_tile_job *job) { multiply(job); }

CK_INLINE void outer_tile(const ck_outer_job *j, const float *x, const float *dy, float *sums,
                          int64_t stride, const int rows) {
  ck_v8 s[ck_tile_lines][2];
  for (int t = 0; t < rows; t++) {
    s[t][0] = CK_LOAD8(sums + t * stride);
    s[t][1] = CK_LOAD8(sums + t * stride + 8);
  }
  for (int64_t line = 0; line < j->lines; line++) {
    const float *a = x + line * j->x_line, *d = dy + line * j->y_line;
    int64_t x_pixel = j->x_pixel, y_pixel = j->y_pixel;
    for (int64_t pixel = 0; pixel < j->pixels; pixel++) {
      ck_v8 p = CK_LOAD8(d), q = CK_LOAD8(d + 8);
      for (int t = 0; t < rows; t++) {
        s[t][0] += p * a[t];
        s[t][1] += q * a[t];
      }
      a += x_pixel;
      d += y_pixel;
    }
  }
  for (int t = 0; t < rows; t++) {
    CK_STORE8(sums + t * stride) = s[t][0];
    CK_STORE8(sums + t * stride + 8) = s[t][1];
  }
}
CK_CLONES static void outer(const ck_outer_job *j) {
  int64_t stride = ck_panels(j->columns) * ck_panel;
  for (int64_t column = 0; column < j->columns; column += ck_panel)
    for (int64_t r = 0; r < j->runs; r++)
      for (int64_t k = 0; k < j->run; k += ck_tile_lines) {
        const float *x = j->x + r * j->run_step + k, *dy = j->dy + column;
        float *sums = j->sums + (r * j->run + k) * stride + column;
        int64_t rows = j->run - k;
        if (rows >= 6) outer_tile(j, x, dy, sums, stride, 6);
        else if (rows == 5) outer_tile(j, x, dy, sums, stride, 5);
        else if (rows == 4) outer_tile(j, x, dy, sums, stride, 4);
        else if (rows == 3) outer_tile(j, x, dy, sums, stride, 3);
        else if (rows == 2) outer_tile(j, x, dy, sums, stride, 2);
        else outer_tile(j, x, dy, sums, stride, 1);
      }
}
void ck_tile_outer(const ck_outer_job *job) { outer(job); }
