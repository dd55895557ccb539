// Vectors of one element type, as wide as the instruction set of this build.
//
// One source serves AVX-512, AVX2 and baseline builds: `Vec<T>::lanes` follows the compiler flags.
// GCC and Clang use their vector extension; any other compiler gets plain loops of the same meaning.
#pragma once
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
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

#if defined(__GNUC__) || defined(__clang__)
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
  FASTLSTM_INLINE T operator[](int i) const { return v[i]; }
  friend FASTLSTM_INLINE Vec operator+(Vec a, Vec b) { return a.v + b.v; }
  friend FASTLSTM_INLINE Vec operator-(Vec a, Vec b) { return a.v - b.v; }
  friend FASTLSTM_INLINE Vec operator*(Vec a, Vec b) { return a.v * b.v; }
  friend FASTLSTM_INLINE Vec operator/(Vec a, Vec b) { return a.v / b.v; }
  friend FASTLSTM_INLINE Vec min(Vec a, Vec b) { return a.v < b.v ? a.v : b.v; }
  friend FASTLSTM_INLINE Vec max(Vec a, Vec b) { return a.v > b.v ? a.v : b.v; }
};
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
  T operator[](int i) const { return v[i]; }
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
};
#endif

// a * b + c; contracted to one instruction where the machine has it.
template <class T>
FASTLSTM_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) {
  return a * b + c;
}

// 1 / a to full precision for positive, normal a.
template <class T>
FASTLSTM_INLINE Vec<T> reciprocal(Vec<T> a) {
  return Vec<T>(T(1)) / a;
}
#if defined(__AVX512F__) && (defined(__GNUC__) || defined(__clang__))
// 14 bits, then one Newton step: a division would occupy the only divider for 16 cycles.
template <>
FASTLSTM_INLINE Vec<float> reciprocal(Vec<float> a) {
  Vec<float> r = Vec<float>::raw(_mm512_rcp14_ps(__m512(a.v)));
  return fma(r, Vec<float>(1.0f) - a * r, r);
}
#endif

// Sum of all lanes.
template <class T>
FASTLSTM_INLINE T sum(Vec<T> a) {
#if defined(__AVX512F__) && (defined(__GNUC__) || defined(__clang__))
  if constexpr (sizeof(T) == 4)
    return _mm512_reduce_add_ps(__m512(a.v));
  else
    return _mm512_reduce_add_pd(__m512d(a.v));
#else
  T total = a[0];
  for (int i = 1; i < Vec<T>::lanes; ++i) total += a[i];
  return total;
#endif
}

// Stores the first n lanes.
template <class T>
FASTLSTM_INLINE void store_first(Vec<T> a, T* p, int n) {
  if (n >= Vec<T>::lanes) {
    a.store(p);
    return;
  }
#if defined(__AVX512F__) && (defined(__GNUC__) || defined(__clang__))
  if constexpr (sizeof(T) == 4) {
    _mm512_mask_storeu_ps(p, __mmask16((1u << n) - 1), __m512(a.v));
  } else {
    _mm512_mask_storeu_pd(p, __mmask8((1u << n) - 1), __m512d(a.v));
  }
#else
  T all[Vec<T>::lanes];
  a.store(all);
  std::memcpy(p, all, sizeof(T) * size_t(n));
#endif
}

#if defined(__GNUC__) || defined(__clang__)
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
