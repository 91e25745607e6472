#ifndef CMedia_h
#define CMedia_h
#endif
