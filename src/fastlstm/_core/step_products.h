// Sums of products over the steps of a chunk, as many steps side by side as registers allow.
#pragma once
#include "matvec.h"
#include "simd.h"

namespace fastlstm {
namespace {

constexpr int kStepTile = kVectorRegisters == 32 ? 16 : 8;

// Lane vectors of several steps: row q stands q * gap elements from the first.
template <class T>
struct StepArray {
  T* first;
  std::int64_t gap;
  FASTLSTM_INLINE T* step(int q) const { return first + q * gap; }
  FASTLSTM_INLINE StepArray at(int k) const { return {first + std::int64_t(k) * Vec<T>::lanes, gap}; }
};

// sum_k weights[k * stride] * x[q][k].
template <class T>
struct Term {
  const T* weights;
  int stride;
  StepArray<T> x;
  int n;
};

template <class T, int N, class F>
FASTLSTM_INLINE void sum_tile(Vec<T> start, const Term<T>* terms, int n_terms, int q0,
                              StepArray<T> out, const F& f) {
  using V = Vec<T>;
  V acc[N];
  for (int q = 0; q < N; ++q) acc[q] = start;
  for (int i = 0; i < n_terms; ++i) {
    const T* x = terms[i].x.step(q0);
    const T* w = terms[i].weights;
    const std::int64_t gap = terms[i].x.gap;
    for (int k = 0; k < terms[i].n; ++k, x += V::lanes, w += terms[i].stride) {
      const V weight(*w);
      for (int q = 0; q < N; ++q) acc[q] = fma(weight, V::load(x + q * gap), acc[q]);
    }
  }
  for (int q = 0; q < N; ++q) f(acc[q], q0 + q).store(out.step(q0 + q));
}

// out[q] = f(start + all terms, q) for n steps.
template <class T, class F>
FASTLSTM_INLINE void sum_steps(Vec<T> start, const Term<T>* terms, int n_terms, int n,
                               StepArray<T> out, const F& f) {
  int q = 0;
  for (; q + kStepTile <= n; q += kStepTile)
    sum_tile<T, kStepTile>(start, terms, n_terms, q, out, f);
  for (; q < n; ++q) sum_tile<T, 1>(start, terms, n_terms, q, out, f);
}

// sums[0..N) += sum_q d[q] * x[q][0..N).
template <class T, int N = kMaxOutputs>
FASTLSTM_INLINE void outer_row(int columns, const T* d, std::int64_t d_gap, const T* x,
                               std::int64_t x_gap, int n, T* sums) {
  if constexpr (N > 1) {
    if (columns < N) return outer_row<T, N - 1>(columns, d, d_gap, x, x_gap, n, sums);
  }
  using V = Vec<T>;
  constexpr int L = V::lanes;
  V acc[N];
  for (int k = 0; k < N; ++k) acc[k] = V::load(sums + k * L);
  for (int q = 0; q < n; ++q, d += d_gap, x += x_gap) {
    const V d_q = V::load(d);
    for (int k = 0; k < N; ++k) acc[k] = fma(d_q, V::load(x + k * L), acc[k]);
  }
  for (int k = 0; k < N; ++k) acc[k].store(sums + k * L);
}

// sums (n_rows, n_columns) += sum_q d[q] x[q]'.
template <class T>
FASTLSTM_NOINLINE void add_outer(StepArray<T> d, int n_rows, StepArray<T> x,
                                 int n_columns, int n, T* sums) {
  constexpr int L = Vec<T>::lanes;
  for (int r = 0; r < n_rows; ++r)
    for (int c = 0, m; c < n_columns; c += m, sums += std::int64_t(m) * L) {
      m = tile_width(n_columns - c, kMaxOutputs);
      outer_row(m, d.first + r * L, d.gap, x.first + std::int64_t(c) * L, x.gap, n, sums);
    }
}

// sums (n_rows) += sum_q d[q].
template <class T>
FASTLSTM_INLINE void add_steps(StepArray<T> d, int n_rows, int n, T* sums) {
  using V = Vec<T>;
  for (int r = 0; r < n_rows; ++r) {
    V total = V::load(sums + r * V::lanes);
    for (int q = 0; q < n; ++q) total = total + V::load(d.step(q) + r * V::lanes);
    total.store(sums + r * V::lanes);
  }
}

}  // namespace
}  // namespace fastlstm
