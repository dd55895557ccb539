// The split: what flows back in time is cut at the delay.
//
// Nothing passes weight_hh' dz. With Carry the cell path stays: dc = v f runs back through the
// forget gates, and only the gradient of the layer's own weights sees it. The layer below is
// handed weight_ih' dz of the errors of this very step, as in the sample-by-sample rule.
#pragma once
#include "matvec.h"
#include "shape.h"
#include "sweep.h"

namespace fastlstm {
namespace {

// One step of one layer; `dh` of the layer below is overwritten. `local` is (4 n_hidden, lanes).
template <class T, bool Carry>
FASTLSTM_INLINE void cut_layer(const LayerShape& a, const T* weights, const T* slot,
                               const SweepState<T>& state, T* local, T* dz) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const std::int64_t gap = std::int64_t(a.n_hidden) * L;
  const T* feature = slot + std::int64_t(a.feature) * L;
  T* dh = state.dh + std::int64_t(a.unit) * L;
  T* dc = state.dc + std::int64_t(a.unit) * L;
  for (int j = 0; j < a.n_hidden; ++j, feature += L) {
    const V d = V::load(dh + j * L), v_local = d * V::load(feature + kE * gap);
    const V v = Carry ? v_local + V::load(dc + j * L) : v_local;
    if (Carry) (v * V::load(feature + kF * gap)).store(dc + j * L);
    for (int gate = 0; gate < 4; ++gate) {
      const V factor = V::load(feature + (kAi + gate) * gap);
      ((gate == 3 ? d : v) * factor).store(dz + (4 * j + gate) * L);
      if (Carry && a.unit) ((gate == 3 ? d : v_local) * factor).store(local + (4 * j + gate) * L);
    }
  }
  if (a.unit == 0) return;
  T* below = dh - std::int64_t(a.n_in) * L;
  for (int k = 0; k < a.n_in; ++k) V(T(0)).store(below + k * L);
  for (int c = 0, n; c < a.n_in; c += n) {
    n = tile_width(a.n_in - c, kMaxOutputs);
    matvec_tile(n, weights + c, a.n_in + a.n_hidden, 4 * a.n_hidden, Carry ? local : dz,
                below + std::int64_t(c) * L);
  }
}

}  // namespace
}  // namespace fastlstm
