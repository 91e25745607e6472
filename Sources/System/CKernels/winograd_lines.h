// The one-dimensional transforms of Winograd's F(2, 3) and F(4, 3) on vectors of 8 channels; the two
// dimensions of a tile are one after the other.
//
// F(4) interpolates at 0, +-1/sqrt(2), +-sqrt(2) and infinity instead of the usual 0, +-1, +-2: the
// same work and a third of the rounding error.
#ifndef ck_winograd_lines_h
#define ck_winograd_lines_h
#include "tile.h"

#define ROOT_HALF 0.70710678118654752f
#define ROOT_TWO 1.41421356237309505f

CK_INLINE void input_line(ck_v8 *t, const ck_v8 *d, int step, const int m) {
  if (m == 2) {
    t[0] = d[0] - d[2 * step];
    t[1] = d[step] + d[2 * step];
    t[2] = d[2 * step] - d[step];
    t[3] = d[step] - d[3 * step];
  } else {
    ck_v8 d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
    ck_v8 a = d4 - 2.0f * d2, b = ROOT_HALF * (d3 - 2.0f * d1);
    ck_v8 c = d4 - 0.5f * d2, e = ROOT_TWO * (d3 - 0.5f * d1);
    t[0] = d[0] - 2.5f * d2 + d4;
    t[1] = a + b;
    t[2] = a - b;
    t[3] = c + e;
    t[4] = c - e;
    t[5] = d1 - 2.5f * d3 + d[5 * step];
  }
}
CK_INLINE void output_line(ck_v8 *o, const ck_v8 *s, int step, const int m) {
  ck_v8 p = s[step] + s[2 * step], q = s[step] - s[2 * step];
  if (m == 2) {
    o[0] = s[0] + p;
    o[1] = q - s[3 * step];
  } else {
    ck_v8 r = s[3 * step] + s[4 * step], u = s[3 * step] - s[4 * step];
    q = ROOT_HALF * q;
    u = ROOT_TWO * u;
    o[0] = s[0] + p + r;
    o[1] = q + u;
    o[2] = 0.5f * p + 2.0f * r;
    o[3] = 0.5f * q + 2.0f * u + s[5 * step];
  }
}
// The adjoint of output_line.
CK_INLINE void gradient_line(ck_v8 *z, const ck_v8 *y, int step, const int m) {
  if (m == 2) {
    z[0] = y[0];
    z[1] = y[0] + y[step];
    z[2] = y[0] - y[step];
    z[3] = -y[step];
  } else {
    ck_v8 e = y[0] + 0.5f * y[2 * step], f = ROOT_HALF * (y[step] + 0.5f * y[3 * step]);
    ck_v8 g = y[0] + 2.0f * y[2 * step], h = ROOT_TWO * (y[step] + 2.0f * y[3 * step]);
    z[0] = y[0];
    z[1] = e + f;
    z[2] = e - f;
    z[3] = g + h;
    z[4] = g - h;
    z[5] = y[3 * step];
  }
}
CK_INLINE void weight_line(ck_v8 *u, const ck_v8 *w, int step, const int m) {
  ck_v8 w0 = w[0], w1 = w[step], w2 = w[2 * step];
  if (m == 2) {
    ck_v8 a = 0.5f * (w0 + w2), b = 0.5f * w1;
    u[0] = w0;
    u[1] = a + b;
    u[2] = a - b;
    u[3] = w2;
  } else {
    ck_v8 a = (-2.0f / 3) * w0 - (1.0f / 3) * w2, b = (-2.0f / 3 * ROOT_HALF) * w1;
    ck_v8 c = (1.0f / 6) * w0 + (1.0f / 3) * w2, d = (1.0f / 6 * ROOT_TWO) * w1;
    u[0] = w0;
    u[1] = a + b;
    u[2] = a - b;
    u[3] = c + d;
    u[4] = c - d;
    u[5] = w2;
  }
}
// The adjoint of weight_line.
CK_INLINE void weight_gradient_line(ck_v8 *w, const ck_v8 *u, int step, const int m) {
  ck_v8 p = u[step] + u[2 * step], q = u[step] - u[2 * step];
  if (m == 2) {
    w[0] = u[0] + 0.5f * p;
    w[1] = 0.5f * q;
    w[2] = 0.5f * p + u[3 * step];
  } else {
    ck_v8 r = u[3 * step] + u[4 * step], s = u[3 * step] - u[4 * step];
    w[0] = u[0] - (2.0f / 3) * p + (1.0f / 6) * r;
    w[1] = (1.0f / 6 * ROOT_TWO) * s - (2.0f / 3 * ROOT_HALF) * q;
    w[2] = (1.0f / 3) * (r - p) + u[5 * step];
  }
}
#endif
