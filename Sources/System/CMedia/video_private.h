// What the video sources share: the reader's state, and FFmpeg's messages, kept instead of printed.
#ifndef VISION_VIDEO_PRIVATE_H
#define VISION_VIDEO_PRIVATE_H

#include "video.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>

#include "resample.h"

// Installs the message handler once per process and forgets this thread's last message.
void vision_video_begin_messages(void);

// Writes `what` and, where known, the meaning of an FFmpeg error code and the last message that
// FFmpeg logged on this thread. `what` and `code` may be NULL and 0.
void vision_video_describe(char *message, const char *what, int code);

// How a stored picture becomes upright: first perhaps transposed, then perhaps mirrored.
typedef struct vision_orientation {
  int transposed, mirrored_x, mirrored_y;
} vision_orientation;

// Scales frames of planar YUV of 8 bits to pictures of one size. Other formats go through swscale,
// whose scaling takes several times as long.
typedef struct vision_plane_scaler vision_plane_scaler;

// Makes one for pictures of this size; NULL when memory is short.
vision_plane_scaler *vision_plane_scaler_make(int width, int height);

// Whether frames of this format can be scaled by planes.
int vision_plane_scaler_takes(enum AVPixelFormat format);

// Writes a frame as interleaved RGB. Returns 0 or an FFmpeg code.
int vision_plane_scaler_run(vision_plane_scaler *scaler, const AVFrame *frame, uint8_t *rgb,
                            int stride);

// Frees it; NULL is allowed.
void vision_plane_scaler_free(vision_plane_scaler *scaler);

// The plain name of a full-range "yuvj" format, which is an old name with the range in it; such a
// name sets `full_range`.
enum AVPixelFormat vision_video_plain_format(enum AVPixelFormat format, int *full_range);

// swscale's table of the frame's colour space.
const int *vision_video_coefficients(const AVFrame *frame);

struct vision_video_reader {
  AVFormatContext *container;
  AVCodecContext *decoder;
  AVStream *stream;
  AVPacket *packet;
  AVFrame *frame;
  struct SwsContext *scaler;
  vision_plane_scaler *planes;
  vision_video_information information;
  vision_video_health health;
  vision_orientation turn;
  // Size of a converted frame before it is turned upright.
  int scaled_width, scaled_height;
  // Aligned scratch picture for widths and turns that cannot be written in place.
  uint8_t *scratch;
  int scratch_stride;
  int64_t next_timestamp, frame_duration, first_timestamp, last_timestamp;
  int read_failures, draining, holds_frame;
};

// Fixes the geometry of all frames from the first one. Returns 0 or a negative result.
int vision_video_set_geometry(vision_video_reader *reader, int maximum_height, char *message);

#endif
