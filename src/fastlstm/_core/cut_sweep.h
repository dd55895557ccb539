// The split: what flows back in time is cut at the delay.
//
// Nothing passes weight_hh' dz. With Carry the cell path stays: dc = v f runs back through the
// forget gates, and only the gradient of the layer's own weights sees it. The layer below is
// handed weight_ih' dz of the errors of this very step, as in the sample-by-sample rule.
#pragma once
#include "matvec.h"
#include "shape.h"
#include "sweep.h"

namespace fastlstm {
namespace {

// The gates of one layer at one step: dz [unit][gate], and dc carried on.
template <class T, bool Carry>
FASTLSTM_INLINE void cut_gates(const LayerShape& a, const T* feature, const T* dh, T* dc, T* dz) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const std::int64_t gap = std::int64_t(a.n_hidden) * L;
  for (int j = 0; j < a.n_hidden; ++j, feature += L, dz += 4 * L) {
    const V d = V::load(dh + j * L), e = V::load(feature + kE * gap);
    const V v = Carry ? fma(d, e, V::load(dc + j * L)) : d * e;
    if (Carry) (v * V::load(feature + kF * gap)).store(dc + j * L);
    for (int gate = 0; gate < 4; ++gate)
      ((gate == 3 ? d : v) * V::load(feature + (kAi + gate) * gap)).store(dz + gate * L);
  }
}

// out[0..N) = weight_ih' dz of the errors of this step alone.
template <class T, int N = kMaxOutputs>
FASTLSTM_INLINE void cut_tile(int n, const LayerShape& a, const T* feature, const T* weights,
                              const T* dh, T* out) {
  if constexpr (N > 1) {
    if (n < N) return cut_tile<T, N - 1>(n, a, feature, weights, dh, out);
  }
  using V = Vec<T>;
  constexpr int L = V::lanes;
  constexpr int sets = N <= 6 ? 2 : 1;  // too few outputs alone would wait for each other
  const std::int64_t gap = std::int64_t(a.n_hidden) * L;
  V acc[sets][N];
  for (int k = 0; k < N; ++k)
    for (int i = 0; i < sets; ++i) acc[i][k] = V(T(0));
  for (int j = 0; j < a.n_hidden; ++j, feature += L) {
    const V d = V::load(dh + j * L), v = d * V::load(feature + kE * gap);
    for (int gate = 0; gate < 4; ++gate, weights += a.n_in + a.n_hidden) {
      const V z = (gate == 3 ? d : v) * V::load(feature + (kAi + gate) * gap);
      for (int k = 0; k < N; ++k) acc[gate % sets][k] = fma(V(weights[k]), z, acc[gate % sets][k]);
    }
  }
  for (int k = 0; k < N; ++k)
    (sets == 2 ? acc[0][k] + acc[sets - 1][k] : acc[0][k]).store(out + k * L);
}

// One step of one layer; dh of the layer below is overwritten.
template <class T, bool Carry>
FASTLSTM_INLINE void cut_layer(const LayerShape& a, const T* weights, const T* slot,
                               const SweepState<T>& state, T* dz) {
  constexpr int L = Vec<T>::lanes;
  const T* feature = slot + std::int64_t(a.feature) * L;
  const T* dh = state.dh + std::int64_t(a.unit) * L;
  cut_gates<T, Carry>(a, feature, dh, state.dc + std::int64_t(a.unit) * L, dz);
  if (a.unit == 0) return;
  T* below = state.dh + std::int64_t(a.unit - a.n_in) * L;
  for (int c = 0, n; c < a.n_in; c += n) {
    n = tile_width(a.n_in - c, kMaxOutputs);
    cut_tile(n, a, feature, weights + c, dh, below + std::int64_t(c) * L);
  }
}

}  // namespace
}  // namespace fastlstm
