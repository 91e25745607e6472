// Video decoding and encoding through FFmpeg (libavformat, libavcodec, libswscale; 4.4 and later).
//
// Plain C types only, so that no FFmpeg header, macro or version difference reaches Swift. A handle
// belongs to one thread at a time. Functions that can fail return a negative number and write a
// reason of at most `VISION_VIDEO_MESSAGE` bytes, or leave one in the handle.
#ifndef VISION_VIDEO_H
#define VISION_VIDEO_H

#include <stddef.h>
#include <stdint.h>

#define VISION_VIDEO_MESSAGE 512

/// What a container and its first decoded frame tell about a video.
typedef struct vision_video_information {
  /// Display size: sample aspect ratio and rotation applied.
  int32_t width, height;
  /// Size of the frames that `vision_video_convert` writes: display size or smaller.
  int32_t output_width, output_height;
  /// Seconds per unit of a time stamp, as a fraction.
  int32_t time_base_numerator, time_base_denominator;
  /// Frames per second: the container's average, or a guess.
  double frames_per_second;
  /// Seconds, or a negative number when unknown.
  double duration_seconds;
  /// Frames, or a negative number when unknown.
  int64_t frame_count;
  /// FFmpeg's name of the codec, such as `h264`.
  char codec[64];
} vision_video_information;

/// How well the part read so far could be read.
typedef struct vision_video_health {
  /// Frames decoded so far.
  int64_t frames;
  /// Packets that were marked damaged, could not be read, or could not be decoded cleanly.
  int64_t damaged;
  /// 1 when the file ends before the end that its header announces.
  int32_t truncated;
} vision_video_health;

/// Results of `vision_video_open` and `vision_video_decode`.
enum {
  VISION_VIDEO_END = 0,
  VISION_VIDEO_FRAME = 1,
  /// Packets were read without a frame coming out; call again.
  VISION_VIDEO_PENDING = 2,
  VISION_VIDEO_CANNOT_OPEN = -1,
  VISION_VIDEO_NOT_VIDEO = -2,
  VISION_VIDEO_NO_STREAM = -3,
  VISION_VIDEO_NO_DECODER = -4,
  VISION_VIDEO_NO_FRAMES = -5,
  VISION_VIDEO_FAILED = -6,
};

typedef struct vision_video_reader vision_video_reader;

/// Opens a file and decodes its first frame, which the first `vision_video_decode` returns.
///
/// `maximum_height` limits the height of converted frames (0: no limit). Returns 1 and a handle,
/// or a negative result and a reason.
int vision_video_open(const char *path, int threads, int maximum_height,
                      vision_video_reader **reader, vision_video_information *information,
                      char *message);

/// Decodes the next frame into the handle; its time stamp is in units of the time base.
int vision_video_decode(vision_video_reader *reader, int64_t *timestamp);

/// Writes the current frame upright as interleaved 8-bit RGB, `output_width * output_height * 3`.
int vision_video_convert(vision_video_reader *reader, uint8_t *rgb);

/// What has been read so far; `truncated` is known at the end.
vision_video_health vision_video_get_health(const vision_video_reader *reader);

/// Frees a handle; NULL is allowed.
void vision_video_close(vision_video_reader *reader);

typedef struct vision_video_writer vision_video_writer;

/// How a video is to be written.
typedef struct vision_video_settings {
  int32_t width, height;
  double frames_per_second;
  /// Constant rate factor of x264, 0 (lossless) to 51.
  int32_t quality;
  /// Frames between key frames.
  int32_t key_frame_interval;
  /// Encoder threads.
  int32_t threads;
  /// Clockwise turn that a player has to apply: 0, 90, 180 or 270 degrees.
  int32_t rotation;
  /// Width over height of one stored pixel.
  int32_t sample_aspect_numerator, sample_aspect_denominator;
} vision_video_settings;

/// Creates `path` in the container that the extension of `name` tells (MP4 when it tells none).
int vision_video_create(const char *path, const char *name, const vision_video_settings *settings,
                        vision_video_writer **writer, char *message);

/// Appends one frame of interleaved 8-bit RGB at a time stamp counted in frames.
int vision_video_append(vision_video_writer *writer, const uint8_t *rgb, int64_t timestamp,
                        char *message);

/// Writes what is still held back, and the index of the file. The handle stays to be freed.
int vision_video_finish(vision_video_writer *writer, char *message);

/// Frees a writer; NULL is allowed. Without `vision_video_finish` the file is not complete.
void vision_video_discard(vision_video_writer *writer);

/// Counts the values of each channel in 16 equal bins: `bins[channel * 16 + value / 16]`.
void vision_video_histogram(const uint8_t *rgb, size_t pixels, uint32_t *bins);

#endif
