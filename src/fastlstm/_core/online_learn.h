// Regressor of one step down the layers, never back in time, and the normalised update.
#pragma once
#include "online_head.h"

namespace fastlstm {
namespace {

// out += weight_ih' dz for the gates of one block; `out` has whole vectors.
template <class T>
FASTLSTM_INLINE void to_layer_below(const OnlineLayer<T>& a, int block, const Vec<T> (&dz)[4],
                                    T* out) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const int n_in = a.n_columns - 1 - a.n_hidden;
  const T* w = a.weights + (std::int64_t(block) * a.n_columns + 1) * 4 * L;
  for (int first = 0; first < n_in; first += L, w += 4 * L * L) {
    V part[L];
    for (int i = 0; i < L; ++i) {
      part[i] = V(T(0));
      if (first + i >= n_in) continue;
      for (int g = 0; g < 4; ++g) part[i] = fma(V::load(w + (4 * i + g) * L), dz[g], part[i]);
    }
    transpose(part);  // a sum over lanes becomes a sum over vectors
    V total = V::load(out + first);
    for (int i = 0; i < L; ++i) total = total + part[i];
    total.store(out + first);
  }
}

// Regressor of one layer for all outputs: what the update needs of it, dy/dh of the layer below (if
// there is one), and the sum of its squares, which is returned.
template <class T>
T layer_regressor(const OnlineLayer<T>& a, const OnlineLayer<T>* below, int n_outputs,
                  const T* error, bool cell_path) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const T columns2 = row_dot(a.columns, a.columns, a.n_columns);
  if (below)
    for (int k = 0; k < n_outputs * below->width; ++k) below->dh[k] = T(0);
  V norm2(T(0));
  for (int b = 0; b < a.width / L; ++b) {
    V q[kFeaturesPerUnit];
    for (int i = 0; i < kFeaturesPerUnit; ++i)
      q[i] = V::load(a.factors + (b * kFeaturesPerUnit + i) * L);
    V v2(T(0)), o2(T(0)), v_pull(T(0)), o_pull(T(0));
    for (int j = 0; j < n_outputs; ++j) {
      const V dh = V::load(a.dh + std::int64_t(j) * a.width + b * L);
      const V v = dh * q[kE], dz_o = dh * q[kAo];
      v2 = fma(v, v, v2);
      o2 = fma(dz_o, dz_o, o2);
      v_pull = fma(V(error[j]), v, v_pull);
      o_pull = fma(V(error[j]), dz_o, o_pull);
      if (below)
        to_layer_below<T>(a, b, {v * q[kAi], v * q[kAf], v * q[kAg], dz_o},
                          below->dh + std::int64_t(j) * below->width);
    }
    v_pull.store(a.pull + b * L);
    o_pull.store(a.pull + a.width + b * L);
    const V local2 = q[kAi] * q[kAi] + q[kAf] * q[kAf] + q[kAg] * q[kAg];
    const V size = cell_path ? V::load(a.size + b * L) : local2 * V(columns2);
    norm2 = fma(v2, size, fma(o2, V(columns2), norm2));
  }
  return lane_sum(norm2);
}

// weights -= rate * phi' e.
template <class T>
void update_layer(const OnlineLayer<T>& a, T rate, bool cell_path) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  for (int b = 0; b < a.width / L; ++b) {
    T* w = a.weights + std::int64_t(b) * a.n_columns * 4 * L;
    const T* trace = a.trace + std::int64_t(b) * a.n_columns * 3 * L;
    const T* factors = a.factors + b * kFeaturesPerUnit * L;
    const V v = V(-rate) * V::load(a.pull + b * L);
    const V o = V(-rate) * V::load(a.pull + a.width + b * L);
    V local[3];
    for (int g = 0; g < 3; ++g) local[g] = v * V::load(factors + (kAi + g) * L);
    for (int k = 0; k < a.n_columns; ++k, w += 4 * L, trace += 3 * L) {
      const V x(a.columns[k]);
      for (int g = 0; g < 3; ++g) {
        const V step = cell_path ? v * V::load(trace + g * L) : local[g] * x;
        (V::load(w + g * L) + step).store(w + g * L);
      }
      fma(o, x, V::load(w + 3 * L)).store(w + 3 * L);
    }
  }
}

template <class T>
void online_forward(const Shape& s, const Online<T>& net, const double* u, bool cell_path) {
  for (int k = 0; k < s.n_inputs; ++k) net.u[k] = T(u[k]);
  const T* x = net.u;
  for (int l = 0; l < s.n_layers; ++l) {
    online_layer_step(net.layers[l], x, cell_path);
    x = net.layers[l].h;
  }
  online_head_step(s, net);
}

// After a step forward: moves the weights by the normalised rule and returns |phi|^2 over the outputs
// that were measured, those with a finite target.
template <class T>
T online_learn(const Shape& s, const Online<T>& net, const double* target, T eta, bool cell_path) {
  const OnlineLayer<T>& top = net.layers[s.n_layers - 1];
  for (int l = 0; l < s.n_head; ++l)
    for (int r = 0; r < s.head[l].n_out; ++r) net.head[l].pull[r] = T(0);
  T norm2 = T(0);
  bool any = false;
  for (int j = 0; j < s.n_outputs; ++j) {
    const bool measured = target[j] - target[j] == 0.0;
    net.error[j] = measured ? net.y[j] - T(target[j]) : T(0);
    if (measured) {
      norm2 += head_regressor(s, net, j);
    } else {
      for (int k = 0; k < top.width; ++k) top.dh[std::int64_t(j) * top.width + k] = T(0);
    }
    any = any || measured;
  }
  if (!any) return T(0);
  for (int l = s.n_layers - 1; l >= 0; --l)
    norm2 += layer_regressor(net.layers[l], l ? net.layers + l - 1 : nullptr, s.n_outputs,
                             net.error, cell_path);
  const T rate = eta / (T(1) + norm2);
  update_head(s, net, rate);
  for (int l = 0; l < s.n_layers; ++l) update_layer(net.layers[l], rate, cell_path);
  return norm2;
}

}  // namespace
}  // namespace fastlstm
