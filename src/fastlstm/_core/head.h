// MLP, readout and bypasses of as many steps as there are lanes.
//
//   y = readout.head MLP(h) + readout.hidden h + readout.input u + readout.bias
#pragma once
#include "activations.h"
#include "shape.h"

namespace fastlstm {
namespace {

inline int head_width(const Shape& s) {  // of all MLP layers together
  int n = 0;
  for (int l = 0; l < s.n_head; ++l) n += s.head[l].n_out;
  return n;
}

// acc + sum_k w[k] * x[k] for lane vectors x.
template <class T>
FASTLSTM_INLINE Vec<T> dot(const T* w, const T* x, int n, Vec<T> acc) {
  for (int k = 0; k < n; ++k)
    acc = fma(Vec<T>(w[k]), Vec<T>::load(x + std::int64_t(k) * Vec<T>::lanes), acc);
  return acc;
}

// Activations of all MLP layers, one after the other; `h` is (n_top, lanes).
template <class T>
void head_values(const Shape& s, const T* params, const T* h, T* values) {
  constexpr int L = Vec<T>::lanes;
  const T* below = h;
  for (int l = 0; l < s.n_head; ++l) {
    const HeadShape& a = s.head[l];
    for (int r = 0; r < a.n_out; ++r)
      tanh(dot(params + a.weight + r * a.n_in, below, a.n_in, Vec<T>(params[a.bias + r])))
          .store(values + r * L);
    below = values;
    values += a.n_out * L;
  }
}

// Output of every lane without the bypass of u: (n_outputs, lanes).
template <class T>
void readout_values(const Shape& s, const T* params, const T* h, const T* values, T* out) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const int n_top = s.layers[s.n_layers - 1].n_hidden;
  const int n_last = s.n_head ? s.head[s.n_head - 1].n_out : 0;
  const T* last = values + (head_width(s) - n_last) * L;
  for (int r = 0; r < s.n_outputs; ++r) {
    V acc = dot(params + s.readout_hidden + r * n_top, h, n_top, V(T(0)));
    acc = dot(params + s.readout_head + r * n_last, last, n_last, acc);
    acc.store(out + r * L);
  }
}

// Adds the bypass to one lane of `out` and writes its outputs.
template <class T>
FASTLSTM_INLINE void write_output(const Shape& s, const T* params, const T* out, const double* u,
                                  double* y) {
  for (int r = 0; r < s.n_outputs; ++r) {
    double total = double(params[s.readout_bias + r]);
    for (int k = 0; k < s.n_inputs; ++k)
      total += double(params[s.readout_input + r * s.n_inputs + k]) * double(T(u[k]));
    y[r] = total + double(out[r * Vec<T>::lanes]);
  }
}

}  // namespace
}  // namespace fastlstm
