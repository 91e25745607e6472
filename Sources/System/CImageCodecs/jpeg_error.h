#ifndef CImageCodecs_jpeg_error_h
#define CImageCodecs_jpeg_error_h

#include <setjmp.h>
#include <stdio.h>

// Before jerror.h, whose list of messages depends on its settings.
#include <jpeglib.h>

#include <jerror.h>

#include "byte_sink.h"

/// libjpeg's error manager with the place to return to; `base` must be the first member.
typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf jump;
  char message[VISION_MESSAGE_SIZE];
} vision_jpeg_error;

/// Connects the error manager: errors, and warnings that mean lost pixels, jump to `jump`.
struct jpeg_error_mgr *vision_jpeg_error_setup(vision_jpeg_error *error);

#endif
