// Free run of several records at once: one record per vector lane.
#pragma once
#include "arena.h"
#include "head.h"
#include "matvec.h"

namespace fastlstm {
namespace {

template <class T>
struct LanesWork {
  T* params;   // with the matrices of the LSTM layers transposed
  T* preact;   // (4 n_hidden, lanes) of one layer
  T *h, *c;    // (n_units, lanes)
  T* u;        // (n_inputs, lanes)
  T* values;   // (head_width, lanes)
  T* out;      // (n_outputs, lanes)
};

template <class T>
LanesWork<T> lay_out_lanes(const Shape& s, Arena& arena) {
  constexpr int L = Vec<T>::lanes;
  LanesWork<T> w;
  w.params = arena.take<T>(s.n_params);
  w.preact = arena.take<T>(4ll * s.max_width * L);
  w.h = arena.take<T>(std::int64_t(s.n_units) * L);
  w.c = arena.take<T>(std::int64_t(s.n_units) * L);
  w.u = arena.take<T>(std::int64_t(s.n_inputs) * L);
  w.values = arena.take<T>(std::int64_t(head_width(s)) * L);
  w.out = arena.take<T>(std::int64_t(s.n_outputs) * L);
  return w;
}

// (n_rows, n_cols) to (n_cols, n_rows).
template <class T>
void transpose_weights(const double* w, int n_rows, int n_cols, T* out) {
  for (int c = 0; c < n_cols; ++c)
    for (int r = 0; r < n_rows; ++r) *out++ = T(w[std::int64_t(r) * n_cols + c]);
}

template <class T>
void lanes_params(const Shape& s, const double* params, T* out) {
  for (std::int64_t p = 0; p < s.n_params; ++p) out[p] = T(params[p]);
  for (int l = 0; l < s.n_layers; ++l) {
    const LayerShape& a = s.layers[l];
    transpose_weights(params + a.weight_ih, 4 * a.n_hidden, a.n_in, out + a.weight_ih);
    transpose_weights(params + a.weight_hh, 4 * a.n_hidden, a.n_hidden, out + a.weight_hh);
  }
}

template <class T>
void lanes_layer(const LayerShape& a, const T* params, const T* x, T* h, T* c, T* preact) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const int n = a.n_hidden;
  for (int r = 0; r < 4 * n; ++r) V(params[a.bias + r]).store(preact + r * L);
  matvec(params + a.weight_ih, a.n_in, 4 * n, x, preact);
  matvec(params + a.weight_hh, n, 4 * n, h, preact);
  for (int j = 0; j < n; ++j) {
    const V i = sigmoid(V::load(preact + j * L)), f = sigmoid(V::load(preact + (n + j) * L));
    const V g = tanh(V::load(preact + (2 * n + j) * L));
    const V o = sigmoid(V::load(preact + (3 * n + j) * L));
    const V c_new = fma(f, V::load(c + j * L), i * g);
    c_new.store(c + j * L);
    (o * tanh(c_new)).store(h + j * L);
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

// Free run of `lanes` records; `state` is (n_records, 2, n_units) in and out.
template <class T>
void run_lanes(const Shape& s, const double* params, const double* u, const std::int64_t* offsets,
               const std::int64_t* record, double* state, const LanesWork<T>& work, double* y) {
  constexpr int L = Vec<T>::lanes;
  lanes_params(s, params, work.params);
  std::int64_t first[L], length[L], longest = 0;
  for (int i = 0; i < L; ++i) {
    first[i] = offsets[record[i]];
    length[i] = offsets[record[i] + 1] - first[i];
    longest = length[i] > longest ? length[i] : longest;
    load_lane_state(s, state + record[i] * 2 * s.n_units, i, work.h, work.c);
    for (int k = 0; k < s.n_inputs; ++k) work.u[k * L + i] = T(0);
  }
  for (std::int64_t t = 0; t < longest; ++t) {
    for (int i = 0; i < L; ++i)
      for (int k = 0; k < s.n_inputs && t < length[i]; ++k)
        work.u[k * L + i] = T(u[(first[i] + t) * s.n_inputs + k]);
    const T* x = work.u;
    for (int l = 0; l < s.n_layers; ++l) {
      const std::int64_t unit = std::int64_t(s.layers[l].unit) * L;
      lanes_layer(s.layers[l], work.params, x, work.h + unit, work.c + unit, work.preact);
      x = work.h + unit;
    }
    head_values(s, work.params, x, work.values);
    readout_values(s, work.params, x, work.values, work.out);
    for (int i = 0; i < L; ++i) {
      if (t >= length[i]) continue;
      const std::int64_t row = first[i] + t;
      write_output(s, work.params, work.out + i, u + row * s.n_inputs, y + row * s.n_outputs);
      if (t == length[i] - 1)
        save_lane_state(s, state + record[i] * 2 * s.n_units, i, work.h, work.c);
    }
  }
}

}  // namespace
}  // namespace fastlstm
