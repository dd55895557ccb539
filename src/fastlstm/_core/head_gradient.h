// Error of the lanes at one step, its gradient with respect to head and bypasses, and dh.
#pragma once
#include "head_adjoint.h"
#include "lanes.h"

namespace fastlstm {
namespace {

// What is measured, and the sums of the errors so far.
struct Scoring {
  const double* y;  // (n_total, n_outputs)
  std::int64_t washout;
  double cost;
  std::int64_t n_scored;  // steps with at least one measured output
};

// Output minus measurement of every lane in place, zero where it is not scored.
template <class T>
FASTLSTM_INLINE void subtract_measured(const Shape& s, const Lanes<T>& g, std::int64_t t,
                                       Scoring& score, T* out) {
  constexpr int L = Lanes<T>::L;
  for (int i = 0; i < L; ++i) {
    const bool inside = t >= score.washout && t < g.length[i];
    const double* y = score.y + (inside ? (g.first[i] + t) * s.n_outputs : 0);
    bool any = false;
    for (int k = 0; k < s.n_outputs; ++k) {
      const bool scored = inside && y[k] == y[k];
      const double r = scored ? double(out[k * L + i]) - y[k] : 0.0;
      out[k * L + i] = T(r);
      score.cost += r * r;
      any = any || scored;
    }
    score.n_scored += any;
  }
}

// sums[k] += r * x[k].
template <class T>
FASTLSTM_INLINE void add_products(Vec<T> r, const T* x, int n, T* sums) {
  using V = Vec<T>;
  for (int k = 0; k < n; ++k, x += V::lanes, sums += V::lanes)
    fma(r, V::load(x), V::load(sums)).store(sums);
}

// out[k] += w[k] * r.
template <class T>
FASTLSTM_INLINE void add_scaled(const T* w, Vec<T> r, int n, T* out) {
  using V = Vec<T>;
  for (int k = 0; k < n; ++k, out += V::lanes) fma(V(w[k]), r, V::load(out)).store(out);
}

// Back through one MLP layer: gradient into `sums`, `out` += weight' d.
template <class T>
FASTLSTM_INLINE void head_layer_gradient(const HeadShape& a, const T* params, const T* values,
                                         const T* below, const T* adjoint, T* sums, T* out) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  for (int r = 0; r < a.n_out; ++r) {
    const V value = V::load(values + r * L);
    const V d = V::load(adjoint + r * L) * (V(T(1)) - value * value);
    T* bias = sums + (a.bias + r) * L;
    (V::load(bias) + d).store(bias);
    add_products(d, below, a.n_in, sums + (a.weight + std::int64_t(r) * a.n_in) * L);
    add_scaled(params + a.weight + std::int64_t(r) * a.n_in, d, a.n_in, out);
  }
}

// Free-run output of one slot without the measurement: (n_outputs, lanes).
template <class T>
FASTLSTM_INLINE void lane_outputs(const Shape& s, const T* params, const T* slot, const T* h,
                                  const T* values, T* out) {
  using V = Vec<T>;
  readout_values(s, params, h, values, out);
  for (int k = 0; k < s.n_outputs; ++k, out += V::lanes)
    (dot(params + s.readout_input + k * s.n_inputs, slot, s.n_inputs,
         V(params[s.readout_bias + k])) +
     V::load(out))
        .store(out);
}

// Adds the gradient of head and bypasses at step t to `sums`, and dh of the top layer to `dh`.
template <class T>
void head_gradient(const Shape& s, const T* params, const T* slot, const Lanes<T>& g,
                   std::int64_t t, const HeadWork<T>& work, Scoring& score, T* out, T* sums,
                   T* dh) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const LayerShape& top = s.layers[s.n_layers - 1];
  const T* h = slot + std::int64_t(top.feature) * L;
  const int n_last = s.n_head ? s.head[s.n_head - 1].n_out : 0;
  const T* values = work.values + (head_width(s) - n_last) * L;
  head_values(s, params, h, work.values);
  lane_outputs(s, params, slot, h, work.values, out);
  subtract_measured(s, g, t, score, out);
  T *adjoint = work.adjoint[0], *next = work.adjoint[1];
  for (int j = 0; j < n_last; ++j) V(T(0)).store(adjoint + j * L);
  for (int k = 0; k < s.n_outputs; ++k) {
    const V r = V::load(out + k * L);
    T* bias = sums + (s.readout_bias + k) * L;
    (V::load(bias) + r).store(bias);
    add_products(r, slot, s.n_inputs, sums + (s.readout_input + k * s.n_inputs) * L);
    add_products(r, h, top.n_hidden, sums + (s.readout_hidden + k * top.n_hidden) * L);
    add_products(r, values, n_last, sums + (s.readout_head + k * n_last) * L);
    add_scaled(params + s.readout_hidden + k * top.n_hidden, r, top.n_hidden, dh);
    add_scaled(params + s.readout_head + k * n_last, r, n_last, adjoint);
  }
  for (int l = s.n_head - 1; l >= 0; --l) {
    const HeadShape& a = s.head[l];
    const T* below = l ? values - a.n_in * L : h;
    for (int j = 0; l && j < a.n_in; ++j) V(T(0)).store(next + j * L);
    head_layer_gradient(a, params, values, below, adjoint, sums, l ? next : dh);
    values = below;
    T* swap = adjoint;
    adjoint = next;
    next = swap;
  }
}

}  // namespace
}  // namespace fastlstm
