#ifndef CImageCodecs_jpeg_h
#define CImageCodecs_jpeg_h

#include "byte_sink.h"

/// One JPEG in memory, being decoded. Errors of libjpeg end inside these functions.
typedef struct vision_jpeg_reader vision_jpeg_reader;

/// Starts on `count` bytes, which must stay alive until the reader is closed; NULL: no memory.
vision_jpeg_reader *vision_jpeg_open(const uint8_t *bytes, size_t count);

/// Reads everything before the pixels: 0, or -1 (see `vision_jpeg_message`).
int vision_jpeg_read_header(vision_jpeg_reader *reader);

/// Columns and rows stored in the file.
int vision_jpeg_width(const vision_jpeg_reader *reader);
int vision_jpeg_height(const vision_jpeg_reader *reader);

/// The TIFF block of the EXIF marker, or NULL; `count` becomes its size.
const uint8_t *vision_jpeg_exif(const vision_jpeg_reader *reader, size_t *count);

/// Chooses full size (8), or 1/2, 1/4, 1/8 (4, 2, 1) of it, and tells the size that results.
int vision_jpeg_start(vision_jpeg_reader *reader, int eighths, int *width, int *height);

/// Decodes into `height * width * 3` bytes of red, green, blue: 0, or -1.
int vision_jpeg_read_pixels(vision_jpeg_reader *reader, uint8_t *pixels);

/// Why the last call failed.
const char *vision_jpeg_message(const vision_jpeg_reader *reader);

/// Releases the reader.
void vision_jpeg_close(vision_jpeg_reader *reader);

/// Encodes red, green, blue bytes as baseline JPEG with halved chroma (4:2:0), quality 1 to 100.
///
/// Returns 0, or -1 with the reason in the message of `sink`.
int vision_jpeg_encode(
    const uint8_t *pixels, int width, int height, int quality, vision_byte_sink *sink);

#endif
