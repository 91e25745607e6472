#include "still.h"

#include "video_private.h"

#include <stdio.h>
#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/imgutils.h>

/// Formats of one picture a file. Play lists and vector pictures, which may refer to other files,
/// are left out.
static const char still_formats[] =
    "bmp_pipe,dds_pipe,dpx_pipe,exr_pipe,gif,gif_pipe,hdr_pipe,ico,j2k_pipe,jpegls_pipe,"
    "jpegxl_pipe,pam_pipe,pbm_pipe,pcx_pipe,pfm_pipe,pgm_pipe,pgx_pipe,ppm_pipe,psd_pipe,"
    "qoi_pipe,sgi_pipe,sunrast_pipe,tiff_pipe,webp_pipe,xbm_pipe,xpm_pipe,xwd_pipe";

/// The file in memory, as FFmpeg reads it.
typedef struct {
  const uint8_t *bytes;
  int64_t count;
  int64_t position;
} memory;

/// Everything that must be released, whatever happens.
typedef struct {
  AVIOContext *stream;
  AVFormatContext *container;
  AVCodecContext *decoder;
  AVPacket *packet;
  AVFrame *frame;
  struct SwsContext *scaler;
} workshop;

static int memory_read(void *opaque, uint8_t *target, int size) {
  memory *source = opaque;
  int64_t left = source->count - source->position;
  if (left <= 0) return AVERROR_EOF;
  int count = left < size ? (int)left : size;
  memcpy(target, source->bytes + source->position, (size_t)count);
  source->position += count;
  return count;
}

static int64_t memory_seek(void *opaque, int64_t offset, int whence) {
  memory *source = opaque;
  if (whence & AVSEEK_SIZE) return source->count;
  int64_t target = offset;
  if ((whence & ~AVSEEK_FORCE) == SEEK_CUR) target += source->position;
  if ((whence & ~AVSEEK_FORCE) == SEEK_END) target += source->count;
  if (target < 0) return AVERROR(EINVAL);
  source->position = target;
  return target;
}

static int fail(vision_still *still, const char *reason) {
  snprintf(still->message, sizeof still->message, "%s", reason);
  return VISION_STILL_FAILED;
}

/// The meaning of an FFmpeg error, and what FFmpeg last complained about.
static int fail_with(vision_still *still, int code) {
  char reason[VISION_VIDEO_MESSAGE];
  vision_video_describe(reason, NULL, code);
  return fail(still, reason);
}

static int open_container(workshop *w, memory *source, vision_still *still) {
  const int block = 32768;
  uint8_t *buffer = av_malloc((size_t)block);
  if (!buffer) return fail(still, "memory is short");
  w->stream = avio_alloc_context(buffer, block, 0, source, memory_read, NULL, memory_seek);
  if (!w->stream) {
    av_free(buffer);
    return fail(still, "memory is short");
  }
  const AVInputFormat *format = NULL;
  if (av_probe_input_buffer2(w->stream, &format, "", NULL, 0, 0) < 0 || !format ||
      !av_match_name(format->name, still_formats)) {
    return VISION_STILL_UNKNOWN;
  }
  snprintf(
      still->format, sizeof still->format, "%.*s", (int)strcspn(format->name, "_"), format->name);
  w->container = avformat_alloc_context();
  if (!w->container) return fail(still, "memory is short");
  w->container->pb = w->stream;
  w->container->flags |= AVFMT_FLAG_CUSTOM_IO;
  int code = avformat_open_input(&w->container, "", format, NULL);
  if (code < 0) return fail_with(still, code);
  if (w->container->nb_streams < 1) return fail(still, "it holds no picture");
  return VISION_STILL_DONE;
}

static int open_decoder(workshop *w, int64_t pixel_limit, vision_still *still) {
  AVCodecParameters *parameters = w->container->streams[0]->codecpar;
  const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
  if (!codec) return fail(still, "this FFmpeg has no decoder for it");
  w->decoder = avcodec_alloc_context3(codec);
  if (!w->decoder) return fail(still, "memory is short");
  int code = avcodec_parameters_to_context(w->decoder, parameters);
  if (code < 0) return fail_with(still, code);
  w->decoder->thread_count = 1;
  w->decoder->max_pixels = pixel_limit;
  // Damage is an error. But to the TIFF decoder any tag it does not use is damage, too.
  w->decoder->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER;
  if (codec->id != AV_CODEC_ID_TIFF) w->decoder->err_recognition |= AV_EF_EXPLODE;
  code = avcodec_open2(w->decoder, codec, NULL);
  return code < 0 ? fail_with(still, code) : VISION_STILL_DONE;
}

static int read_frame(workshop *w, vision_still *still) {
  w->packet = av_packet_alloc();
  w->frame = av_frame_alloc();
  if (!w->packet || !w->frame) return fail(still, "memory is short");
  for (;;) {
    int code = av_read_frame(w->container, w->packet);
    int ended = code == AVERROR_EOF;
    if (code < 0 && !ended) return fail_with(still, code);
    if (!ended && w->packet->stream_index != 0) {
      av_packet_unref(w->packet);
      continue;
    }
    code = avcodec_send_packet(w->decoder, ended ? NULL : w->packet);
    av_packet_unref(w->packet);
    if (code >= 0) code = avcodec_receive_frame(w->decoder, w->frame);
    if (code == AVERROR(EAGAIN) && !ended) continue;
    if (code == AVERROR_EOF || code == AVERROR(EAGAIN)) return fail(still, "it ends early");
    if (code < 0) return fail_with(still, code);
    if (w->frame->decode_error_flags || (w->frame->flags & AV_FRAME_FLAG_CORRUPT)) {
      return fail(still, "its data is damaged");
    }
    return VISION_STILL_DONE;
  }
}

/// Tells swscale the colour matrix and range the file declares; grey and RGB keep the full range
/// that swscale gives them.
static void set_colours(struct SwsContext *scaler, const AVFrame *frame) {
  int *from = NULL, *to = NULL;
  int from_full = 0, to_full = 0, brightness = 0, contrast = 0, saturation = 0;
  if (sws_getColorspaceDetails(
          scaler, &from, &from_full, &to, &to_full, &brightness, &contrast, &saturation) < 0) {
    return;
  }
  if (frame->color_range == AVCOL_RANGE_JPEG) from_full = 1;
  sws_setColorspaceDetails(
      scaler, sws_getCoefficients((int)frame->colorspace), from_full, to, to_full, brightness,
      contrast, saturation);
}

static int convert(workshop *w, vision_still *still) {
  const AVFrame *frame = w->frame;
  int width = frame->width, height = frame->height;
  if (width < 1 || height < 1) return fail(still, "it has no pixels");
  still->width = width;
  still->height = height;
  w->scaler = sws_getContext(
      width, height, frame->format, width, height, AV_PIX_FMT_RGB24,
      SWS_BILINEAR | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP | SWS_ACCURATE_RND, NULL, NULL, NULL);
  if (!w->scaler) return fail(still, "its pixel format does not convert to red, green, blue");
  set_colours(w->scaler, frame);
  // swscale may write past the end of a row, so it gets rows with room.
  uint8_t *planes[4] = {0};
  int strides[4] = {0};
  int code = av_image_alloc(planes, strides, width + 64, height + 1, AV_PIX_FMT_RGB24, 64);
  if (code < 0) return fail(still, "memory is short");
  still->rows = planes[0];
  still->stride = strides[0];
  code = sws_scale(
      w->scaler, (const uint8_t *const *)frame->data, frame->linesize, 0, height, planes, strides);
  return code < 0 ? fail_with(still, code) : VISION_STILL_DONE;
}

int vision_still_decode(
    const uint8_t *bytes, size_t count, int64_t pixel_limit, vision_still *still) {
  vision_video_begin_messages();
  memset(still, 0, sizeof *still);
  memory source = {bytes, (int64_t)count, 0};
  workshop w;
  memset(&w, 0, sizeof w);
  int result = open_container(&w, &source, still);
  if (result == VISION_STILL_DONE) result = open_decoder(&w, pixel_limit, still);
  if (result == VISION_STILL_DONE) result = read_frame(&w, still);
  if (result == VISION_STILL_DONE) result = convert(&w, still);
  sws_freeContext(w.scaler);
  av_frame_free(&w.frame);
  av_packet_free(&w.packet);
  avcodec_free_context(&w.decoder);
  avformat_close_input(&w.container);
  if (w.stream) {
    av_freep(&w.stream->buffer);
    avio_context_free(&w.stream);
  }
  return result;
}

const char *vision_still_format(const vision_still *still) { return still->format; }

const char *vision_still_message(const vision_still *still) { return still->message; }

void vision_still_copy(const vision_still *still, uint8_t *pixels) {
  size_t row = (size_t)still->width * 3;
  for (int y = 0; y < still->height; y++) {
    memcpy(pixels + (size_t)y * row, still->rows + (ptrdiff_t)y * still->stride, row);
  }
}

void vision_still_free(vision_still *still) { av_freep(&still->rows); }
