#include "jpeg_error.h"

static void leave(j_common_ptr codec) {
  vision_jpeg_error *error = (vision_jpeg_error *)codec->err;
  char text[JMSG_LENGTH_MAX];
  error->base.format_message(codec, text);
  snprintf(error->message, sizeof error->message, "%s", text);
  longjmp(error->jump, 1);
}

/// True for warnings after which libjpeg goes on with invented pixels.
static int loses_pixels(int code) {
  switch (code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_NOT_SEQUENTIAL:
      return 1;
    default:
      return 0;
  }
}

static void emit_message(j_common_ptr codec, int level) {
  if (level >= 0) return;
  if (loses_pixels(codec->err->msg_code)) leave(codec);
  codec->err->num_warnings++;
}

/// Never prints: libraries have no business on the terminal.
static void output_message(j_common_ptr codec) { (void)codec; }

struct jpeg_error_mgr *vision_jpeg_error_setup(vision_jpeg_error *error) {
  jpeg_std_error(&error->base);
  error->base.error_exit = leave;
  error->base.emit_message = emit_message;
  error->base.output_message = output_message;
  error->message[0] = 0;
  return &error->base;
}
