// Outer products dz (x) [x_s, 1, h_{s-1}] summed over the steps of a chunk in registers: the
// forward part and the recurrent part side by side.
//
// Sums are kept as [layer][unit][column][gate][lane], so that every tile of columns is contiguous.
#pragma once
#include "matvec.h"
#include "shape.h"

namespace fastlstm {
namespace {

constexpr int kMaxColumns = kVectorRegisters == 32 ? 6 : 2;  // of a tile of the four gates

// Vectors between the dz of two steps: odd, so that the steps of a chunk spread over cache sets.
inline std::int64_t dz_width(const LayerShape& a) { return 4ll * a.n_hidden + 1; }

inline int n_columns(const LayerShape& a) { return a.n_in + 1 + a.n_hidden; }

// Where in the window the factor of each column stands, in vectors from the slot of the step.
inline int* list_columns(const Shape& s, int layer, int* out) {
  const LayerShape& a = s.layers[layer];
  const int x = layer ? s.layers[layer - 1].feature : 0;
  for (int k = 0; k < a.n_in; ++k) *out++ = x + k;
  *out++ = s.n_inputs;  // the constant 1
  for (int k = 0; k < a.n_hidden; ++k) *out++ = a.feature + k - s.n_features;
  return out;
}

// Which sum belongs to each parameter of the LSTM layers; the others follow in their own order.
inline void list_sums(const Shape& s, int* sum_of) {
  int base = 0;
  for (int l = 0; l < s.n_layers; ++l) {
    const LayerShape& a = s.layers[l];
    const int columns = n_columns(a);
    for (int gate = 0; gate < 4; ++gate)
      for (int j = 0; j < a.n_hidden; ++j) {
        const int row = gate * a.n_hidden + j, first = base + j * columns * 4 + gate;
        for (int k = 0; k < a.n_in; ++k) sum_of[a.weight_ih + row * a.n_in + k] = first + 4 * k;
        sum_of[a.bias + row] = first + 4 * a.n_in;
        for (int k = 0; k < a.n_hidden; ++k)
          sum_of[a.weight_hh + row * a.n_hidden + k] = first + 4 * (a.n_in + 1 + k);
      }
    base += 4 * a.n_hidden * columns;
  }
  for (int p = base; p < int(s.n_params); ++p) sum_of[p] = p;
}

// sums[column][gate] (+)= sum over steps of dz[gate] * factor[column] for one unit and N columns.
template <class T, int N = kMaxColumns>
FASTLSTM_INLINE void outer_tile(int n, const T* slot, std::int64_t step, const int* columns,
                                const T* dz, std::int64_t dz_step, int n_steps, bool fresh,
                                T* sums) {
  if constexpr (N > 1) {
    if (n < N)
      return outer_tile<T, N - 1>(n, slot, step, columns, dz, dz_step, n_steps, fresh, sums);
  }
  using V = Vec<T>;
  constexpr int L = V::lanes;
  V acc[N][4];
  const T* x[N];
  for (int j = 0; j < N; ++j) {
    x[j] = slot + std::int64_t(columns[j]) * L;
    for (int i = 0; i < 4; ++i) acc[j][i] = fresh ? V(T(0)) : V::load(sums + (4 * j + i) * L);
  }
  for (int q = 0; q < n_steps; ++q, dz += dz_step) {
    const V d[4] = {V::load(dz), V::load(dz + L), V::load(dz + 2 * L), V::load(dz + 3 * L)};
    for (int j = 0; j < N; ++j, x[j - 1] -= step) {
      const V f = V::load(x[j]);
      for (int i = 0; i < 4; ++i) acc[j][i] = fma(d[i], f, acc[j][i]);
    }
  }
  for (int j = 0; j < N; ++j)
    for (int i = 0; i < 4; ++i) acc[j][i].store(sums + (4 * j + i) * L);
}

// All sums of one layer; `slot` is that of the latest step, `fresh` starts them anew.
template <class T>
FASTLSTM_NOINLINE void outer_update(const LayerShape& a, const T* slot, std::int64_t step,
                                    const int* columns, const T* dz, std::int64_t dz_step,
                                    int n_steps, bool fresh, T* sums) {
  constexpr int L = Vec<T>::lanes;
  const int total = n_columns(a);
  for (int j = 0; j < a.n_hidden; ++j, dz += 4 * L)
    for (int c = 0; c < total;) {
      const int n = tile_width(total - c, kMaxColumns);
      outer_tile(n, slot, step, columns + c, dz, dz_step, n_steps, fresh, sums);
      sums += std::int64_t(n) * 4 * L;
      c += n;
    }
}

}  // namespace
}  // namespace fastlstm
