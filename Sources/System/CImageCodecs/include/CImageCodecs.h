#ifndef CImageCodecs_h
#define CImageCodecs_h

#include "byte_sink.h"
#include "file.h"
#include "jpeg.h"
#include "orient.h"
#include "png_picture.h"

#endif
