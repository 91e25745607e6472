#ifndef VISION_FAST_H
#define VISION_FAST_H

// One build for machines with AVX2 and one for all others, chosen when the program is loaded. Sums are
// of whole numbers, so both give the same bytes.
#if defined(__x86_64__) && defined(__GLIBC__)
#define FAST __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define FAST
#endif

#endif
