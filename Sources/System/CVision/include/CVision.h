#ifndef CVision_h
#define CVision_h

#include <stddef.h>
#include <stdint.h>

// Integer picture kernels behind the static-camera detector. Nothing here allocates, keeps state or
// uses floating point per pixel, so the same bytes in give the same bits out on every machine.

/// Entries of the table that `cvision_make_lab_table` fills.
enum { CVISION_LAB_TABLE_COUNT = 256 + 3072 };

/// Fills the table of the 8-bit CIELAB conversion: 256 sRGB linearisation values, then 3072 values of
/// the CIE cube-root curve.
void cvision_make_lab_table(int32_t *table);

/// Converts interleaved 8-bit sRGB to 8-bit CIELAB (D65), in planes of `count` bytes:
/// L·255/100, a + 128, b + 128.
void cvision_lab(
    const int32_t *table, const uint8_t *rgb, size_t count, uint8_t *lightness, uint8_t *a,
    uint8_t *b);

/// Largest factor of `cvision_shrink`: sums of 16 x 16 bytes fit 16 bits.
enum { CVISION_MAXIMUM_SHRINK = 16 };

/// Shrinks interleaved RGB by a whole factor (1...16): every result pixel is the rounded mean of a
/// square. Columns and rows that fill no square are left out. `result` holds
/// `(width / factor) * (height / factor) * 3` bytes, `sums` holds `width * 3` entries.
void cvision_shrink(
    const uint8_t *rgb, size_t width, size_t height, size_t factor, uint16_t *sums,
    uint8_t *result);

/// Median per byte of `frameCount` (1...255) buffers of `byteCount` bytes; the lower one of the two
/// middle values when the number is even.
void cvision_median(
    const uint8_t *const *frames, int frameCount, size_t byteCount, uint8_t *median);

/// Marks the pixels that differ from the background in a bit mask, 64 pixels per word, lowest bit
/// leftmost, rows padded to whole words with zero bits.
///
/// A pixel differs if |dL| > lightnessLimit or |da| + |db| > colourLimit.
void cvision_foreground(
    const int32_t *table, const uint8_t *rgb, size_t width, size_t height,
    const uint8_t *lightness, const uint8_t *a, const uint8_t *b, int lightnessLimit,
    int colourLimit, uint64_t *mask);

/// Inverts the bits of a mask, padding left zero.
void cvision_invert(uint64_t *mask, size_t width, size_t height);

/// Dilates a bit mask with a structuring element that is symmetric about its centre: row `i` of
/// `rowCount` (odd) reaches `halfWidths[i]` pixels (0...63) to both sides. Outside counts as zero.
///
/// `scratch` holds `(largest half width + 1) * words` words. `result` may not be `mask`.
void cvision_dilate(
    const uint64_t *mask, size_t width, size_t height, const int32_t *halfWidths, int rowCount,
    uint64_t *scratch, uint64_t *result);

/// Number of set bits.
size_t cvision_count(const uint64_t *mask, size_t words);

#endif
