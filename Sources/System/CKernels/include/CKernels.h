#ifndef CKernels_h
#define CKernels_h
#endif
