#include "video_private.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <libavutil/error.h>
#include <libavutil/log.h>

// FFmpeg has one message handler per process and prints by default. A library must not print, but
// its last complaint often tells the cause that the error code lacks ("moov atom not found").
// The messages of opening and reading come on the calling thread, so a thread keeps its own.
static _Thread_local char last_message[256];

static void keep_message(void *source, int level, const char *format, va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  char line[sizeof last_message];
  int prefix = 0;
  av_log_format_line2(source, level, format, arguments, line, sizeof line, &prefix);
  // "[mov,mp4 @ 0x55d0] moov atom not found": the address says nothing to a person.
  const char *text = line;
  if (*text == '[') {
    const char *end = strstr(text, "] ");
    if (end) text = end + 2;
  }
  size_t length = strcspn(text, "\r\n");
  // It becomes part of a sentence that ends by itself.
  while (length > 0 && (text[length - 1] == '.' || text[length - 1] == ' ')) length--;
  if (length == 0) return;
  memcpy(last_message, text, length);
  last_message[length] = 0;
}

static void install_handler(void) { av_log_set_callback(keep_message); }

void vision_video_begin_messages(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install_handler);
  last_message[0] = 0;
}

void vision_video_describe(char *message, const char *what, int code) {
  char meaning[AV_ERROR_MAX_STRING_SIZE] = "";
  if (code < 0) av_strerror(code, meaning, sizeof meaning);
  const char *parts[3] = {what ? what : "", meaning, last_message};
  size_t used = 0;
  message[0] = 0;
  for (int part = 0; part < 3; part++) {
    if (!parts[part][0]) continue;
    int written = snprintf(message + used, VISION_VIDEO_MESSAGE - used, used ? "; %s" : "%s",
                           parts[part]);
    if (written < 0 || (size_t)written >= VISION_VIDEO_MESSAGE - used) break;
    used += (size_t)written;
  }
}
