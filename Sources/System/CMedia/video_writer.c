#include "video_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/opt.h>

struct vision_video_writer {
  AVFormatContext *container;
  AVCodecContext *encoder;
  AVStream *stream;
  AVPacket *packet;
  AVFrame *frame;
  struct SwsContext *scaler;
};

static int fail(char *message, const char *what, int code) {
  vision_video_describe(message, what, code);
  return VISION_VIDEO_FAILED;
}

static int add_rotation(AVStream *stream, int rotation) {
  if (rotation == 0) return 0;
  const size_t size = 9 * sizeof(int32_t);
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 100)
  AVPacketSideData *side = av_packet_side_data_new(
    &stream->codecpar->coded_side_data, &stream->codecpar->nb_coded_side_data,
    AV_PKT_DATA_DISPLAYMATRIX, size, 0);
  uint8_t *data = side ? side->data : NULL;
#else
  uint8_t *data = av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, size);
#endif
  if (!data) return AVERROR(ENOMEM);
  // Columns tell where the stored x and y axes point to; the last entry is 1 in 2.30 fixed point.
  const int32_t one = 1 << 16;
  const int32_t cosine = rotation == 180 ? -one : 0;
  const int32_t sine = rotation == 90 ? one : rotation == 270 ? -one : 0;
  const int32_t matrix[9] = {cosine, sine, 0, -sine, cosine, 0, 0, 0, 1 << 30};
  memcpy(data, matrix, size);
  return 0;
}

static int open_encoder(vision_video_writer *writer, const vision_video_settings *settings,
                        char *message) {
  const AVOutputFormat *format = writer->container->oformat;
  const AVCodec *codec = NULL;
  int is_x264 = 0;
  if (avformat_query_codec(format, AV_CODEC_ID_H264, FF_COMPLIANCE_NORMAL) == 1) {
    codec = avcodec_find_encoder_by_name("libx264");
    is_x264 = codec != NULL;
  }
  if (!codec && avformat_query_codec(format, AV_CODEC_ID_MPEG4, FF_COMPLIANCE_NORMAL) == 1)
    codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
  if (!codec) codec = avcodec_find_encoder(format->video_codec);
  if (!codec) return fail(message, "this FFmpeg has no encoder for the container", 0);

  AVCodecContext *encoder = writer->encoder = avcodec_alloc_context3(codec);
  if (!encoder) return fail(message, NULL, AVERROR(ENOMEM));
  // MPEG-4 keeps the time base in 16 bits.
  AVRational rate = av_d2q(settings->frames_per_second, 65535);
  encoder->width = settings->width;
  encoder->height = settings->height;
  encoder->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder->time_base = av_inv_q(rate);
  encoder->framerate = rate;
  encoder->gop_size = settings->key_frame_interval;
  encoder->thread_count = settings->threads;
  encoder->sample_aspect_ratio = (AVRational){settings->sample_aspect_numerator,
                                              settings->sample_aspect_denominator};
  // The matrix that swscale converts with unless told otherwise; players then show our colours.
  encoder->colorspace = AVCOL_SPC_SMPTE170M;
  encoder->color_range = AVCOL_RANGE_MPEG;
  // No versions and dates in the file: the same frames give the same bytes.
  encoder->flags |= AV_CODEC_FLAG_BITEXACT;
  if (format->flags & AVFMT_GLOBALHEADER) encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  AVDictionary *options = NULL;
  if (is_x264) {
    av_dict_set_int(&options, "crf", settings->quality, 0);
    av_dict_set(&options, "preset", "veryfast", 0);
  } else {
    // Quantisers 1...31 stand in for the rate factor: 18 gives 4, about as faithful.
    int quantiser = settings->quality / 4;
    encoder->flags |= AV_CODEC_FLAG_QSCALE;
    encoder->global_quality = FF_QP2LAMBDA * (quantiser < 1 ? 1 : quantiser);
  }
  int code = avcodec_open2(encoder, codec, &options);
  av_dict_free(&options);
  if (code < 0) return fail(message, "the encoder does not start", code);
  return 0;
}

static int start_file(vision_video_writer *writer, const char *path,
                      const vision_video_settings *settings, char *message) {
  writer->stream = avformat_new_stream(writer->container, NULL);
  if (!writer->stream) return fail(message, NULL, AVERROR(ENOMEM));
  writer->stream->time_base = writer->encoder->time_base;
  writer->stream->avg_frame_rate = writer->encoder->framerate;
  writer->stream->sample_aspect_ratio = writer->encoder->sample_aspect_ratio;
  int code = avcodec_parameters_from_context(writer->stream->codecpar, writer->encoder);
  if (code >= 0) code = add_rotation(writer->stream, settings->rotation);
  if (code < 0) return fail(message, NULL, code);
  writer->container->flags |= AVFMT_FLAG_BITEXACT;
  size_t length = strlen(path) + 6;
  char *name = malloc(length);
  if (!name) return fail(message, NULL, AVERROR(ENOMEM));
  snprintf(name, length, "file:%s", path);
  // The muxer opens the file again by this name to move the index to the front.
  writer->container->url = av_strdup(name);
  code = avio_open(&writer->container->pb, name, AVIO_FLAG_WRITE);
  free(name);
  if (code < 0) return fail(message, NULL, code);
  AVDictionary *options = NULL;
  // The index in front: a copy that breaks off can still be read up to there.
  av_dict_set(&options, "movflags", "faststart", 0);
  code = avformat_write_header(writer->container, &options);
  av_dict_free(&options);
  if (code < 0) return fail(message, NULL, code);
  return 0;
}

static int prepare_picture(vision_video_writer *writer, char *message) {
  const AVCodecContext *encoder = writer->encoder;
  writer->packet = av_packet_alloc();
  writer->frame = av_frame_alloc();
  if (!writer->packet || !writer->frame) return fail(message, NULL, AVERROR(ENOMEM));
  writer->frame->format = encoder->pix_fmt;
  writer->frame->width = encoder->width;
  writer->frame->height = encoder->height;
  int code = av_frame_get_buffer(writer->frame, 0);
  if (code < 0) return fail(message, NULL, code);
  writer->scaler = sws_getContext(
    encoder->width, encoder->height, AV_PIX_FMT_RGB24, encoder->width, encoder->height,
    encoder->pix_fmt, SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL, NULL);
  if (!writer->scaler) return fail(message, "its size cannot be converted", 0);
  return 0;
}

int vision_video_create(const char *path, const char *name, const vision_video_settings *settings,
                        vision_video_writer **result, char *message) {
  vision_video_begin_messages();
  *result = NULL;
  message[0] = 0;
  vision_video_writer *writer = calloc(1, sizeof *writer);
  if (!writer) return fail(message, NULL, AVERROR(ENOMEM));
  int code = avformat_alloc_output_context2(&writer->container, NULL, NULL, name);
  if (code < 0) code = avformat_alloc_output_context2(&writer->container, NULL, "mp4", NULL);
  if (code < 0) code = fail(message, NULL, code);
  else av_freep(&writer->container->url);
  if (code >= 0) code = open_encoder(writer, settings, message);
  if (code >= 0) code = start_file(writer, path, settings, message);
  if (code >= 0) code = prepare_picture(writer, message);
  if (code < 0) {
    vision_video_discard(writer);
    return code;
  }
  *result = writer;
  return 0;
}

// Writes what the encoder has ready.
static int drain(vision_video_writer *writer, char *message) {
  for (;;) {
    int code = avcodec_receive_packet(writer->encoder, writer->packet);
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return 0;
    if (code < 0) return fail(message, "encoding fails", code);
    av_packet_rescale_ts(writer->packet, writer->encoder->time_base, writer->stream->time_base);
    // Every frame lasts one tick of the encoder, unless the next one comes later.
    if (writer->packet->duration == 0)
      writer->packet->duration =
        av_rescale_q(1, writer->encoder->time_base, writer->stream->time_base);
    writer->packet->stream_index = writer->stream->index;
    code = av_interleaved_write_frame(writer->container, writer->packet);
    if (code < 0) return fail(message, NULL, code);
  }
}

int vision_video_append(vision_video_writer *writer, const uint8_t *rgb, int64_t timestamp,
                        char *message) {
  vision_video_begin_messages();
  message[0] = 0;
  int code = av_frame_make_writable(writer->frame);
  if (code < 0) return fail(message, NULL, code);
  const uint8_t *planes[4] = {rgb, NULL, NULL, NULL};
  int strides[4] = {writer->encoder->width * 3, 0, 0, 0};
  code = sws_scale(writer->scaler, planes, strides, 0, writer->encoder->height,
                   writer->frame->data, writer->frame->linesize);
  if (code < 0) return fail(message, "its colours cannot be converted", code);
  writer->frame->pts = timestamp;
  code = avcodec_send_frame(writer->encoder, writer->frame);
  if (code < 0) return fail(message, "encoding fails", code);
  return drain(writer, message);
}

int vision_video_finish(vision_video_writer *writer, char *message) {
  vision_video_begin_messages();
  message[0] = 0;
  int code = avcodec_send_frame(writer->encoder, NULL);
  if (code < 0) return fail(message, "encoding fails", code);
  code = drain(writer, message);
  if (code < 0) return code;
  code = av_write_trailer(writer->container);
  if (code >= 0) code = writer->container->pb->error;
  int closed = avio_closep(&writer->container->pb);
  if (code >= 0) code = closed;
  return code < 0 ? fail(message, NULL, code) : 0;
}

void vision_video_discard(vision_video_writer *writer) {
  if (!writer) return;
  sws_freeContext(writer->scaler);
  av_frame_free(&writer->frame);
  av_packet_free(&writer->packet);
  avcodec_free_context(&writer->encoder);
  if (writer->container) {
    if (writer->container->pb) avio_closep(&writer->container->pb);
    avformat_free_context(writer->container);
  }
  free(writer);
}
