// A network that learns while it runs: its memory, and one LSTM layer one step forward.
//
// Regressors are cut at the delay: h_{t-1} is taken as given. What c_{t-1} still owes to the weights
// is carried forward in time, trace = f trace + (dc/dz of this step) (x) [1, x, h_{t-1}], or cut too.
// Sums over outputs are formed first, so a step costs the same for any number of them:
//   |phi|^2 = sum_unit (sum_j v_j^2) |trace_unit|^2 + ...,   phi' e = (sum_j e_j v_j) trace_unit.
#pragma once
#include "forward.h"

namespace fastlstm {
namespace {

template <class T>
struct OnlineLayer {
  int n_hidden, width, n_columns;  // width: n_hidden in whole vectors; columns are 1, x, h_{t-1}
  T* weights;                      // [block][column][gate][lane]
  T* trace;                        // [block][column][i, f, g][lane]
  T* size;                         // (width) sum of squares of the trace of a unit
  T* columns;                      // (n_columns)
  T *h, *c;                        // (width)
  T* factors;                      // [block][Feature][lane]
  T* dh;                           // (n_outputs, width) dy_j/dh of this step
  T* pull;                         // (2, width) sum_j e_j v_j, sum_j e_j dz_o_j
};

template <class T>
struct OnlineHead {
  T* values;  // (n_out) in whole vectors
  T* pull;    // (n_out) sum_j e_j d_j
};

template <class T>
struct Online {
  OnlineLayer<T>* layers;
  OnlineHead<T>* head;
  T* params;      // all; those of head and readout live here, those of the LSTM in the layers
  T* u;           // (n_inputs)
  T* y;           // (n_outputs)
  T* error;       // (n_outputs), zero where nothing was measured
  T* adjoint[2];  // (max_width)
};

template <class T>
std::int64_t lay_out_online(const Shape& s, Arena& arena) {
  constexpr int L = Vec<T>::lanes;
  Online<T>* self = arena.take<Online<T>>(1);
  Online<T> net;
  net.layers = arena.take<OnlineLayer<T>>(s.n_layers);
  net.head = arena.take<OnlineHead<T>>(s.n_head);
  for (int l = 0; l < s.n_layers; ++l) {
    const int n = s.layers[l].n_hidden, width = round_up(n, L);
    const int n_columns = 1 + s.layers[l].n_in + n;
    OnlineLayer<T> a{n, width, n_columns, {}, {}, {}, {}, {}, {}, {}, {}, {}};
    a.weights = arena.take<T>(4ll * width * n_columns);
    a.trace = arena.take<T>(3ll * width * n_columns);
    a.factors = arena.take<T>(kFeaturesPerUnit * width);
    a.columns = arena.take<T>(n_columns);
    a.size = arena.take<T>(width);
    a.h = arena.take<T>(width);
    a.c = arena.take<T>(width);
    a.dh = arena.take<T>(std::int64_t(s.n_outputs) * width);
    a.pull = arena.take<T>(2 * width);
    if (net.layers) net.layers[l] = a;
  }
  for (int l = 0; l < s.n_head; ++l) {
    const int width = round_up(s.head[l].n_out, L);
    OnlineHead<T> a{arena.take<T>(width), arena.take<T>(width)};
    if (net.head) net.head[l] = a;
  }
  net.params = arena.take<T>(s.n_params);
  net.u = arena.take<T>(s.n_inputs);
  net.y = arena.take<T>(s.n_outputs);
  net.error = arena.take<T>(s.n_outputs);
  for (T*& p : net.adjoint) p = arena.take<T>(s.max_width);
  if (self) *self = net;
  return arena.used<T>();
}

// Place in the flat vector of the weight from column k to one gate of unit j.
inline std::int64_t column_param(const LayerShape& a, int gate, int j, int k) {
  const std::int64_t row = std::int64_t(gate) * a.n_hidden + j;
  if (k == 0) return a.bias + row;
  if (k <= a.n_in) return a.weight_ih + row * a.n_in + k - 1;
  return a.weight_hh + row * a.n_hidden + k - 1 - a.n_in;
}

// trace = f trace + (dc/dz) (x) columns for the units of one block.
template <class T>
FASTLSTM_INLINE void carry_trace(const OnlineLayer<T>& a, int block, const Factors<T>& q) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  T* trace = a.trace + std::int64_t(block) * a.n_columns * 3 * L;
  V size[3] = {V(T(0)), V(T(0)), V(T(0))};
  for (int k = 0; k < a.n_columns; ++k, trace += 3 * L) {
    const V x(a.columns[k]);
    for (int g = 0; g < 3; ++g) {
      const V t = fma(q.value[kF], V::load(trace + g * L), q.value[kAi + g] * x);
      t.store(trace + g * L);
      size[g] = fma(t, t, size[g]);
    }
  }
  (size[0] + size[1] + size[2]).store(a.size + block * L);
}

// One layer one step on.
template <class T>
void online_layer_step(const OnlineLayer<T>& a, const T* x, bool cell_path) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const int n_in = a.n_columns - 1 - a.n_hidden;
  a.columns[0] = T(1);
  for (int k = 0; k < n_in; ++k) a.columns[1 + k] = x[k];
  for (int k = 0; k < a.n_hidden; ++k) a.columns[1 + n_in + k] = a.h[k];
  for (int b = 0; b < a.width / L; ++b) {
    V acc[2][4];
    for (int g = 0; g < 4; ++g) acc[0][g] = acc[1][g] = V(T(0));
    accumulate(a.weights + std::int64_t(b) * a.n_columns * 4 * L, a.columns, a.n_columns, acc);
    V z[4];
    for (int g = 0; g < 4; ++g) z[g] = acc[0][g] + acc[1][g];
    const Factors<T> q =
        cell_tick(sigmoid(z[0]), sigmoid(z[1]), tanh(z[2]), sigmoid(z[3]), a.c + b * L);
    q.value[kH].store(a.h + b * L);
    for (int i = 0; i < kFeaturesPerUnit; ++i)
      q.value[i].store(a.factors + (b * kFeaturesPerUnit + i) * L);
    if (cell_path) carry_trace(a, b, q);
  }
}

}  // namespace
}  // namespace fastlstm
