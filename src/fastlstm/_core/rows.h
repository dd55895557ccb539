// From sums with one row per lane to rows of the Jacobian.
#pragma once
#include "simd.h"

namespace fastlstm {
namespace {

constexpr int kRowTile = 256;  // parameters per tile: long enough to stream, small enough for L1

// Copies n elements to doubles, whole cache lines past the caches: a Jacobian is larger than they
// are, and reading its lines before overwriting them would double the traffic.
template <class T>
FASTLSTM_INLINE void stream_row(const T* from, int n, double* to) {
  constexpr int L = Vec<double>::lanes, line = 8;
  int k = 0;
  for (; k < n && reinterpret_cast<std::uintptr_t>(to + k) % 64; ++k) to[k] = from[k];
  for (; k + line <= n; k += line)
    for (int i = 0; i < line; i += L) stream(load_double(from + k + i), to + k + i);
  for (; k < n; ++k) to[k] = from[k];
}

// Lane i goes to row + i * row_step; padding lanes become zero. `tile` is (lanes, kRowTile).
template <class T>
void write_rows(const std::int64_t* record, const T* sums, const int* sum_of, std::int64_t n_params,
                T* tile, double* row, std::int64_t row_step) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  for (std::int64_t first = 0; first < n_params; first += kRowTile) {
    const int n = n_params - first < kRowTile ? int(n_params - first) : kRowTile;
    for (int p = 0; p < n; p += L) {
      V square[L];
      for (int j = 0; j < L; ++j)  // beyond the last parameter any sum will do
        square[j] = V::load(sums + std::int64_t(p + j < n ? sum_of[first + p + j] : 0) * L);
      transpose(square);
      for (int i = 0; i < L; ++i)
        (record[i] >= 0 ? square[i] : V(T(0))).store(tile + i * kRowTile + p);
    }
    for (int i = 0; i < L; ++i) stream_row(tile + i * kRowTile, n, row + i * row_step + first);
  }
}

}  // namespace
}  // namespace fastlstm
