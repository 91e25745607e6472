#include "video_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/avstring.h>
#include <libavutil/mathematics.h>


enum {
  // A frame-threaded decoder holds back a few packets; more than this without a frame is damage.
  packets_per_call = 64,
  // A damaged file can fail to be read at one place and go on; endless failure is its end.
  read_failures_allowed = 64,
};

// Demuxers whose input is text (subtitles, scripts, terminal art) or a single picture.
static const char *const refused_demuxers[] = {
  "aqtitle", "ass", "bin", "concat", "ffmetadata", "hls", "jacosub", "lrc", "mcc", "microdvd",
  "mpl2", "mpsub", "pjs", "realtext", "sami", "scc", "sdp", "srt", "stl", "subviewer",
  "subviewer1", "sup", "tedcaptions", "tty", "txd", "vplayer", "webvtt", "xbin", "adf", "idf",
};

static int is_still_demuxer(const char *name) {
  size_t length = strlen(name);
  if (strcmp(name, "image2") == 0 || strcmp(name, "ico") == 0) return 1;
  return length > 5 && strcmp(name + length - 5, "_pipe") == 0 && strcmp(name, "webp_pipe") != 0
    && strcmp(name, "gif_pipe") != 0;
}

static int is_refused_demuxer(const char *name) {
  for (size_t i = 0; i < sizeof refused_demuxers / sizeof *refused_demuxers; i++)
    if (strcmp(name, refused_demuxers[i]) == 0) return 1;
  return 0;
}

// Whether a file starts with text: no video format has two kilobytes without a control byte.
static int starts_with_text(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return 0;
  unsigned char bytes[2048];
  size_t count = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  for (size_t i = 0; i < count; i++)
    if ((bytes[i] < 0x20 && !strchr("\t\n\r\f\x1b", bytes[i])) || bytes[i] == 0 || bytes[i] == 0x7f)
      return 0;
  return count > 0;
}

static void set_times(vision_video_reader *reader) {
  vision_video_information *information = &reader->information;
  AVStream *stream = reader->stream;
  AVRational rate = av_guess_frame_rate(reader->container, stream, NULL);
  if (stream->avg_frame_rate.num > 0 && stream->avg_frame_rate.den > 0)
    rate = stream->avg_frame_rate;
  double frames_per_second = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 25;
  if (!(frames_per_second > 0 && frames_per_second <= 1000)) frames_per_second = 25;
  information->frames_per_second = frames_per_second;
  information->time_base_numerator = stream->time_base.num;
  information->time_base_denominator = stream->time_base.den;
  double duration = -1;
  if (stream->duration > 0) duration = stream->duration * av_q2d(stream->time_base);
  else if (reader->container->duration > 0)
    duration = reader->container->duration / (double)AV_TIME_BASE;
  information->duration_seconds = duration;
  information->frame_count = -1;
  if (stream->nb_frames > 0) information->frame_count = stream->nb_frames;
  else if (duration > 0 && duration * frames_per_second < 1e15)
    information->frame_count = llrint(duration * frames_per_second);
  double ticks = 1 / (frames_per_second * av_q2d(stream->time_base));
  reader->frame_duration = ticks < 1 ? 1 : llrint(ticks);
}

// The container's first real video stream: not the cover picture of a sound file.
static AVStream *video_stream(AVFormatContext *container) {
  int best = av_find_best_stream(container, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
  if (best >= 0 && !(container->streams[best]->disposition & AV_DISPOSITION_ATTACHED_PIC))
    return container->streams[best];
  for (unsigned i = 0; i < container->nb_streams; i++) {
    AVStream *stream = container->streams[i];
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO
        && !(stream->disposition & AV_DISPOSITION_ATTACHED_PIC))
      return stream;
  }
  return NULL;
}

// Opens a path with a demuxer of FFmpeg's choice, or with the given one. Returns an FFmpeg code.
static int open_input(vision_video_reader *reader, const char *path, const char *demuxer) {
  // The protocol in front keeps "a:b.mp4" a file name; the list keeps a playlist off the network.
  size_t length = strlen(path) + 6;
  char *name = malloc(length);
  if (!name) return AVERROR(ENOMEM);
  snprintf(name, length, "file:%s", path);
  AVDictionary *options = NULL;
  av_dict_set(&options, "protocol_whitelist", "file", 0);
  int code = avformat_open_input(&reader->container, name,
                                 demuxer ? av_find_input_format(demuxer) : NULL, &options);
  av_dict_free(&options);
  free(name);
  return code;
}

static int has_extension(const char *path, const char *extension) {
  const char *dot = strrchr(path, '.');
  return dot && av_strcasecmp(dot + 1, extension) == 0;
}

static int open_container(vision_video_reader *reader, const char *path, char *message) {
  int code = open_input(reader, path, NULL);
  // A bare run of JPEG pictures is detected as its first picture.
  if (code >= 0 && strcmp(reader->container->iformat->name, "jpeg_pipe") == 0
      && (has_extension(path, "mjpeg") || has_extension(path, "mjpg"))) {
    avformat_close_input(&reader->container);
    code = open_input(reader, path, "mjpeg");
  }
  if (code < 0) {
    if (starts_with_text(path)) {
      snprintf(message, VISION_VIDEO_MESSAGE, "it holds text");
      return VISION_VIDEO_NOT_VIDEO;
    }
    vision_video_describe(message, NULL, code);
    return VISION_VIDEO_CANNOT_OPEN;
  }
  const char *format = reader->container->iformat->name;
  // Uncompressed YUV4MPEG2 may look like text all through, if its pixels are letters.
  if (is_refused_demuxer(format)
      || (strcmp(format, "yuv4mpegpipe") != 0 && starts_with_text(path))) {
    snprintf(message, VISION_VIDEO_MESSAGE, "it holds text");
    return VISION_VIDEO_NOT_VIDEO;
  }
  if (is_still_demuxer(format)) {
    snprintf(message, VISION_VIDEO_MESSAGE, "it holds a single picture");
    return VISION_VIDEO_NOT_VIDEO;
  }
  code = avformat_find_stream_info(reader->container, NULL);
  if (code < 0) {
    vision_video_describe(message, NULL, code);
    return VISION_VIDEO_CANNOT_OPEN;
  }
  if (reader->container->nb_streams == 0) {
    vision_video_describe(message, "nothing of it is left behind its header", 0);
    return VISION_VIDEO_CANNOT_OPEN;
  }
  reader->stream = video_stream(reader->container);
  if (!reader->stream) {
    snprintf(message, VISION_VIDEO_MESSAGE, "it has no video stream");
    return VISION_VIDEO_NO_STREAM;
  }
  for (unsigned i = 0; i < reader->container->nb_streams; i++)
    if (reader->container->streams[i] != reader->stream)
      reader->container->streams[i]->discard = AVDISCARD_ALL;
  return 0;
}

static int open_decoder(vision_video_reader *reader, int threads, char *message) {
  const AVCodecParameters *parameters = reader->stream->codecpar;
  const char *name = avcodec_get_name(parameters->codec_id);
  snprintf(reader->information.codec, sizeof reader->information.codec, "%s", name);
  const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
  if (!codec) {
    snprintf(message, VISION_VIDEO_MESSAGE, "this FFmpeg has no decoder for its codec %s", name);
    return VISION_VIDEO_NO_DECODER;
  }
  reader->decoder = avcodec_alloc_context3(codec);
  reader->packet = av_packet_alloc();
  reader->frame = av_frame_alloc();
  if (!reader->decoder || !reader->packet || !reader->frame) {
    vision_video_describe(message, NULL, AVERROR(ENOMEM));
    return VISION_VIDEO_FAILED;
  }
  int code = avcodec_parameters_to_context(reader->decoder, parameters);
  reader->decoder->pkt_timebase = reader->stream->time_base;
  reader->decoder->thread_count = threads > 1 ? threads : 1;
  reader->decoder->thread_type = FF_THREAD_FRAME | FF_THREAD_SLICE;
  if (code >= 0) code = avcodec_open2(reader->decoder, codec, NULL);
  if (code < 0) {
    vision_video_describe(message, "its decoder does not start", code);
    return VISION_VIDEO_NO_DECODER;
  }
  return 0;
}

// Reads one packet into the decoder. Returns 0 if all have been read before.
static int feed(vision_video_reader *reader) {
  if (reader->draining) return 0;
  int code = av_read_frame(reader->container, reader->packet);
  if (code >= 0) {
    reader->read_failures = 0;
    if (reader->packet->stream_index == reader->stream->index) {
      int is_damaged = (reader->packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
      code = avcodec_send_packet(reader->decoder, reader->packet);
      if (is_damaged || (code < 0 && code != AVERROR(EAGAIN) && code != AVERROR_EOF))
        reader->health.damaged++;
    }
    av_packet_unref(reader->packet);
    return 1;
  }
  if (code != AVERROR_EOF && code != AVERROR_EXIT) {
    if (reader->read_failures == 0) reader->health.damaged++;
    if (++reader->read_failures < read_failures_allowed) return 1;
  }
  if (reader->read_failures) reader->health.truncated = 1;
  reader->read_failures = 0;
  reader->draining = 1;
  avcodec_send_packet(reader->decoder, NULL);
  return 1;
}

// A header that announces a clearly longer video than what came tells a file cut short. An estimate
// from the bit rate or from the last packets announces nothing.
static void judge_end(vision_video_reader *reader) {
  double announced = reader->information.duration_seconds;
  // FFmpeg shortens the length of an AVI that has lost its index, but not the header's number of
  // frames; that one counts frames that were left out, too, and so is a length. Elsewhere the
  // number is no measure: an MP4 also counts frames that its edit list hides.
  if (strcmp(reader->container->iformat->name, "avi") == 0)
    announced = fmax(announced, reader->stream->nb_frames / reader->information.frames_per_second);
  if (announced <= 0 || reader->health.frames == 0
      || reader->container->duration_estimation_method != AVFMT_DURATION_FROM_STREAM)
    return;
  double ticks = reader->last_timestamp - reader->first_timestamp + reader->frame_duration;
  double seen = ticks * av_q2d(reader->stream->time_base);
  if (seen < announced - fmax(0.5, 0.05 * announced)) reader->health.truncated = 1;
}

static int decode(vision_video_reader *reader) {
  for (int packets = 0; packets < packets_per_call;) {
    av_frame_unref(reader->frame);
    int code = avcodec_receive_frame(reader->decoder, reader->frame);
    if (code >= 0) {
      if (reader->frame->width <= 0 || reader->frame->height <= 0) continue;
      if (reader->frame->decode_error_flags || (reader->frame->flags & AV_FRAME_FLAG_CORRUPT))
        reader->health.damaged++;
      return VISION_VIDEO_FRAME;
    }
    if (code == AVERROR_EOF) {
      judge_end(reader);
      return VISION_VIDEO_END;
    }
    if (code != AVERROR(EAGAIN)) {
      reader->health.damaged++;
      // A decoder that fails again and again while draining never reports its end.
      if (reader->draining && ++reader->read_failures > read_failures_allowed) {
        judge_end(reader);
        return VISION_VIDEO_END;
      }
      packets++;
      continue;
    }
    if (!feed(reader)) {
      judge_end(reader);
      return VISION_VIDEO_END;
    }
    packets++;
  }
  return VISION_VIDEO_PENDING;
}

int vision_video_open(const char *path, int threads, int maximum_height,
                      vision_video_reader **result, vision_video_information *information,
                      char *message) {
  vision_video_begin_messages();
  *result = NULL;
  message[0] = 0;
  vision_video_reader *reader = calloc(1, sizeof *reader);
  if (!reader) {
    vision_video_describe(message, NULL, AVERROR(ENOMEM));
    return VISION_VIDEO_FAILED;
  }
  int code = open_container(reader, path, message);
  if (code >= 0) code = open_decoder(reader, threads, message);
  if (code >= 0) {
    set_times(reader);
    do code = decode(reader);
    while (code == VISION_VIDEO_PENDING);
    if (code == VISION_VIDEO_FRAME) {
      reader->holds_frame = 1;
      code = vision_video_set_geometry(reader, maximum_height, message);
    } else {
      vision_video_describe(message, "none of its frames can be decoded", 0);
      code = VISION_VIDEO_NO_FRAMES;
    }
  }
  if (code < 0) {
    vision_video_close(reader);
    return code;
  }
  *information = reader->information;
  *result = reader;
  return VISION_VIDEO_FRAME;
}

int vision_video_decode(vision_video_reader *reader, int64_t *timestamp) {
  int code = VISION_VIDEO_FRAME;
  if (reader->holds_frame) reader->holds_frame = 0;
  else code = decode(reader);
  if (code != VISION_VIDEO_FRAME) return code;
  int64_t time = reader->frame->best_effort_timestamp;
  if (time == AV_NOPTS_VALUE) time = reader->next_timestamp;
  if (reader->health.frames == 0) reader->first_timestamp = time;
  reader->health.frames++;
  reader->last_timestamp = time;
  reader->next_timestamp = time + reader->frame_duration;
  *timestamp = time;
  return code;
}

vision_video_health vision_video_get_health(const vision_video_reader *reader) {
  return reader->health;
}

void vision_video_close(vision_video_reader *reader) {
  if (!reader) return;
  sws_freeContext(reader->scaler);
  vision_plane_scaler_free(reader->planes);
  av_free(reader->scratch);
  av_frame_free(&reader->frame);
  av_packet_free(&reader->packet);
  avcodec_free_context(&reader->decoder);
  avformat_close_input(&reader->container);
  free(reader);
}
