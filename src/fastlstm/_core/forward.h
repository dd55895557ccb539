// Free run of one record: time is the only loop, the units fill the vectors.
#pragma once
#include "head.h"
#include "wave.h"

namespace fastlstm {
namespace {

template <class T>
struct Packed {
  Wave<T> wave;
  T* params;  // all of them; head and readout are read here
};

template <class T>
Packed<T> lay_out_packed(const Shape& s, Arena& arena) {
  Packed<T> packed;
  packed.wave = lay_out_wave<T>(s, arena);
  packed.params = arena.take<T>(s.n_params);
  return packed;
}

template <class T>
struct RunWork {
  T* h[2];  // (n_units) padded, before and after a tick
  T* c;     // (n_units) padded
  T* u;     // (n_inputs)
  T* steps;   // (lanes, n_top padded): h of the top layer, waiting for the head
  T* top;     // the same, transposed
  T* values;  // (head_width, lanes)
  T* out;     // (n_outputs, lanes)
};

inline int top_width(const Shape& s) { return s.layers[s.n_layers - 1].n_hidden; }

template <class T>
RunWork<T> lay_out_run(const Shape& s, Arena& arena) {
  constexpr int L = Vec<T>::lanes;
  RunWork<T> w;
  for (T*& h : w.h) h = arena.take<T>(s.n_units + 2 * L);
  w.c = arena.take<T>(s.n_units + L);
  w.u = arena.take<T>(s.n_inputs);
  w.steps = arena.take<T>(L * round_up(top_width(s), L));
  w.top = arena.take<T>(L * round_up(top_width(s), L));
  w.values = arena.take<T>(L * head_width(s));
  w.out = arena.take<T>(L * s.n_outputs);
  return w;
}

// Two sets of accumulators hide the latency of the multiply-add.
template <class T>
FASTLSTM_INLINE const T* accumulate(const T* w, const T* x, int n, Vec<T> (&acc)[2][4]) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  int k = 0;
  for (; k + 1 < n; k += 2, w += 8 * L)
    for (int g = 0; g < 4; ++g) {
      acc[0][g] = fma(V(x[k]), V::load(w + g * L), acc[0][g]);
      acc[1][g] = fma(V(x[k + 1]), V::load(w + (4 + g) * L), acc[1][g]);
    }
  if (k < n) {
    for (int g = 0; g < 4; ++g) acc[0][g] = fma(V(x[k]), V::load(w + g * L), acc[0][g]);
    w += 4 * L;
  }
  return w;
}

// h and the factors of the adjoint recursion in the order of Feature.
template <class T>
struct Factors {
  Vec<T> value[kFeaturesPerUnit];
};

// Cells with these gates go one step on; c in place.
template <class T>
FASTLSTM_INLINE Factors<T> cell_tick(Vec<T> i, Vec<T> f, Vec<T> g, Vec<T> o, T* c) {
  using V = Vec<T>;
  const V one(T(1));
  const V c_prev = V::load(c);
  const V c_new = fma(f, c_prev, i * g);
  const V tanh_c = tanh(c_new);
  c_new.store(c);
  return {{o * tanh_c, g * i * (one - i), c_prev * f * (one - f), i * (one - g * g),
           tanh_c * o * (one - o), f, o * (one - tanh_c * tanh_c)}};
}

// The units of one block go one step on; c in place, h from `h_old` to `h_new`.
template <class T>
FASTLSTM_INLINE Factors<T> block_tick(const WaveBlock& block, const T* w, const T* u,
                                      const T* h_old, T* h_new, T* c) {
  using V = Vec<T>;
  const V half(T(0.5));
  V acc[2][4];
  for (int g = 0; g < 4; ++g) {
    acc[0][g] = V::load(w + g * V::lanes);
    acc[1][g] = V(T(0));
  }
  w = accumulate(w + 4 * V::lanes, u, block.n_u, acc);
  accumulate(w, h_old + block.first_h, block.last_h - block.first_h, acc);
  const V i = fma(half, tanh(acc[0][0] + acc[1][0]), half);
  const V f = fma(half, tanh(acc[0][1] + acc[1][1]), half);
  const V g = tanh(acc[0][2] + acc[1][2]);
  const V o = fma(half, tanh(acc[0][3] + acc[1][3]), half);
  const Factors<T> factors = cell_tick(i, f, g, o, c);
  factors.value[kH].store(h_new);
  return factors;
}

// Writes the factors of the layers in one block that are inside the record at tick k.
template <class T>
FASTLSTM_INLINE void store_factors(const Shape& s, const Wave<T>& wave, const WaveBlock& block,
                                   const Factors<T>& factors, std::int64_t k, std::int64_t n_steps,
                                   T* features) {
  for (int p = block.first_piece; p < block.last_piece; ++p) {
    const WavePiece& piece = wave.pieces[p];
    const std::int64_t t = k - piece.layer;
    if (t < 0 || t >= n_steps) continue;
    const LayerShape& a = s.layers[piece.layer];
    T* out = features + t * s.n_features + a.feature + piece.unit - piece.lane;
    for (int q = 0; q < kFeaturesPerUnit; ++q, out += a.n_hidden)
      store_lanes(factors.value[q], out, piece.lane, piece.n);
  }
}

// Initial state of the layers from `first` on.
template <class T>
void load_state(const Shape& s, const double* state, int first, T* h, T* c) {
  for (int j = first < s.n_layers ? s.layers[first].unit : s.n_units; j < s.n_units; ++j) {
    h[j] = T(state[j]);
    c[j] = T(state[s.n_units + j]);
  }
}

template <class T>
void save_state(const Shape& s, int layer, const T* h, const T* c, double* state) {
  const LayerShape& a = s.layers[layer];
  for (int j = a.unit; j < a.unit + a.n_hidden; ++j) {
    state[j] = h[j];
    state[s.n_units + j] = c[j];
  }
}

// Keeps h of the top layer at step t; once there is one step for every lane, or at the end, head
// and readout take them all at once.
template <class T>
FASTLSTM_INLINE void head_tick(const Shape& s, const T* params, const RunWork<T>& work, const T* h,
                               std::int64_t t, std::int64_t n_steps, const double* u, double* y) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const int lane = int(t % L), width = round_up(top_width(s), L);
  for (int c = 0; c < width; c += L) V::load(h + c).store(work.steps + lane * width + c);
  if (lane < L - 1 && t < n_steps - 1) return;
  for (int c = 0; c < width; c += L) {
    V square[L];
    for (int i = 0; i < L; ++i) square[i] = V::load(work.steps + i * width + c);
    transpose(square);
    for (int i = 0; i < L; ++i) square[i].store(work.top + (c + i) * L);
  }
  head_values(s, params, work.top, work.values);
  readout_values(s, params, work.top, work.values, work.out);
  for (int i = 0; i <= lane; ++i) {
    const std::int64_t step = t - lane + i;
    write_output(s, params, work.out + i, u + step * s.n_inputs, y + step * s.n_outputs);
  }
}

// Free run of one record; `state` is (2, n_units) in and out.
// With Store, one feature row per step is written to `features`.
template <class T, bool Store>
void run_record(const Shape& s, const Packed<T>& packed, const double* u, std::int64_t n_steps,
                double* state, RunWork<T> work, T* features, double* y) {
  constexpr int L = Vec<T>::lanes;
  const Wave<T>& wave = packed.wave;
  const LayerShape& top = s.layers[s.n_layers - 1];
  for (int j = 0; j < s.n_units + 2 * L; ++j) work.h[0][j] = work.h[1][j] = T(0);
  for (int j = 0; j < s.n_units + L; ++j) work.c[j] = T(0);
  for (int j = 0; j < L * round_up(top_width(s), L); ++j) work.steps[j] = T(0);
  load_state(s, state, 0, work.h[0], work.c);
  T *h_old = work.h[0], *h_new = work.h[1];
  for (std::int64_t k = 0; n_steps > 0 && k < n_steps + s.n_layers - 1; ++k) {
    if (k < n_steps) {
      for (int j = 0; j < s.n_inputs; ++j) work.u[j] = T(u[k * s.n_inputs + j]);
      if constexpr (Store) {
        T* row = features + k * s.n_features;
        for (int j = 0; j < s.n_inputs; ++j) row[j] = work.u[j];
        row[s.n_inputs] = T(1);
      }
    }
    for (int b = 0; b < wave.n_blocks; ++b) {
      const WaveBlock& block = wave.blocks[b];
      const Factors<T> factors = block_tick(block, wave.weights + block.weights, work.u, h_old,
                                            h_new + b * L, work.c + b * L);
      if constexpr (Store) store_factors(s, wave, block, factors, k, n_steps, features);
    }
    const std::int64_t last = k - n_steps + 1;  // the layer that is at its last step
    if (last >= 0 && last < s.n_layers) save_state(s, int(last), h_new, work.c, state);
    if (k + 1 < s.n_layers) load_state(s, state, int(k + 1), h_new, work.c);
    const std::int64_t t = k - (s.n_layers - 1);
    if (y && t >= 0) head_tick(s, packed.params, work, h_new + top.unit, t, n_steps, u, y);
    T* swap = h_old;
    h_old = h_new;
    h_new = swap;
  }
}

}  // namespace
}  // namespace fastlstm
