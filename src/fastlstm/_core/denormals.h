// Arithmetic without denormal numbers.
#pragma once
#include <cstdint>

#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace fastlstm {
namespace {

// Adjoints fade below the smallest normal number; arithmetic on what is left would take a hundred
// times longer and change nothing, so it is flushed to zero while a kernel runs.
struct FlushDenormals {
#if defined(__SSE2__) || defined(_M_X64)
  unsigned saved = _mm_getcsr();
  FlushDenormals() { _mm_setcsr(saved | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(saved); }
#elif defined(__aarch64__) && defined(__GNUC__)
  std::uint64_t saved;
  FlushDenormals() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
    __asm__ volatile("msr fpcr, %0" ::"r"(saved | (std::uint64_t(1) << 24)));
  }
  ~FlushDenormals() { __asm__ volatile("msr fpcr, %0" ::"r"(saved)); }
#else
  FlushDenormals() {}
#endif
};

}  // namespace
}  // namespace fastlstm
