#ifndef CMedia_h
#define CMedia_h

#include "resample.h"
#include "still.h"
#include "video.h"

#endif
