#ifndef CImageCodecs_png_picture_h
#define CImageCodecs_png_picture_h

#include "byte_sink.h"

/// One PNG in memory, being decoded. Errors of libpng end inside these functions.
typedef struct vision_png_reader vision_png_reader;

/// Starts on `count` bytes, which must stay alive until the reader is closed; NULL: no memory.
vision_png_reader *vision_png_open(const uint8_t *bytes, size_t count);

/// Reads everything before the pixels: 0, or -1 (see `vision_png_message`).
int vision_png_read_header(vision_png_reader *reader);

/// Columns and rows.
int vision_png_width(const vision_png_reader *reader);
int vision_png_height(const vision_png_reader *reader);

/// Decodes into `height * width * 3` bytes of red, green, blue: 0, or -1.
///
/// Grey and palette pictures become colour, of 16 bits the upper 8 are kept, alpha is dropped.
int vision_png_read_pixels(vision_png_reader *reader, uint8_t *pixels);

/// The TIFF block of the eXIf chunk, or NULL; `count` becomes its size. Ask after the pixels,
/// since the chunk may follow them.
const uint8_t *vision_png_exif(const vision_png_reader *reader, size_t *count);

/// Why the last call failed.
const char *vision_png_message(const vision_png_reader *reader);

/// Releases the reader.
void vision_png_close(vision_png_reader *reader);

/// Encodes red, green, blue bytes: 0, or -1 with the reason in the message of `sink`.
int vision_png_encode(const uint8_t *pixels, int width, int height, vision_byte_sink *sink);

#endif
