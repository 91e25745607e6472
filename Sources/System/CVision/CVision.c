#include "CVision.h"

#include <math.h>
#include <string.h>

// The loops below vectorise by themselves; the clone lets an AVX2 machine use its wider registers
// and gathers without demanding them.
#if defined(__x86_64__) && defined(__GLIBC__)
#define CVISION_WIDE __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define CVISION_WIDE
#endif

enum {
  gammaShift = 3,      // linear values are 0...255 << 3
  matrixShift = 12,    // matrix entries are scaled by 2^12
  curveShift = 15,     // curve values are scaled by 2^15
  curveCount = 3072,
  blockPixels = 512,
};

void cvision_make_lab_table(int32_t *table) {
  for (int i = 0; i < 256; i++) {
    double x = i / 255.0;
    double linear = x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4);
    table[i] = (int32_t)lround(255.0 * (1 << gammaShift) * linear);
  }
  for (int i = 0; i < curveCount; i++) {
    double x = i / (255.0 * (1 << gammaShift));
    double f = x < 0.008856 ? x * 7.787 + 16.0 / 116.0 : cbrt(x);
    table[256 + i] = (int32_t)lround((1 << curveShift) * f);
  }
}

static inline int32_t descale(int32_t value, int shift) {
  return (value + (1 << (shift - 1))) >> shift;
}

static inline uint8_t clamp(int32_t value) {
  return (uint8_t)(value < 0 ? 0 : (value > 255 ? 255 : value));
}

// sRGB to XYZ over the D65 white point, rows scaled by 2^12; each row sums to 4096.
static inline __attribute__((always_inline)) void lab_block(
    const int32_t *restrict table, const uint8_t *restrict rgb, size_t count,
    uint8_t *restrict lightness, uint8_t *restrict a, uint8_t *restrict b) {
  const int32_t *curve = table + 256;
  const int32_t lightnessScale = (116 * 255 + 50) / 100;
  const int32_t lightnessOffset = -((16 * 255 * (1 << curveShift) + 50) / 100);
  const int32_t centre = 128 * (1 << curveShift);
  for (size_t i = 0; i < count; i++) {
    int32_t red = table[rgb[3 * i]];
    int32_t green = table[rgb[3 * i + 1]];
    int32_t blue = table[rgb[3 * i + 2]];
    int32_t x = curve[descale(red * 1777 + green * 1541 + blue * 778, matrixShift)];
    int32_t y = curve[descale(red * 871 + green * 2929 + blue * 296, matrixShift)];
    int32_t z = curve[descale(red * 73 + green * 448 + blue * 3575, matrixShift)];
    lightness[i] = clamp(descale(lightnessScale * y + lightnessOffset, curveShift));
    a[i] = clamp(descale(500 * (x - y) + centre, curveShift));
    b[i] = clamp(descale(200 * (y - z) + centre, curveShift));
  }
}

CVISION_WIDE void cvision_lab(
    const int32_t *table, const uint8_t *rgb, size_t count, uint8_t *lightness, uint8_t *a,
    uint8_t *b) {
  lab_block(table, rgb, count, lightness, a, b);
}

CVISION_WIDE void cvision_shrink(
    const uint8_t *rgb, size_t width, size_t height, size_t factor, uint16_t *sums,
    uint8_t *result) {
  const size_t outWidth = width / factor, outHeight = height / factor;
  const size_t used = outWidth * factor * 3;
  const uint32_t area = (uint32_t)(factor * factor);
  for (size_t y = 0; y < outHeight; y++) {
    memset(sums, 0, used * sizeof *sums);
    for (size_t row = 0; row < factor; row++) {
      const uint8_t *source = rgb + (y * factor + row) * width * 3;
      for (size_t i = 0; i < used; i++) sums[i] = (uint16_t)(sums[i] + source[i]);
    }
    uint8_t *target = result + y * outWidth * 3;
    for (size_t x = 0; x < outWidth; x++) {
      for (size_t channel = 0; channel < 3; channel++) {
        uint32_t sum = area / 2;
        for (size_t i = 0; i < factor; i++) sum += sums[(x * factor + i) * 3 + channel];
        target[x * 3 + channel] = (uint8_t)(sum / area);
      }
    }
  }
}

// Bit by bit from the top, every byte of a block finds the largest value that more than half of the
// frames reach: branch-free, so the compiler handles a whole register of pixels at once.
CVISION_WIDE void cvision_median(
    const uint8_t *const *frames, int frameCount, size_t byteCount, uint8_t *median) {
  const uint8_t needed = (uint8_t)(frameCount / 2 + 1);
  uint8_t best[blockPixels], reached[blockPixels], candidate[blockPixels];
  for (size_t start = 0; start < byteCount; start += blockPixels) {
    size_t count = byteCount - start < blockPixels ? byteCount - start : blockPixels;
    memset(best, 0, sizeof best);
    for (int bit = 7; bit >= 0; bit--) {
      for (size_t i = 0; i < blockPixels; i++) {
        candidate[i] = (uint8_t)(best[i] | (1 << bit));
        reached[i] = 0;
      }
      for (int f = 0; f < frameCount; f++) {
        const uint8_t *values = frames[f] + start;
        for (size_t i = 0; i < count; i++) reached[i] += values[i] >= candidate[i];
      }
      for (size_t i = 0; i < blockPixels; i++) {
        best[i] = reached[i] >= needed ? candidate[i] : best[i];
      }
    }
    memcpy(median + start, best, count);
  }
}

CVISION_WIDE void cvision_foreground(
    const int32_t *table, const uint8_t *rgb, size_t width, size_t height,
    const uint8_t *lightness, const uint8_t *a, const uint8_t *b, int lightnessLimit,
    int colourLimit, uint64_t *mask) {
  uint8_t frameL[blockPixels], frameA[blockPixels], frameB[blockPixels];
  uint8_t differs[blockPixels];
  const size_t words = (width + 63) / 64;
  for (size_t y = 0; y < height; y++) {
    uint64_t *row = mask + y * words;
    for (size_t x = 0; x < width; x += blockPixels) {
      size_t count = width - x < blockPixels ? width - x : blockPixels;
      size_t at = y * width + x;
      lab_block(table, rgb + at * 3, count, frameL, frameA, frameB);
      for (size_t i = 0; i < count; i++) {
        int16_t dL = (int16_t)(frameL[i] - lightness[at + i]);
        int16_t dA = (int16_t)(frameA[i] - a[at + i]);
        int16_t dB = (int16_t)(frameB[i] - b[at + i]);
        dL = dL < 0 ? (int16_t)-dL : dL;
        dA = dA < 0 ? (int16_t)-dA : dA;
        dB = dB < 0 ? (int16_t)-dB : dB;
        differs[i] = (dL > lightnessLimit) | (dA + dB > colourLimit);
      }
      memset(differs + count, 0, blockPixels - count);
      for (size_t word = 0; word * 64 < count; word++) {
        uint64_t bits = 0;
        for (size_t byte = 0; byte < 8; byte++) {
          uint64_t eight = 0;
          for (size_t i = 0; i < 8; i++) {
            eight |= (uint64_t)differs[word * 64 + byte * 8 + i] << i;
          }
          bits |= eight << (byte * 8);
        }
        row[x / 64 + word] = bits;
      }
    }
  }
}

static inline uint64_t last_word_bits(size_t width) {
  size_t used = width % 64;
  return used == 0 ? ~UINT64_C(0) : (UINT64_C(1) << used) - 1;
}

void cvision_invert(uint64_t *mask, size_t width, size_t height) {
  const size_t words = (width + 63) / 64;
  const uint64_t last = last_word_bits(width);
  for (size_t y = 0; y < height; y++) {
    uint64_t *row = mask + y * words;
    for (size_t i = 0; i < words; i++) row[i] = ~row[i];
    row[words - 1] &= last;
  }
}

CVISION_WIDE void cvision_dilate(
    const uint64_t *mask, size_t width, size_t height, const int32_t *halfWidths, int rowCount,
    uint64_t *scratch, uint64_t *result) {
  const size_t words = (width + 63) / 64, plane = words * height;
  const uint64_t last = last_word_bits(width);
  int32_t largest = 0;
  for (int i = 0; i < rowCount; i++) largest = halfWidths[i] > largest ? halfWidths[i] : largest;

  // Plane r: the mask widened by r pixels to both sides.
  memcpy(scratch, mask, plane * sizeof *mask);
  for (int32_t r = 1; r <= largest; r++) {
    const uint64_t *narrower = scratch + (size_t)(r - 1) * plane;
    uint64_t *wider = scratch + (size_t)r * plane;
    for (size_t y = 0; y < height; y++) {
      const uint64_t *source = mask + y * words;
      for (size_t i = 0; i < words; i++) {
        uint64_t before = i > 0 ? source[i - 1] : 0;
        uint64_t after = i + 1 < words ? source[i + 1] : 0;
        wider[y * words + i] = narrower[y * words + i]
            | (source[i] << r) | (before >> (64 - r)) | (source[i] >> r) | (after << (64 - r));
      }
      wider[y * words + words - 1] &= last;
    }
  }

  const ptrdiff_t reach = rowCount / 2;
  for (size_t y = 0; y < height; y++) {
    uint64_t *row = result + y * words;
    memset(row, 0, words * sizeof *row);
    for (ptrdiff_t dy = -reach; dy <= reach; dy++) {
      ptrdiff_t from = (ptrdiff_t)y + dy;
      if (from < 0 || from >= (ptrdiff_t)height) continue;
      const uint64_t *source =
          scratch + (size_t)halfWidths[dy + reach] * plane + (size_t)from * words;
      for (size_t i = 0; i < words; i++) row[i] |= source[i];
    }
  }
}

size_t cvision_count(const uint64_t *mask, size_t words) {
  size_t count = 0;
  for (size_t i = 0; i < words; i++) count += (size_t)__builtin_popcountll(mask[i]);
  return count;
}
