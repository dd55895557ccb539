// tanh and the logistic function on vectors, float32 and float64.
#pragma once
#include "simd.h"

namespace fastlstm {
namespace {

// Rational approximation x P(x^2) / Q(x^2), degree 13 over 6 (the one Eigen uses): relative error
// below 5e-7 on the whole axis, so that small signals keep their digits.
FASTLSTM_INLINE Vec<float> tanh(Vec<float> x) {
  using V = Vec<float>;
  // Beyond the limit tanh is 1 to rounding.
  const V limit(7.90531110763549805f);
  const V x2 = min(limit * limit, x * x), x4 = x2 * x2;
  x = max(V(-7.90531110763549805f), min(limit, x));
  const V p0 = fma(x2, V(6.37261928875436e-04f), V(4.89352455891786e-03f));
  const V p1 = fma(x2, V(5.12229709037114e-08f), V(1.48572235717979e-05f));
  V p2 = fma(x2, V(2.00018790482477e-13f), V(-8.60467152213735e-11f));
  p2 = fma(x4, V(-2.76076847742355e-16f), p2);
  const V p = fma(x4 * x4, p2, fma(x4, p1, p0));
  const V q0 = fma(x2, V(2.26843463243900e-03f), V(4.89352518554385e-03f));
  const V q1 = fma(x2, V(1.19825839466702e-06f), V(1.18534705686654e-04f));
  return divide(x * p, fma(x4, q1, q0));
}

// 2^k for integer-valued k in [-1022, 1023].
FASTLSTM_INLINE Vec<double> exp2_integer(Vec<double> k) {
  using V = Vec<double>;
  // Adding 1.5 * 2^52 leaves the integer in the low bits of the significand.
  const V shifted = k + V(6755399441055744.0 + 1023.0);
  double d[V::lanes];
  shifted.store(d);
  for (double& e : d) {
    std::uint64_t bits;
    std::memcpy(&bits, &e, 8);
    bits <<= 52;
    std::memcpy(&e, &bits, 8);
  }
  return V::load(d);
}

// exp(x) - 1 for |x| <= 708 by range reduction and a degree-13 Taylor polynomial of exp(r) - 1.
FASTLSTM_INLINE Vec<double> expm1(Vec<double> x) {
  using V = Vec<double>;
  const V magic(6755399441055744.0);
  const V k = (x * V(1.4426950408889634074) + magic) - magic;
  V r = fma(k, V(-6.93147180369123816490e-01), x);
  r = fma(k, V(-1.90821492927058770002e-10), r);
  V p(1.0 / 6227020800.0);
  p = fma(p, r, V(1.0 / 479001600.0));
  p = fma(p, r, V(1.0 / 39916800.0));
  p = fma(p, r, V(1.0 / 3628800.0));
  p = fma(p, r, V(1.0 / 362880.0));
  p = fma(p, r, V(1.0 / 40320.0));
  p = fma(p, r, V(1.0 / 5040.0));
  p = fma(p, r, V(1.0 / 720.0));
  p = fma(p, r, V(1.0 / 120.0));
  p = fma(p, r, V(1.0 / 24.0));
  p = fma(p, r, V(1.0 / 6.0));
  p = fma(p, r, V(0.5));
  p = fma(p * r, r, r);
  const V scale = exp2_integer(k);
  return fma(scale, p, scale - V(1.0));
}

// tanh(x) = (exp(2x) - 1) / (exp(2x) + 1).
FASTLSTM_INLINE Vec<double> tanh(Vec<double> x) {
  using V = Vec<double>;
  x = max(V(-20.0), min(V(20.0), x));  // NaN stays NaN
  const V e = expm1(x + x);
  return e / (e + V(2.0));
}

// sigmoid(x) = (1 + tanh(x / 2)) / 2.
template <class T>
FASTLSTM_INLINE Vec<T> sigmoid(Vec<T> x) {
  const Vec<T> half(T(0.5));
  return fma(half, tanh(half * x), half);
}

}  // namespace
}  // namespace fastlstm
