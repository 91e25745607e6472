#ifndef CMedia_video_h
#define CMedia_video_h

#endif
