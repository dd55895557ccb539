// Head and readout of one step, row by row: forward, regressor and update.
#pragma once
#include "online.h"

namespace fastlstm {
namespace {

template <class T>
FASTLSTM_INLINE T lane_sum(Vec<T> a) {
  T lanes[Vec<T>::lanes], total = T(0);
  a.store(lanes);
  for (T x : lanes) total += x;
  return total;
}

template <class T>
FASTLSTM_INLINE T row_dot(const T* a, const T* b, int n) {
  using V = Vec<T>;
  V acc(T(0));
  int k = 0;
  for (; k + V::lanes <= n; k += V::lanes) acc = fma(V::load(a + k), V::load(b + k), acc);
  T total = k ? lane_sum(acc) : T(0);
  for (; k < n; ++k) total += a[k] * b[k];
  return total;
}

// out += factor * a.
template <class T>
FASTLSTM_INLINE void row_add(T factor, const T* a, int n, T* out) {
  using V = Vec<T>;
  int k = 0;
  for (; k + V::lanes <= n; k += V::lanes)
    fma(V(factor), V::load(a + k), V::load(out + k)).store(out + k);
  for (; k < n; ++k) out[k] += factor * a[k];
}

// What readout row j multiplies: the last MLP layer, h of the top layer, and u.
template <class T>
struct ReadoutRow {
  const T* values[3];
  int n[3];
  T* weights[3];
};

template <class T>
FASTLSTM_INLINE ReadoutRow<T> readout_row(const Shape& s, const Online<T>& net, int j) {
  const OnlineLayer<T>& top = net.layers[s.n_layers - 1];
  const int n_last = s.n_head ? s.head[s.n_head - 1].n_out : 0;
  return {{n_last ? net.head[s.n_head - 1].values : nullptr, top.h, net.u},
          {n_last, top.n_hidden, s.n_inputs},
          {net.params + s.readout_head + j * n_last,
           net.params + s.readout_hidden + j * top.n_hidden,
           net.params + s.readout_input + j * s.n_inputs}};
}

template <class T>
FASTLSTM_INLINE const T* head_input(const Shape& s, const Online<T>& net, int l) {
  return l ? net.head[l - 1].values : net.layers[s.n_layers - 1].h;
}

template <class T>
void online_head_step(const Shape& s, const Online<T>& net) {
  using V = Vec<T>;
  for (int l = 0; l < s.n_head; ++l) {
    const HeadShape& a = s.head[l];
    const T* below = head_input(s, net, l);
    T* values = net.head[l].values;
    for (int r = 0; r < a.n_out; ++r)
      values[r] = net.params[a.bias + r] +
                  row_dot(net.params + a.weight + r * a.n_in, below, a.n_in);
    for (int r = 0; r < a.n_out; r += V::lanes) tanh(V::load(values + r)).store(values + r);
  }
  for (int j = 0; j < s.n_outputs; ++j) {
    const ReadoutRow<T> row = readout_row(s, net, j);
    net.y[j] = net.params[s.readout_bias + j];
    for (int p = 0; p < 3; ++p) net.y[j] += row_dot(row.weights[p], row.values[p], row.n[p]);
  }
}

// Regressor of output j in head and readout, and dy_j/dh of the top layer; returns its square.
template <class T>
T head_regressor(const Shape& s, const Online<T>& net, int j) {
  const OnlineLayer<T>& top = net.layers[s.n_layers - 1];
  const ReadoutRow<T> row = readout_row(s, net, j);
  T norm2 = T(1);
  for (int p = 0; p < 3; ++p) norm2 += row_dot(row.values[p], row.values[p], row.n[p]);
  T* dh = top.dh + std::int64_t(j) * top.width;
  for (int k = 0; k < top.n_hidden; ++k) dh[k] = row.weights[1][k];
  T *d = net.adjoint[0], *out = net.adjoint[1];
  for (int k = 0; k < row.n[0]; ++k) d[k] = row.weights[0][k];
  for (int l = s.n_head - 1; l >= 0; --l) {
    const HeadShape& a = s.head[l];
    const T *below = head_input(s, net, l), *values = net.head[l].values;
    T* to = l ? out : dh;
    for (int k = 0; l && k < a.n_in; ++k) to[k] = T(0);
    for (int r = 0; r < a.n_out; ++r) {
      d[r] *= T(1) - values[r] * values[r];
      row_add(d[r], net.params + a.weight + r * a.n_in, a.n_in, to);
    }
    norm2 += row_dot(d, d, a.n_out) * (T(1) + row_dot(below, below, a.n_in));
    row_add(net.error[j], d, a.n_out, net.head[l].pull);
    out = d;
    d = to;
  }
  return norm2;
}

template <class T>
void update_head(const Shape& s, const Online<T>& net, T rate) {
  for (int j = 0; j < s.n_outputs; ++j) {
    const ReadoutRow<T> row = readout_row(s, net, j);
    const T pull = -rate * net.error[j];
    net.params[s.readout_bias + j] += pull;
    for (int p = 0; p < 3; ++p) row_add(pull, row.values[p], row.n[p], row.weights[p]);
  }
  for (int l = 0; l < s.n_head; ++l) {
    const HeadShape& a = s.head[l];
    const T* below = head_input(s, net, l);
    for (int r = 0; r < a.n_out; ++r) {
      const T pull = -rate * net.head[l].pull[r];
      net.params[a.bias + r] += pull;
      row_add(pull, below, a.n_in, net.params + a.weight + r * a.n_in);
    }
  }
}

}  // namespace
}  // namespace fastlstm
