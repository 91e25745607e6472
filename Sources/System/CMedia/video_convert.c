#include "fast.h"
#include "video_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/pixdesc.h>

// Longest side of a frame in pixels: beyond it the header is taken to be damaged.
enum { longest_side = 16384 };

static const int32_t *display_matrix(const vision_video_reader *reader) {
  const AVFrameSideData *side = av_frame_get_side_data(reader->frame, AV_FRAME_DATA_DISPLAYMATRIX);
  if (side && side->size >= 9 * sizeof(int32_t)) return (const int32_t *)side->data;
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 100)
  const AVCodecParameters *parameters = reader->stream->codecpar;
  const AVPacketSideData *found =
    av_packet_side_data_get(parameters->coded_side_data, parameters->nb_coded_side_data,
                            AV_PKT_DATA_DISPLAYMATRIX);
  if (found && found->size >= 9 * sizeof(int32_t)) return (const int32_t *)found->data;
#elif LIBAVFORMAT_VERSION_MAJOR >= 59
  size_t size = 0;
  const uint8_t *data = av_stream_get_side_data(reader->stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (data && size >= 9 * sizeof(int32_t)) return (const int32_t *)data;
#else
  int size = 0;
  const uint8_t *data = av_stream_get_side_data(reader->stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (data && size >= (int)(9 * sizeof(int32_t))) return (const int32_t *)data;
#endif
  return NULL;
}

// A display matrix maps a stored point (x, y) to (m0 x + m3 y, m1 x + m4 y). Quarter turns and
// mirrors leave one entry per row; other angles fall to the nearest quarter turn.
static vision_orientation orientation_of(const int32_t *matrix) {
  vision_orientation turn = {0, 0, 0};
  if (!matrix) return turn;
  if (llabs((long long)matrix[0]) + llabs((long long)matrix[4])
      >= llabs((long long)matrix[1]) + llabs((long long)matrix[3])) {
    turn.mirrored_x = matrix[0] < 0;
    turn.mirrored_y = matrix[4] < 0;
  } else {
    turn.transposed = 1;
    turn.mirrored_x = matrix[3] < 0;
    turn.mirrored_y = matrix[1] < 0;
  }
  return turn;
}

static int at_least_one(double value) { return value < 1 ? 1 : (int)lrint(value); }

int vision_video_set_geometry(vision_video_reader *reader, int maximum_height, char *message) {
  vision_video_information *information = &reader->information;
  const AVFrame *frame = reader->frame;
  double width = frame->width, height = frame->height;
  AVRational aspect = av_guess_sample_aspect_ratio(reader->container, reader->stream,
                                                   reader->frame);
  double ratio = aspect.num > 0 && aspect.den > 0 ? av_q2d(aspect) : 1;
  // Beyond 1:8 no camera writes; a damaged header does.
  if (ratio >= 0.125 && ratio <= 8 && width * ratio <= longest_side) width *= ratio;
  reader->turn = orientation_of(display_matrix(reader));
  int stored_width = at_least_one(width), stored_height = at_least_one(height);
  if (stored_width > longest_side || stored_height > longest_side) {
    snprintf(message, VISION_VIDEO_MESSAGE, "its frames are %d×%d pixels; %d is the longest side",
             stored_width, stored_height, longest_side);
    return VISION_VIDEO_FAILED;
  }
  information->width = reader->turn.transposed ? stored_height : stored_width;
  information->height = reader->turn.transposed ? stored_width : stored_height;
  information->output_width = information->width;
  information->output_height = information->height;
  if (maximum_height > 0 && maximum_height < information->height) {
    double scale = (double)maximum_height / information->height;
    information->output_height = maximum_height;
    information->output_width = at_least_one(information->width * scale);
  }
  int across = reader->turn.transposed;
  reader->scaled_width = across ? information->output_height : information->output_width;
  reader->scaled_height = across ? information->output_width : information->output_height;
  return 0;
}

enum AVPixelFormat vision_video_plain_format(enum AVPixelFormat format, int *full_range) {
  switch (format) {
    case AV_PIX_FMT_YUVJ420P: *full_range = 1; return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P: *full_range = 1; return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P: *full_range = 1; return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P: *full_range = 1; return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P: *full_range = 1; return AV_PIX_FMT_YUV411P;
    default: return format;
  }
}

const int *vision_video_coefficients(const AVFrame *frame) {
  return sws_getCoefficients(
    frame->colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT : (int)frame->colorspace);
}

// swscale has no vector code for scaling to RGB24, but for BGR24; without scaling it has both.
static int is_scaled(const vision_video_reader *reader) {
  return reader->frame->width != reader->scaled_width
    || reader->frame->height != reader->scaled_height;
}

FAST static void swap_red_and_blue(uint8_t *row, int pixels) {
  typedef uint8_t bytes __attribute__((vector_size(16), aligned(1)));
  int x = 0;
  for (; x + 6 <= pixels; x += 5) {
    bytes *five = (bytes *)(row + 3 * x);
    *five = __builtin_shufflevector(*five, *five, 2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9, 14, 13, 12,
                                    15);
  }
  for (; x < pixels; x++) {
    uint8_t blue = row[3 * x];
    row[3 * x] = row[3 * x + 2];
    row[3 * x + 2] = blue;
  }
}

static int prepare_scaler(vision_video_reader *reader) {
  const AVFrame *frame = reader->frame;
  int full_range = frame->color_range == AVCOL_RANGE_JPEG;
  enum AVPixelFormat format = vision_video_plain_format(frame->format, &full_range);
  reader->scaler = sws_getCachedContext(
    reader->scaler, frame->width, frame->height, format, reader->scaled_width,
    reader->scaled_height, is_scaled(reader) ? AV_PIX_FMT_BGR24 : AV_PIX_FMT_RGB24, SWS_BILINEAR,
    NULL, NULL, NULL);
  if (!reader->scaler) return AVERROR(EINVAL);
  const AVPixFmtDescriptor *layout = av_pix_fmt_desc_get(format);
  if (layout && layout->nb_components >= 3 && !(layout->flags & AV_PIX_FMT_FLAG_RGB)) {
    sws_setColorspaceDetails(reader->scaler, vision_video_coefficients(frame), full_range,
                             sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
  }
  return 0;
}

// Copies the scratch picture upright into the packed output.
static void turn_upright(const vision_video_reader *reader, uint8_t *rgb) {
  const int width = reader->information.output_width, height = reader->information.output_height;
  const vision_orientation turn = reader->turn;
  const uint8_t *scratch = reader->scratch;
  const int stride = reader->scratch_stride;
  if (!turn.transposed && !turn.mirrored_x) {
    for (int y = 0; y < height; y++)
      memcpy(rgb + (size_t)y * width * 3,
             scratch + (size_t)(turn.mirrored_y ? height - 1 - y : y) * stride, (size_t)width * 3);
    return;
  }
  // Small tiles keep the lines of both pictures in the cache while rows become columns.
  enum { tile = 32 };
  for (int top = 0; top < height; top += tile)
    for (int left = 0; left < width; left += tile)
      for (int y = top; y < height && y < top + tile; y++)
        for (int x = left; x < width && x < left + tile; x++) {
          int from_x = turn.mirrored_x ? width - 1 - x : x;
          int from_y = turn.mirrored_y ? height - 1 - y : y;
          const uint8_t *from = turn.transposed
            ? scratch + (size_t)from_x * stride + (size_t)from_y * 3
            : scratch + (size_t)from_y * stride + (size_t)from_x * 3;
          memcpy(rgb + ((size_t)y * width + x) * 3, from, 3);
        }
}

// Writes the frame as it is stored, with swscale.
static int convert_stored(vision_video_reader *reader, uint8_t *rgb, int stride) {
  const AVFrame *frame = reader->frame;
  int code = prepare_scaler(reader);
  if (code < 0) return code;
  uint8_t *planes[4] = {rgb, NULL, NULL, NULL};
  int strides[4] = {stride, 0, 0, 0};
  code = sws_scale(reader->scaler, (const uint8_t *const *)frame->data, frame->linesize, 0,
                   frame->height, planes, strides);
  if (code < 0) return code;
  if (is_scaled(reader))
    for (int y = 0; y < reader->scaled_height; y++)
      swap_red_and_blue(rgb + (size_t)y * (size_t)stride, reader->scaled_width);
  return 0;
}

static int convert(vision_video_reader *reader, uint8_t *rgb) {
  const vision_orientation turn = reader->turn;
  int by_planes = is_scaled(reader) && vision_plane_scaler_takes(reader->frame->format);
  int is_turned = turn.transposed || turn.mirrored_x || turn.mirrored_y;
  // swscale writes whole vectors: rows of other widths need room behind them.
  int fits = by_planes || (reader->scaled_width % 16 == 0 && ((uintptr_t)rgb & 15) == 0);
  int in_place = fits && !is_turned;
  if (!in_place && !reader->scratch) {
    reader->scratch_stride = (reader->scaled_width * 3 + 63) / 64 * 64 + 64;
    reader->scratch = av_malloc((size_t)reader->scratch_stride * reader->scaled_height + 64);
    if (!reader->scratch) return AVERROR(ENOMEM);
  }
  uint8_t *target = in_place ? rgb : reader->scratch;
  int stride = in_place ? reader->scaled_width * 3 : reader->scratch_stride, code;
  if (by_planes) {
    if (!reader->planes)
      reader->planes = vision_plane_scaler_make(reader->scaled_width, reader->scaled_height);
    if (!reader->planes) return AVERROR(ENOMEM);
    code = vision_plane_scaler_run(reader->planes, reader->frame, target, stride);
  } else {
    code = convert_stored(reader, target, stride);
  }
  if (code < 0) return code;
  if (!in_place) turn_upright(reader, rgb);
  return 0;
}

int vision_video_convert(vision_video_reader *reader, uint8_t *rgb) {
  if (convert(reader, rgb) >= 0) return VISION_VIDEO_FRAME;
  reader->health.damaged++;
  return VISION_VIDEO_FAILED;
}

void vision_video_histogram(const uint8_t *rgb, size_t pixels, uint32_t *bins) {
  // Two sets of counters: neighbours share a colour, and one counter would wait for itself.
  uint32_t counters[2][48] = {{0}};
  for (size_t i = 0; i < pixels; i++) {
    uint32_t *set = counters[i & 1];
    set[rgb[i * 3] >> 4]++;
    set[16 + (rgb[i * 3 + 1] >> 4)]++;
    set[32 + (rgb[i * 3 + 2] >> 4)]++;
  }
  for (int i = 0; i < 48; i++) bins[i] = counters[0][i] + counters[1][i];
}
