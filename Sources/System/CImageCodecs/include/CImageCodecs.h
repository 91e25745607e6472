#ifndef CImageCodecs_h
#define CImageCodecs_h

#include "byte_sink.h"
#include "file.h"
#include "jpeg.h"
#include "png_picture.h"
#include "resample.h"

#endif
