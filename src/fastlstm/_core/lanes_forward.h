// One step of one layer for all lanes, with the factors that its adjoint needs.
//
// The units go in tiles: their preactivations are summed in registers and meet the gates there.
#pragma once
#include "logistic.h"
#include "matvec.h"
#include "shape.h"

namespace fastlstm {
namespace {

constexpr int kMaxTileUnits = kMaxOutputs / 4;

// Weights of one layer as [tile of units][bias, x.., h_prev..][unit][gate].
template <class T>
T* pack_forward(const LayerShape& a, const double* params, T* out) {
  for (int first = 0, n; first < a.n_hidden; first += n) {
    n = tile_width(a.n_hidden - first, kMaxTileUnits);
    for (int k = -1; k < a.n_in + a.n_hidden; ++k)
      for (int j = first; j < first + n; ++j)
        for (int gate = 0; gate < 4; ++gate) {
          const std::int64_t row = std::int64_t(gate) * a.n_hidden + j;
          const double w = k < 0        ? params[a.bias + row]
                           : k < a.n_in ? params[a.weight_ih + row * a.n_in + k]
                                        : params[a.weight_hh + row * a.n_hidden + k - a.n_in];
          *out++ = T((gate == 2 ? Gate<T>::tanh_scale : Gate<T>::scale) * w);
        }
  }
  return out;
}

// N units: gates from preactivations `acc` [unit][gate], c in place, factors out.
template <class T, int N>
FASTLSTM_INLINE void tile_gates(const Vec<T>* acc, T* c, T* feature, std::int64_t gap) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  for (int j = 0; j < N; ++j, acc += 4, c += L, feature += L) {
    const V i = Gate<T>::logistic(acc[0]), f = Gate<T>::logistic(acc[1]);
    const V g = Gate<T>::tanh_gate(acc[2]), o = Gate<T>::logistic(acc[3]);
    const V ig = i * g, fc = f * V::load(c), c_new = fc + ig;
    const V tanh_c = Gate<T>::tanh_gate(V(T(Gate<T>::tanh_scale)) * c_new), h = o * tanh_c;
    c_new.store(c);
    h.store(feature + kH * gap);
    (ig - ig * i).store(feature + kAi * gap);
    (fc - fc * f).store(feature + kAf * gap);
    (i - ig * g).store(feature + kAg * gap);
    (h - h * o).store(feature + kAo * gap);
    f.store(feature + kF * gap);
    (o - h * tanh_c).store(feature + kE * gap);
  }
}

template <class T, int N = kMaxTileUnits>
FASTLSTM_INLINE void unit_tile(int n, const LayerShape& a, const T* weights, const T* x,
                               const T* h_prev, T* c, T* feature) {
  if constexpr (N > 1) {
    if (n < N) return unit_tile<T, N - 1>(n, a, weights, x, h_prev, c, feature);
  }
  using V = Vec<T>;
  constexpr int L = V::lanes;
  V acc[4 * N];
  for (int j = 0; j < 4 * N; ++j) acc[j] = V(weights[j]);
  weights += 4 * N;
  for (int k = 0; k < a.n_in; ++k, weights += 4 * N) {
    const V x_k = V::load(x + k * L);
    for (int j = 0; j < 4 * N; ++j) acc[j] = fma(V(weights[j]), x_k, acc[j]);
  }
  for (int k = 0; k < a.n_hidden; ++k, weights += 4 * N) {
    const V h_k = V::load(h_prev + k * L);
    for (int j = 0; j < 4 * N; ++j) acc[j] = fma(V(weights[j]), h_k, acc[j]);
  }
  tile_gates<T, N>(acc, c, feature, std::int64_t(a.n_hidden) * L);
}

// One step of one layer; `slot` holds its features, the slot before it h_prev.
template <class T>
FASTLSTM_INLINE const T* forward_layer(const Shape& s, int layer, const T* weights, T* slot, T* c) {
  constexpr int L = Vec<T>::lanes;
  const LayerShape& a = s.layers[layer];
  const T* x = slot + (layer ? std::int64_t(s.layers[layer - 1].feature) * L : 0);
  T* feature = slot + std::int64_t(a.feature) * L;
  const T* h_prev = feature - std::int64_t(s.n_features) * L;
  c += std::int64_t(a.unit) * L;
  for (int first = 0, n; first < a.n_hidden; first += n) {
    n = tile_width(a.n_hidden - first, kMaxTileUnits);
    unit_tile(n, a, weights, x, h_prev, c + first * L, feature + first * L);
    weights += 4ll * n * (1 + a.n_in + a.n_hidden);
  }
  return weights;
}

}  // namespace
}  // namespace fastlstm
