// Vectors of one element type, as wide as the instruction set of this build.
//
// One source serves AVX-512, AVX2 and baseline builds: `Vec<T>::lanes` follows the compiler flags.
// GCC and Clang use their vector extension; other compilers get plain loops of the same meaning.
#pragma once
#include <cstdint>
#include <cstring>

#if (defined(__GNUC__) || defined(__clang__)) && !defined(FASTLSTM_PLAIN_LOOPS)
#define FASTLSTM_VECTOR_EXTENSION
#if defined(__x86_64__)
#define FASTLSTM_X86
#include <immintrin.h>
#endif
#endif

namespace fastlstm {
namespace {  // internal linkage: builds for different instruction sets must not share code

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
constexpr int kVectorRegisters = 32;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
constexpr int kVectorRegisters = 16;
#else
constexpr int kVectorBytes = 16;
constexpr int kVectorRegisters = 16;
#endif

#if defined(FASTLSTM_VECTOR_EXTENSION)
#define FASTLSTM_INLINE inline __attribute__((always_inline))
#define FASTLSTM_NOINLINE __attribute__((noinline))
template <class T>
struct RawVector;
template <>
struct RawVector<float> {
  typedef float type __attribute__((vector_size(kVectorBytes)));
};
template <>
struct RawVector<double> {
  typedef double type __attribute__((vector_size(kVectorBytes)));
};
template <class T>
struct Vec {
  static constexpr int lanes = kVectorBytes / int(sizeof(T));
  using raw = typename RawVector<T>::type;
  raw v;
  Vec() = default;
  FASTLSTM_INLINE Vec(raw x) : v(x) {}
  FASTLSTM_INLINE explicit Vec(T x) : v(x - raw{}) {}
  static FASTLSTM_INLINE Vec load(const T* p) {
    Vec r;
    std::memcpy(&r.v, p, sizeof(raw));
    return r;
  }
  FASTLSTM_INLINE void store(T* p) const { std::memcpy(p, &v, sizeof(raw)); }
  friend FASTLSTM_INLINE Vec operator+(Vec a, Vec b) { return a.v + b.v; }
  friend FASTLSTM_INLINE Vec operator-(Vec a, Vec b) { return a.v - b.v; }
  friend FASTLSTM_INLINE Vec operator*(Vec a, Vec b) { return a.v * b.v; }
  friend FASTLSTM_INLINE Vec operator/(Vec a, Vec b) { return a.v / b.v; }
};
#if defined(FASTLSTM_X86)
#if defined(__AVX512F__)
#define FASTLSTM_MM(operation) _mm512_##operation
using RegisterF = __m512;
using RegisterD = __m512d;
#elif defined(__AVX2__)
#define FASTLSTM_MM(operation) _mm256_##operation
using RegisterF = __m256;
using RegisterD = __m256d;
#else
#define FASTLSTM_MM(operation) _mm_##operation
using RegisterF = __m128;
using RegisterD = __m128d;
#endif
// The compiler does not find these instructions in the expressions below.
FASTLSTM_INLINE Vec<float> min(Vec<float> a, Vec<float> b) {
  return Vec<float>::raw(FASTLSTM_MM(min_ps)(RegisterF(a.v), RegisterF(b.v)));
}
FASTLSTM_INLINE Vec<float> max(Vec<float> a, Vec<float> b) {
  return Vec<float>::raw(FASTLSTM_MM(max_ps)(RegisterF(a.v), RegisterF(b.v)));
}
#endif
// The second operand where they do not compare: NaN on the right stays NaN.
template <class T>
FASTLSTM_INLINE Vec<T> min(Vec<T> a, Vec<T> b) {
  return a.v < b.v ? a.v : b.v;
}
template <class T>
FASTLSTM_INLINE Vec<T> max(Vec<T> a, Vec<T> b) {
  return a.v > b.v ? a.v : b.v;
}
// Lanes of a where y is a number, zero where it is NaN.
template <class T>
FASTLSTM_INLINE Vec<T> zero_where_nan(Vec<T> y, Vec<T> a) {
  return y.v == y.v ? a.v : typename Vec<T>::raw{};
}
#else
#define FASTLSTM_INLINE inline
#define FASTLSTM_NOINLINE
template <class T>
struct Vec {
  static constexpr int lanes = kVectorBytes / int(sizeof(T));
  T v[lanes];
  Vec() = default;
  explicit Vec(T x) {
    for (T& e : v) e = x;
  }
  static Vec load(const T* p) {
    Vec r;
    std::memcpy(r.v, p, sizeof(r.v));
    return r;
  }
  void store(T* p) const { std::memcpy(p, v, sizeof(v)); }
  template <class F>
  static Vec map(Vec a, Vec b, F f) {
    for (int i = 0; i < lanes; ++i) a.v[i] = f(a.v[i], b.v[i]);
    return a;
  }
  friend Vec operator+(Vec a, Vec b) { return map(a, b, [](T x, T y) { return x + y; }); }
  friend Vec operator-(Vec a, Vec b) { return map(a, b, [](T x, T y) { return x - y; }); }
  friend Vec operator*(Vec a, Vec b) { return map(a, b, [](T x, T y) { return x * y; }); }
  friend Vec operator/(Vec a, Vec b) { return map(a, b, [](T x, T y) { return x / y; }); }
  friend Vec min(Vec a, Vec b) { return map(a, b, [](T x, T y) { return x < y ? x : y; }); }
  friend Vec max(Vec a, Vec b) { return map(a, b, [](T x, T y) { return x > y ? x : y; }); }
  friend Vec zero_where_nan(Vec y, Vec a) {
    return map(y, a, [](T x, T e) { return x == x ? e : T(0); });
  }
};
#endif

// a * b + c; contracted to one instruction where the machine has it.
template <class T>
FASTLSTM_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) {
  return a * b + c;
}

// a / b to nearly full precision for positive, normal b.
template <class T>
FASTLSTM_INLINE Vec<T> divide(Vec<T> a, Vec<T> b) {
  return a / b;
}
#if defined(FASTLSTM_X86) && defined(__AVX512F__)
// 14 bits, then one Newton step: a division would occupy the only divider for 16 cycles.
template <>
FASTLSTM_INLINE Vec<float> divide(Vec<float> a, Vec<float> b) {
  const Vec<float> r = Vec<float>::raw(_mm512_rcp14_ps(RegisterF(b.v)));
  const Vec<float> q = a * r;
  return fma(q, Vec<float>(1.0f) - b * r, q);
}
#endif

// Stores lanes [first, first + n) where a full store to p would put them.
template <class T>
FASTLSTM_INLINE void store_lanes(Vec<T> a, T* p, int first, int n) {
  if (n >= Vec<T>::lanes) {
    a.store(p);
    return;
  }
#if defined(FASTLSTM_X86) && defined(__AVX512F__)
  const unsigned mask = ((1u << n) - 1) << first;
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_ps(p, __mmask16(mask), RegisterF(a.v));
  else
    _mm512_mask_storeu_pd(p, __mmask8(mask), RegisterD(a.v));
#elif defined(FASTLSTM_X86) && defined(__AVX2__)
  if constexpr (sizeof(T) == 4) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i before = _mm256_cmpgt_epi32(_mm256_set1_epi32(first), lane);
    const __m256i inside = _mm256_cmpgt_epi32(_mm256_set1_epi32(first + n), lane);
    _mm256_maskstore_ps(p, _mm256_andnot_si256(before, inside), RegisterF(a.v));
  } else {
    const __m256i lane = _mm256_setr_epi64x(0, 1, 2, 3);
    const __m256i before = _mm256_cmpgt_epi64(_mm256_set1_epi64x(first), lane);
    const __m256i inside = _mm256_cmpgt_epi64(_mm256_set1_epi64x(first + n), lane);
    _mm256_maskstore_pd(p, _mm256_andnot_si256(before, inside), RegisterD(a.v));
  }
#else
  T all[Vec<T>::lanes];
  a.store(all);
  std::memcpy(p + first, all + first, sizeof(T) * size_t(n));
#endif
}

// Sum of all lanes, in their order.
template <class T>
FASTLSTM_INLINE T total(Vec<T> a) {
  T all[Vec<T>::lanes], sum = T(0);
  a.store(all);
  for (T x : all) sum += x;
  return sum;
}

// As many elements as a Vec<double> has lanes, widened.
FASTLSTM_INLINE Vec<double> load_double(const double* p) { return Vec<double>::load(p); }
FASTLSTM_INLINE Vec<double> load_double(const float* p) {
#if defined(FASTLSTM_X86) && defined(__AVX512F__)
  return Vec<double>::raw(_mm512_cvtps_pd(_mm256_loadu_ps(p)));
#elif defined(FASTLSTM_X86) && defined(__AVX2__)
  return Vec<double>::raw(_mm256_cvtps_pd(_mm_loadu_ps(p)));
#else
  double all[Vec<double>::lanes];
  for (int i = 0; i < Vec<double>::lanes; ++i) all[i] = double(p[i]);
  return Vec<double>::load(all);
#endif
}

// Stores to an aligned address past the caches, for results that are read much later.
FASTLSTM_INLINE void stream(Vec<double> a, double* p) {
#if defined(FASTLSTM_X86)
  FASTLSTM_MM(stream_pd)(p, RegisterD(a.v));
#else
  a.store(p);
#endif
}
// To be called before another thread reads what was streamed.
FASTLSTM_INLINE void end_stream() {
#if defined(FASTLSTM_X86)
  _mm_sfence();
#endif
}

#if defined(FASTLSTM_VECTOR_EXTENSION)
// Interleaves the lower (or upper) halves of a and b: a0 b0 a1 b1 ...
template <class T, bool Upper, int... I>
FASTLSTM_INLINE Vec<T> interleave_impl(Vec<T> a, Vec<T> b) {
  return typename Vec<T>::raw(__builtin_shufflevector(a.v, b.v, I...));
}
template <class T, bool Upper>
FASTLSTM_INLINE Vec<T> interleave(Vec<T> a, Vec<T> b) {
  constexpr int n = Vec<T>::lanes, o = Upper ? n / 2 : 0;
  if constexpr (n == 16) {
    return interleave_impl<T, Upper, o, o + n, o + 1, o + 1 + n, o + 2, o + 2 + n, o + 3,
                           o + 3 + n, o + 4, o + 4 + n, o + 5, o + 5 + n, o + 6, o + 6 + n,
                           o + 7, o + 7 + n>(a, b);
  } else if constexpr (n == 8) {
    return interleave_impl<T, Upper, o, o + n, o + 1, o + 1 + n, o + 2, o + 2 + n, o + 3,
                           o + 3 + n>(a, b);
  } else if constexpr (n == 4) {
    return interleave_impl<T, Upper, o, o + n, o + 1, o + 1 + n>(a, b);
  } else {
    return interleave_impl<T, Upper, o, o + n>(a, b);
  }
}

// Transposes a square of lanes x lanes in place by log2(lanes) perfect shuffles.
template <class T>
FASTLSTM_INLINE void transpose(Vec<T>* a) {
  constexpr int n = Vec<T>::lanes;
  Vec<T> b[n];
  for (int stage = 1; stage < n; stage *= 2) {
    for (int i = 0; i < n / 2; ++i) {
      b[2 * i] = interleave<T, false>(a[i], a[i + n / 2]);
      b[2 * i + 1] = interleave<T, true>(a[i], a[i + n / 2]);
    }
    for (int i = 0; i < n; ++i) a[i] = b[i];
  }
}
#else
template <class T>
inline void transpose(Vec<T>* a) {
  constexpr int n = Vec<T>::lanes;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < i; ++j) {
      T x = a[i].v[j];
      a[i].v[j] = a[j].v[i];
      a[j].v[i] = x;
    }
}
#endif

}  // namespace
}  // namespace fastlstm
