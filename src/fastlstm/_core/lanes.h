// Records that run side by side, one per vector lane: which they are, and their data as lanes.
#pragma once
#include "shape.h"
#include "simd.h"

namespace fastlstm {
namespace {

// A group of records; an unused lane has no step. Lanes of shorter records go on with u = 0, and
// what they do then is neither scored nor saved.
template <class T>
struct Lanes {
  static constexpr int L = Vec<T>::lanes;
  std::int64_t record[L], first[L], length[L], longest;
};

template <class T>
Lanes<T> group_lanes(const std::int64_t* record, const std::int64_t* offsets) {
  Lanes<T> g;
  g.longest = 0;
  for (int i = 0; i < Lanes<T>::L; ++i) {
    const std::int64_t r = g.record[i] = record[i];
    g.first[i] = r < 0 ? 0 : offsets[r];
    g.length[i] = r < 0 ? 0 : offsets[r + 1] - offsets[r];
    if (g.length[i] > g.longest) g.longest = g.length[i];
  }
  return g;
}

inline int clamp_step(std::int64_t q, int low, int high) {
  return int(q < low ? low : q < high ? q : high);
}

// Inputs of n steps from step t on; `out` is the slot of step t, the next one `gap` further.
template <class T>
FASTLSTM_NOINLINE void gather_inputs(const Lanes<T>& g, const double* u, int n_inputs,
                                     std::int64_t t, int n, T* out, std::int64_t gap) {
  constexpr int L = Lanes<T>::L;
  for (int i = 0; i < L; ++i) {
    const int end = clamp_step(g.length[i] - t, 0, n);
    for (int k = 0; k < n_inputs; ++k) {
      T* to = out + k * L + i;
      const double* from = u + (g.first[i] + t) * n_inputs + k;
      int q = 0;
      for (; q < end; ++q, to += gap, from += n_inputs) *to = T(*from);
      for (; q < n; ++q, to += gap) *to = T(0);
    }
  }
}

}  // namespace
}  // namespace fastlstm
