// Free run of several records at once: one record per vector lane.
#pragma once
#include "adjoint.h"

namespace fastlstm {
namespace {

// Work: transposed weights of all layers, then lane vectors of preact, h, c, u and the MLP.
template <class T>
std::int64_t lanes_work_size(const Shape& s) {
  constexpr int L = Vec<T>::lanes;
  return s.n_lstm_params +
         L * (4ll * s.max_width + 2ll * s.n_units + s.n_inputs + 2ll * s.max_width);
}

// (n_rows, n_cols) to (n_cols, n_rows).
template <class T>
T* transpose_weights(const double* w, int n_rows, int n_cols, T* out) {
  for (int c = 0; c < n_cols; ++c)
    for (int r = 0; r < n_rows; ++r) *out++ = T(w[std::int64_t(r) * n_cols + c]);
  return out;
}

template <class T>
void lanes_layer(const LayerShape& a, const T* weights, const T* x, T* h, T* c, T* preact) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const int n = a.n_hidden;
  const T* ih = weights + a.weight_ih;
  const T* hh = weights + a.weight_hh;
  const T* bias = weights + a.bias;
  for (int r = 0; r < 4 * n; ++r) V(bias[r]).store(preact + r * L);
  matvec<T, true>(ih, a.n_in, 4 * n, x, preact);
  matvec<T, true>(hh, n, 4 * n, h, preact);
  for (int j = 0; j < n; ++j) {
    const V i = sigmoid(V::load(preact + j * L)), f = sigmoid(V::load(preact + (n + j) * L));
    const V g = tanh(V::load(preact + (2 * n + j) * L));
    const V o = sigmoid(V::load(preact + (3 * n + j) * L));
    const V c_new = fma(f, V::load(c + j * L), i * g);
    c_new.store(c + j * L);
    (o * tanh(c_new)).store(h + j * L);
  }
}

// y of all lanes for one step; h is the top layer, `y[i]` is where lane i writes (or null).
template <class T>
void lanes_head(const Shape& s, const double* params, const T* h, const T* u, T* work,
                double* const* y) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const T* below = h;
  int n_below = 0;
  for (int l = 0; l < s.n_head; ++l) {
    const HeadShape& a = s.head[l];
    T* out = work + std::int64_t(l % 2) * s.max_width * L;
    for (int r = 0; r < a.n_out; ++r) {
      V acc(T(params[a.bias + r]));
      for (int k = 0; k < a.n_in; ++k)
        acc = fma(V(T(params[a.weight + r * a.n_in + k])), V::load(below + k * L), acc);
      tanh(acc).store(out + r * L);
    }
    below = out;
    n_below = a.n_out;
  }
  const int n_top = s.layers[s.n_layers - 1].n_hidden;
  for (int r = 0; r < s.n_outputs; ++r) {
    V acc(T(params[s.readout_bias + r]));
    for (int k = 0; k < n_top; ++k)
      acc = fma(V(T(params[s.readout_hidden + r * n_top + k])), V::load(h + k * L), acc);
    for (int k = 0; k < s.n_inputs; ++k)
      acc = fma(V(T(params[s.readout_input + r * s.n_inputs + k])), V::load(u + k * L), acc);
    for (int k = 0; k < n_below; ++k)
      acc = fma(V(T(params[s.readout_head + r * n_below + k])), V::load(below + k * L), acc);
    T values[L];
    acc.store(values);
    for (int i = 0; i < L; ++i)
      if (y[i]) y[i][r] = values[i];
  }
}

template <class T>
void load_lane_state(const Shape& s, const double* state, int lane, T* h, T* c) {
  constexpr int L = Vec<T>::lanes;
  for (int j = 0; j < s.n_units; ++j) {
    h[j * L + lane] = T(state[j]);
    c[j * L + lane] = T(state[s.n_units + j]);
  }
}

template <class T>
void save_lane_state(const Shape& s, double* state, int lane, const T* h, const T* c) {
  constexpr int L = Vec<T>::lanes;
  for (int j = 0; j < s.n_units; ++j) {
    state[j] = h[j * L + lane];
    state[s.n_units + j] = c[j * L + lane];
  }
}

// Free run of up to `lanes` records; `record[i]` < 0 leaves lane i unused. `state` is
// (n_records, 2, n_units) in and out, y may be null.
template <class T>
void run_lanes(const Shape& s, const double* params, const double* u, const std::int64_t* offsets,
               const std::int64_t* record, double* state, T* work, double* y) {
  constexpr int L = Vec<T>::lanes;
  T* at = work;
  for (int l = 0; l < s.n_layers; ++l) {
    const LayerShape& a = s.layers[l];
    at = transpose_weights(params + a.weight_ih, 4 * a.n_hidden, a.n_in, at);
    at = transpose_weights(params + a.weight_hh, 4 * a.n_hidden, a.n_hidden, at);
    at = transpose_weights(params + a.bias, 4 * a.n_hidden, 1, at);
  }
  T* preact = at;
  T* h = preact + 4ll * s.max_width * L;
  T* c = h + std::int64_t(s.n_units) * L;
  T* u_t = c + std::int64_t(s.n_units) * L;
  T* head = u_t + std::int64_t(s.n_inputs) * L;
  for (T* p = h; p < head; ++p) *p = T(0);
  std::int64_t longest = 0;
  for (int i = 0; i < L; ++i) {
    if (record[i] < 0) continue;
    const std::int64_t n = offsets[record[i] + 1] - offsets[record[i]];
    longest = n > longest ? n : longest;
    load_lane_state(s, state + record[i] * 2 * s.n_units, i, h, c);
  }
  for (std::int64_t t = 0; t < longest; ++t) {
    double* out[L];
    for (int i = 0; i < L; ++i) {
      out[i] = nullptr;
      if (record[i] < 0 || offsets[record[i]] + t >= offsets[record[i] + 1]) continue;
      const std::int64_t row = offsets[record[i]] + t;
      for (int k = 0; k < s.n_inputs; ++k) u_t[k * L + i] = T(u[row * s.n_inputs + k]);
      out[i] = y ? y + row * s.n_outputs : nullptr;
    }
    const T* x = u_t;
    for (int l = 0; l < s.n_layers; ++l) {
      const LayerShape& a = s.layers[l];
      lanes_layer(a, work, x, h + std::int64_t(a.unit) * L, c + std::int64_t(a.unit) * L, preact);
      x = h + std::int64_t(a.unit) * L;
    }
    if (y) lanes_head(s, params, x, u_t, head, out);
    for (int i = 0; i < L; ++i)
      if (record[i] >= 0 && offsets[record[i]] + t + 1 == offsets[record[i] + 1])
        save_lane_state(s, state + record[i] * 2 * s.n_units, i, h, c);
  }
}

}  // namespace
}  // namespace fastlstm
