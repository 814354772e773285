// Compiles a function once for each x86-64 instruction set. The best version is chosen when the
// program is loaded.
//
// Meant for plain loops over rows of weights or activations, so that one binary runs everywhere and
// uses wide registers where they exist. Sanitized builds use only the baseline, because the
// resolver runs before a sanitizer is ready.
#ifndef STRATA_PRUNING_VECTOR_CLONES_H_
#define STRATA_PRUNING_VECTOR_CLONES_H_

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define STRATA_VECTOR_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define STRATA_VECTOR_CLONES
#endif

// Marks the body of several clones. It is inlined into each clone, so that it is compiled for each
// instruction set.
#define STRATA_INLINE_BODY inline __attribute__((always_inline))

#endif  // STRATA_PRUNING_VECTOR_CLONES_H_
