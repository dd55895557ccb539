// The recurrent part of the adjoint: dz of every step, from the rows back in time.
//
//   v = dc + dh e;  dz = [v a_i, v a_f, v a_g, dh a_o];  dc = v f
//   dh = weight_hh' dz  (for s-1);  dh of the layer below += weight_ih' dz  (same s)
#pragma once
#include "matvec.h"
#include "shape.h"

namespace fastlstm {
namespace {

template <class T>
struct SweepState {
  T* dh;  // (n_units, lanes)
  T* dc;  // (n_units, lanes)
};

// Weights of one layer as rows [unit][gate] of [weight_ih (unless lowest), weight_hh].
template <class T>
T* pack_adjoint(const LayerShape& a, const T* params, T* out) {
  const int n_below = a.unit ? a.n_in : 0;
  for (int j = 0; j < a.n_hidden; ++j)
    for (int gate = 0; gate < 4; ++gate) {
      const std::int64_t row = std::int64_t(gate) * a.n_hidden + j;
      for (int k = 0; k < n_below; ++k) *out++ = params[a.weight_ih + row * a.n_in + k];
      for (int k = 0; k < a.n_hidden; ++k) *out++ = params[a.weight_hh + row * a.n_hidden + k];
    }
  return out;
}

// One step back through the gates of a layer, writing dz [unit][gate], with the first N outputs of
// weights' dz on the way: the multiply-adds fill the waits of the gates. `dh`, `out` may overlap.
template <class T, int N = kMaxOutputs>
FASTLSTM_INLINE void gate_tile(int n, const LayerShape& a, const T* feature, const T* weights,
                               int ld, T* dh, T* dc, T* dz, T* out) {
  if constexpr (N > 1) {
    if (n < N) return gate_tile<T, N - 1>(n, a, feature, weights, ld, dh, dc, dz, out);
  }
  using V = Vec<T>;
  constexpr int L = V::lanes;
  constexpr int sets = N <= 6 ? 2 : 1;  // too few outputs alone would wait for each other
  const std::int64_t gap = std::int64_t(a.n_hidden) * L;
  V acc[sets][N];
  for (int k = 0; k < N; ++k)
    for (int i = 0; i < sets; ++i) acc[i][k] = V(T(0));
  for (int j = 0; j < a.n_hidden; ++j, feature += L, dz += 4 * L) {
    const V d = V::load(dh + j * L);
    const V v = fma(d, V::load(feature + kE * gap), V::load(dc + j * L));
    (v * V::load(feature + kF * gap)).store(dc + j * L);
    V(T(0)).store(dh + j * L);
    for (int gate = 0; gate < 4; ++gate, weights += ld) {
      const V z = (gate == 3 ? d : v) * V::load(feature + (kAi + gate) * gap);
      z.store(dz + gate * L);
      for (int k = 0; k < N; ++k) acc[gate % sets][k] = fma(V(weights[k]), z, acc[gate % sets][k]);
    }
  }
  for (int k = 0; k < N; ++k) {
    V total = V::load(out + k * L) + acc[0][k];
    if constexpr (sets == 2) total = total + acc[1][k];
    total.store(out + k * L);
  }
}

// One step back through one layer.
template <class T>
FASTLSTM_INLINE void sweep_layer(const LayerShape& a, const T* weights, const T* slot,
                                 const SweepState<T>& state, T* dz) {
  constexpr int L = Vec<T>::lanes;
  const int n_below = a.unit ? a.n_in : 0, n_outputs = n_below + a.n_hidden;
  T* dh = state.dh + std::int64_t(a.unit) * L;
  T* out = dh - std::int64_t(n_below) * L;
  int n = tile_width(n_outputs, kMaxOutputs);
  gate_tile(n, a, slot + std::int64_t(a.feature) * L, weights, n_outputs, dh,
            state.dc + std::int64_t(a.unit) * L, dz, out);
  for (int c = n; c < n_outputs; c += n) {
    n = tile_width(n_outputs - c, kMaxOutputs);
    matvec_tile(n, weights + c, n_outputs, 4 * a.n_hidden, dz, out + std::int64_t(c) * L);
  }
}

}  // namespace
}  // namespace fastlstm
