// Gates for training: absolute errors of a rounding, in half the operations of activations.h.
//
// A gate is a factor and its derivative is made of its value, so that absolute accuracy is what
// counts here; tanh of activations.h keeps relative accuracy as well.
#pragma once
#include "activations.h"

namespace fastlstm {
namespace {

// sigmoid(x) = logistic(Gate<T>::scale * x); weights are packed with the factor.
template <class T>
struct Gate {
  static constexpr double scale = 0.5;
  static FASTLSTM_INLINE Vec<T> logistic(Vec<T> x) {
    const Vec<T> half(T(0.5));
    return fma(half, tanh(x), half);
  }
  static FASTLSTM_INLINE Vec<T> tanh_gate(Vec<T> x) { return tanh(x); }
  static constexpr double tanh_scale = 1.0;
};

#if defined(FASTLSTM_X86) && defined(__AVX512F__)
template <>
struct Gate<float> {
  using V = Vec<float>;
  static constexpr double scale = -1.44269504088896340736;  // -log2(e)

  // 1 / (1 + 2^x): 2^x from its nearest integer and a polynomial with relative error 1e-7.
  static FASTLSTM_INLINE V logistic(V x) {
    x = max(V(-126.0f), min(V(126.0f), x));  // NaN stays NaN
    const V n = V::raw(_mm512_roundscale_ps(RegisterF(x.v), _MM_FROUND_TO_NEAREST_INT));
    const V r = x - n;
    V p = fma(r, V(1.3264727e-3f), V(9.6715130e-3f));
    p = fma(p, r, V(5.5507336e-2f));
    p = fma(p, r, V(0.24022242f));
    p = fma(p, r, V(0.69314700f));
    p = fma(p, r, V(1.0f));
    return reciprocal(V(1.0f) + V::raw(_mm512_scalef_ps(RegisterF(p.v), RegisterF(n.v))));
  }

  // tanh(x) = 2 sigmoid(2 x) - 1.
  static constexpr double tanh_scale = 2.0 * scale;
  static FASTLSTM_INLINE V tanh_gate(V x) { return fma(V(2.0f), logistic(x), V(-1.0f)); }

 private:
  static FASTLSTM_INLINE V reciprocal(V b) {  // 14 bits, then one Newton step
    const V a = V::raw(_mm512_rcp14_ps(RegisterF(b.v)));
    return fma(a, V(1.0f) - a * b, a);
  }
};
#endif

}  // namespace
}  // namespace fastlstm
