// From an output back to the top layer: columns of head and bypasses, and dy/dh.
#pragma once
#include "head.h"

namespace fastlstm {
namespace {

// Columns of readout and bypasses for output `k`, and the direct part of dy/dh into `dh`.
template <class T>
void readout_adjoint(const Shape& s, const T* params, const T* slot, int k, T* columns, T* dh) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const LayerShape& top = s.layers[s.n_layers - 1];
  const T* h = slot + std::int64_t(top.feature) * L;
  for (int j = 0; j < top.n_hidden; ++j) {
    V::load(h + j * L).store(columns + (s.readout_hidden + k * top.n_hidden + j) * L);
    V(params[s.readout_hidden + k * top.n_hidden + j]).store(dh + j * L);
  }
  for (int j = 0; j < s.n_inputs; ++j)
    V::load(slot + j * L).store(columns + (s.readout_input + k * s.n_inputs + j) * L);
  V(T(1)).store(columns + (s.readout_bias + k) * L);
}

// Back through one MLP layer: its columns, and `out` += weight' d of what is below.
template <class T>
void head_layer_adjoint(const HeadShape& a, const T* params, const T* values, const T* below,
                        const T* adjoint, T* columns, T* out) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  for (int r = 0; r < a.n_out; ++r) {
    const V value = V::load(values + r * L);
    const V d = V::load(adjoint + r * L) * (V(T(1)) - value * value);
    d.store(columns + (a.bias + r) * L);
    for (int j = 0; j < a.n_in; ++j) {
      (d * V::load(below + j * L)).store(columns + (a.weight + r * a.n_in + j) * L);
      fma(V(params[a.weight + r * a.n_in + j]), d, V::load(out + j * L)).store(out + j * L);
    }
  }
}

template <class T>
struct HeadWork {
  T* values;      // (head_width, lanes)
  T* adjoint[2];  // (max_width, lanes)
};

// All columns beyond the LSTM layers for output `k`, zero where they belong to other outputs, and
// dy/dh of the top layer into `dh`.
template <class T>
void head_adjoint(const Shape& s, const T* params, const T* slot, int k, const HeadWork<T>& work,
                  T* columns, T* dh) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  for (std::int64_t p = s.n_lstm_params; p < s.n_params; ++p) V(T(0)).store(columns + p * L);
  readout_adjoint(s, params, slot, k, columns, dh);
  if (s.n_head == 0) return;
  const int n_last = s.head[s.n_head - 1].n_out;
  const T* values = work.values + (head_width(s) - n_last) * L;
  T *adjoint = work.adjoint[0], *out = work.adjoint[1];
  for (int j = 0; j < n_last; ++j) {
    V::load(values + j * L).store(columns + (s.readout_head + k * n_last + j) * L);
    V(params[s.readout_head + k * n_last + j]).store(adjoint + j * L);
  }
  for (int l = s.n_head - 1; l > 0; --l) {
    const HeadShape& a = s.head[l];
    const T* below = values - a.n_in * L;
    for (int j = 0; j < a.n_in; ++j) V(T(0)).store(out + j * L);
    head_layer_adjoint(a, params, values, below, adjoint, columns, out);
    values = below;
    T* swap = adjoint;
    adjoint = out;
    out = swap;
  }
  const T* h = slot + std::int64_t(s.layers[s.n_layers - 1].feature) * L;
  head_layer_adjoint(s.head[0], params, values, h, adjoint, columns, dh);
}

}  // namespace
}  // namespace fastlstm
