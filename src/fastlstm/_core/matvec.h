// Products of a transposed matrix with lane vectors, in tiles of outputs that stay in registers.
#pragma once
#include "simd.h"

namespace fastlstm {
namespace {

constexpr int kMaxOutputs = kVectorRegisters == 32 ? 16 : 12;  // of a tile

// Width of the next tile when n_left columns are cut into nearly equal tiles of at most `most`.
inline int tile_width(int n_left, int most) {
  const int tiles = (n_left + most - 1) / most;
  return (n_left + tiles - 1) / tiles;
}

// out[0..N) += sum_r a[r * ld + 0..N) * x[r].
template <class T, int N = kMaxOutputs>
FASTLSTM_INLINE void matvec_tile(int n, const T* a, int ld, int n_rows, const T* x, T* out) {
  if constexpr (N > 1) {
    if (n < N) return matvec_tile<T, N - 1>(n, a, ld, n_rows, x, out);
  }
  using V = Vec<T>;
  constexpr int L = V::lanes;
  V acc[N];
  for (int j = 0; j < N; ++j) acc[j] = V::load(out + j * L);
  for (int r = 0; r < n_rows; ++r, a += ld) {
    const V x_r = V::load(x + std::int64_t(r) * L);
    for (int j = 0; j < N; ++j) acc[j] = fma(V(a[j]), x_r, acc[j]);
  }
  for (int j = 0; j < N; ++j) acc[j].store(out + j * L);
}

// out += a' x for a of shape (n_rows, n_cols).
template <class T>
FASTLSTM_INLINE void matvec(const T* a, int n_rows, int n_cols, const T* x, T* out) {
  for (int c = 0; c < n_cols;) {
    const int n = tile_width(n_cols - c, kMaxOutputs);
    matvec_tile(n, a + c, n_cols, n_rows, x, out + std::int64_t(c) * Vec<T>::lanes);
    c += n;
  }
}

}  // namespace
}  // namespace fastlstm
