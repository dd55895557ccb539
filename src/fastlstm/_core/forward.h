// Free run of one record: time is the only loop, the units of a layer fill the vector.
#pragma once
#include "activations.h"
#include "shape.h"

namespace fastlstm {
namespace {

inline int round_up(int n, int step) { return (n + step - 1) / step * step; }

// Weights of one layer as [block of units][input][gate][lane], so that one step reads them in order.
template <class T>
struct PackedLayer {
  const T* ih;
  const T* hh;
  const T* bias;
};

template <class T>
std::int64_t packed_size(const Shape& s) {
  std::int64_t n = 0;
  for (int l = 0; l < s.n_layers; ++l) {
    const LayerShape& a = s.layers[l];
    n += 4ll * round_up(a.n_hidden, Vec<T>::lanes) * (a.n_in + a.n_hidden + 1);
  }
  return n;
}

template <class T>
T* pack_matrix(const double* w, int n_hidden, int n_cols, T* out) {
  constexpr int L = Vec<T>::lanes;
  for (int b = 0; b < n_hidden; b += L)
    for (int k = 0; k < n_cols; ++k)
      for (int gate = 0; gate < 4; ++gate)
        for (int j = b; j < b + L; ++j)
          *out++ = j < n_hidden ? T(w[(std::int64_t(gate) * n_hidden + j) * n_cols + k]) : T(0);
  return out;
}

template <class T>
void pack(const Shape& s, const double* params, T* out, PackedLayer<T>* layers) {
  for (int l = 0; l < s.n_layers; ++l) {
    const LayerShape& a = s.layers[l];
    layers[l].ih = out;
    out = pack_matrix(params + a.weight_ih, a.n_hidden, a.n_in, out);
    layers[l].hh = out;
    out = pack_matrix(params + a.weight_hh, a.n_hidden, a.n_hidden, out);
    layers[l].bias = out;
    out = pack_matrix(params + a.bias, a.n_hidden, 1, out);
  }
}

// Two sets of accumulators hide the latency of the multiply-add.
template <class T>
FASTLSTM_INLINE void accumulate(const T* w, const T* x, int n, Vec<T> (&acc)[2][4]) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  int k = 0;
  for (; k + 1 < n; k += 2, w += 8 * L)
    for (int g = 0; g < 4; ++g) {
      acc[0][g] = fma(V(x[k]), V::load(w + g * L), acc[0][g]);
      acc[1][g] = fma(V(x[k + 1]), V::load(w + (4 + g) * L), acc[1][g]);
    }
  if (k < n)
    for (int g = 0; g < 4; ++g) acc[0][g] = fma(V(x[k]), V::load(w + g * L), acc[0][g]);
}

// The factors of the adjoint recursion, see Feature.
template <class T>
FASTLSTM_INLINE void store_factors(T* row, int n_hidden, int n, Vec<T> i, Vec<T> f, Vec<T> g,
                                   Vec<T> o, Vec<T> c_prev, Vec<T> tanh_c, Vec<T> h) {
  using V = Vec<T>;
  const V one(T(1));
  store_first(h, row + kH * n_hidden, n);
  store_first(g * i * (one - i), row + kAi * n_hidden, n);
  store_first(c_prev * f * (one - f), row + kAf * n_hidden, n);
  store_first(i * (one - g * g), row + kAg * n_hidden, n);
  store_first(tanh_c * o * (one - o), row + kAo * n_hidden, n);
  store_first(f, row + kF * n_hidden, n);
  store_first(o * (one - tanh_c * tanh_c), row + kE * n_hidden, n);
}

template <class T, bool Store>
FASTLSTM_INLINE void layer_step(const LayerShape& a, const PackedLayer<T>& w, const T* x,
                                const T* h_prev, T* h, T* c, T* features) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  for (int b = 0; b < a.n_hidden; b += L) {
    V acc[2][4];
    for (int g = 0; g < 4; ++g) {
      acc[0][g] = V::load(w.bias + 4 * b + g * L);
      acc[1][g] = V(T(0));
    }
    accumulate(w.ih + std::int64_t(4) * b * a.n_in, x, a.n_in, acc);
    accumulate(w.hh + std::int64_t(4) * b * a.n_hidden, h_prev, a.n_hidden, acc);
    const V i = sigmoid(acc[0][0] + acc[1][0]), f = sigmoid(acc[0][1] + acc[1][1]);
    const V g = tanh(acc[0][2] + acc[1][2]), o = sigmoid(acc[0][3] + acc[1][3]);
    const V c_prev = V::load(c + b);
    const V c_new = fma(f, c_prev, i * g);
    const V tanh_c = tanh(c_new);
    const V h_new = o * tanh_c;
    c_new.store(c + b);
    h_new.store(h + b);
    if constexpr (Store)
      store_factors(features + b, a.n_hidden, a.n_hidden - b, i, f, g, o, c_prev, tanh_c, h_new);
  }
}

// The MLP as [block of units][input][lane], and the readout as one padded row per output.
template <class T>
struct PackedHead {
  const T* layers;
  const T* readout;  // per output: hidden row, head row, then input row and bias unpadded
};

template <class T>
std::int64_t packed_head_size(const Shape& s) {
  constexpr int L = Vec<T>::lanes;
  std::int64_t n = 0;
  int n_below = 0;
  for (int l = 0; l < s.n_head; ++l) {
    n += std::int64_t(round_up(s.head[l].n_out, L)) * (s.head[l].n_in + 1);
    n_below = s.head[l].n_out;
  }
  const int n_top = s.layers[s.n_layers - 1].n_hidden;
  return n + std::int64_t(s.n_outputs) *
                 (round_up(n_top, L) + round_up(n_below, L) + s.n_inputs + 1);
}

template <class T>
T* pack_row(const double* row, int n, int padded, T* out) {
  for (int k = 0; k < padded; ++k) *out++ = k < n ? T(row[k]) : T(0);
  return out;
}

template <class T>
void pack_head(const Shape& s, const double* params, T* out, PackedHead<T>& head) {
  constexpr int L = Vec<T>::lanes;
  head.layers = out;
  int n_below = 0;
  for (int l = 0; l < s.n_head; ++l) {
    const HeadShape& a = s.head[l];
    for (int b = 0; b < a.n_out; b += L)
      for (int k = -1; k < a.n_in; ++k)  // the bias comes first
        for (int j = b; j < b + L; ++j)
          *out++ = j >= a.n_out ? T(0)
                                : T(k < 0 ? params[a.bias + j] : params[a.weight + j * a.n_in + k]);
    n_below = a.n_out;
  }
  head.readout = out;
  const int n_top = s.layers[s.n_layers - 1].n_hidden;
  for (int r = 0; r < s.n_outputs; ++r) {
    out = pack_row(params + s.readout_hidden + r * n_top, n_top, round_up(n_top, L), out);
    if (s.n_head)
      out = pack_row(params + s.readout_head + r * n_below, n_below, round_up(n_below, L), out);
    out = pack_row(params + s.readout_input + r * s.n_inputs, s.n_inputs, s.n_inputs, out);
    *out++ = T(params[s.readout_bias + r]);
  }
}

template <class T>
FASTLSTM_INLINE Vec<T> dot(const T* a, const T* b, int padded, Vec<T> acc) {
  for (int k = 0; k < padded; k += Vec<T>::lanes)
    acc = fma(Vec<T>::load(a + k), Vec<T>::load(b + k), acc);
  return acc;
}

// y = readout.head MLP(h) + readout.hidden h + readout.input u + readout.bias, one step.
// h and the MLP activations are padded with zeros up to a whole vector.
template <class T>
FASTLSTM_INLINE void head_step(const Shape& s, const PackedHead<T>& head, const T* h, const T* u,
                               T* work, double* y) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const T* below = h;
  const T* w = head.layers;
  int n_below = 0;
  for (int l = 0; l < s.n_head; ++l) {
    const HeadShape& a = s.head[l];
    T* out = work + l % 2 * round_up(s.max_width, L);
    for (int b = 0; b < a.n_out; b += L) {
      V acc = V::load(w);
      w += L;
      for (int k = 0; k < a.n_in; ++k, w += L) acc = fma(V(below[k]), V::load(w), acc);
      tanh(acc).store(out + b);
    }
    below = out;
    n_below = round_up(a.n_out, L);
  }
  const int n_top = round_up(s.layers[s.n_layers - 1].n_hidden, L);
  w = head.readout;
  for (int r = 0; r < s.n_outputs; ++r) {
    V acc = dot(w, h, n_top, V(T(0)));
    w += n_top;
    if (s.n_head) acc = dot(w, below, n_below, acc);
    w += n_below;
    double total = sum(acc);
    for (int k = 0; k < s.n_inputs; ++k) total += double(w[k]) * double(u[k]);
    y[r] = total + double(w[s.n_inputs]);
    w += s.n_inputs + 1;
  }
}

template <class T>
std::int64_t run_work_size(const Shape& s) {
  constexpr int L = Vec<T>::lanes;
  std::int64_t units = 0;
  for (int l = 0; l < s.n_layers; ++l) units += round_up(s.layers[l].n_hidden, L);
  return 3 * units + 2ll * round_up(s.max_width, L) + s.n_inputs + L;
}

// Free run of one record; `state` is (2, n_units) in and out.
// With Store, one feature row per step is written to `features`.
template <class T, bool Store>
void run_record(const Shape& s, const PackedLayer<T>* packed, const PackedHead<T>& head,
                const double* u, std::int64_t n_steps, double* state, T* work, T* features, double* y) {
  constexpr int L = Vec<T>::lanes;
  std::int64_t padded = 0;
  for (int l = 0; l < s.n_layers; ++l) padded += round_up(s.layers[l].n_hidden, L);
  T* h_old = work;
  T* h_new = work + padded;
  T* c = work + 2 * padded;
  T* head_work = work + 3 * padded;
  T* u_t = head_work + 2 * round_up(s.max_width, L);
  for (std::int64_t k = 0; k < 3 * padded; ++k) work[k] = T(0);
  for (std::int64_t l = 0, at = 0; l < s.n_layers; at += round_up(s.layers[l++].n_hidden, L))
    for (int j = 0; j < s.layers[l].n_hidden; ++j) {
      h_old[at + j] = T(state[s.layers[l].unit + j]);
      c[at + j] = T(state[s.n_units + s.layers[l].unit + j]);
    }
  for (std::int64_t t = 0; t < n_steps; ++t) {
    for (int k = 0; k < s.n_inputs; ++k) u_t[k] = T(u[t * s.n_inputs + k]);
    T* row = Store ? features + t * s.n_features : nullptr;
    if constexpr (Store)
      for (int k = 0; k < s.n_inputs; ++k) row[k] = u_t[k];
    const T* x = u_t;
    std::int64_t at = 0;
    for (int l = 0; l < s.n_layers; ++l) {
      const LayerShape& a = s.layers[l];
      layer_step<T, Store>(a, packed[l], x, h_old + at, h_new + at, c + at,
                           Store ? row + a.feature : nullptr);
      x = h_new + at;
      at += round_up(a.n_hidden, L);
    }
    if (y) head_step(s, head, x, u_t, head_work, y + t * s.n_outputs);
    T* swap = h_old;
    h_old = h_new;
    h_new = swap;
  }
  for (std::int64_t l = 0, at = 0; l < s.n_layers; at += round_up(s.layers[l++].n_hidden, L))
    for (int j = 0; j < s.layers[l].n_hidden; ++j) {
      state[s.layers[l].unit + j] = h_old[at + j];
      state[s.n_units + s.layers[l].unit + j] = c[at + j];
    }
}

}  // namespace
}  // namespace fastlstm
