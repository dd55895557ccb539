// Gradient of the squared error of the free run, one record per vector lane.
//
// A stretch of steps runs forward and leaves its factors; then it runs back in chunks: head and
// sweep of a chunk first (sweep.h, cut_sweep.h), then its outer products (outer.h). Exact
// back-propagation and the carried cell path need the whole record as one stretch; the gradient
// cut at the delay takes stretches that stay in the first-level cache.
#pragma once
#include "arena.h"
#include "cut_sweep.h"
#include "head_gradient.h"
#include "kernels.h"
#include "lanes_forward.h"
#include "outer.h"
#include "sweep.h"

namespace fastlstm {
namespace {

constexpr int kGradientChunk = 32;  // steps whose dz stay in the cache
constexpr int kFlush = 512;         // steps whose products are summed in T; the rest is float64

template <class T>
struct GradientWork {
  T* params;   // all, for head and readout
  T* forward;  // weights of the free run, layer after layer
  T* backward;  // weights of the sweep, layer after layer
  T* window;   // (stretch + 1, n_features, lanes); the first slot holds the state before
  T* c;        // (n_units, lanes)
  SweepState<T> state;
  T* dz;     // per layer (kGradientChunk, dz_width, lanes)
  HeadSteps<T> head;
  T* sums;      // (n_params, lanes)
  int* sum_of;  // (n_params)
  int* columns;
};

inline std::int64_t stretch_of(Path path, std::int64_t longest) {
  return path == kPathNone && longest > kGradientChunk ? kGradientChunk : longest;
}

template <class T>
GradientWork<T> lay_out_gradient(const Shape& s, Path path, std::int64_t longest, Arena& arena) {
  constexpr std::int64_t L = Vec<T>::lanes;
  std::int64_t columns = 0;
  for (int l = 0; l < s.n_layers; ++l) columns += n_columns(s.layers[l]);
  GradientWork<T> w;
  w.params = arena.take<T>(s.n_params);
  w.forward = arena.take<T>(s.n_lstm_params);
  w.backward = arena.take<T>(s.n_sweep_weights);
  w.c = arena.take<T>(s.n_units * L);
  w.state.dh = arena.take<T>(s.n_units * L);
  w.state.dc = arena.take<T>(s.n_units * L);
  w.dz = arena.take<T>(kGradientChunk * (4ll * s.n_units + s.n_layers) * L);
  w.head = lay_out_head<T>(s, kGradientChunk, arena);
  w.sums = arena.take<T>(s.n_params * L);
  w.sum_of = arena.take<int>(s.n_params);
  w.columns = arena.take<int>(columns);
  w.window = arena.take<T>((stretch_of(path, longest) + 1) * s.n_features * L);
  return w;
}

template <class T>
void prepare_gradient(const Shape& s, const double* params, const GradientWork<T>& work) {
  for (std::int64_t p = 0; p < s.n_params; ++p) work.params[p] = T(params[p]);
  T *forward = work.forward, *backward = work.backward;
  int* columns = work.columns;
  for (int l = 0; l < s.n_layers; ++l) {
    forward = pack_forward(s.layers[l], params, forward);
    backward = pack_adjoint(s.layers[l], work.params, backward);
    columns = list_columns(s, l, columns);
  }
  list_sums(s, work.sum_of);
}

// Between the h of all layers in one slot of features and (h, c) of the lanes' records.
template <class T, class F>
void for_each_state(const Shape& s, T* slot, T* c, int lane, const F& f) {
  constexpr int L = Vec<T>::lanes;
  for (int l = 0; l < s.n_layers; ++l) {
    const LayerShape& a = s.layers[l];
    for (int j = 0; j < a.n_hidden; ++j)
      f(a.unit + j, slot[(std::int64_t(a.feature) + j) * L + lane],
        c[(std::int64_t(a.unit) + j) * L + lane]);
  }
}

template <class T>
void start_lanes(const Shape& s, const Lanes<T>& g, const double* state0,
                 const GradientWork<T>& work) {
  for (int i = 0; i < Lanes<T>::L; ++i) {
    const double* state = g.record[i] < 0 ? nullptr : state0 + g.record[i] * 2 * s.n_units;
    for_each_state(s, work.window, work.c, i, [&](int j, T& h, T& c) {
      h = state ? T(state[j]) : T(0);
      c = state ? T(state[s.n_units + j]) : T(0);
    });
  }
}

// n steps forward from step t; slot 0 of the window is the step before.
template <class T>
FASTLSTM_NOINLINE void run_stretch(const Shape& s, const Lanes<T>& g, const GradientJob& job,
                                   std::int64_t t, std::int64_t n, const GradientWork<T>& work) {
  constexpr int L = Lanes<T>::L;
  const std::int64_t gap = std::int64_t(s.n_features) * L;
  T* slot = work.window;
  for (std::int64_t q = 0; q < n; ++q, ++t) {
    slot += gap;
    if (q % kGradientChunk == 0)
      gather_inputs(g, job.u, s.n_inputs, t, clamp_step(n - q, 0, kGradientChunk), slot, gap);
    Vec<T>(T(1)).store(slot + s.n_inputs * L);
    const T* weights = work.forward;
    for (int l = 0; l < s.n_layers; ++l) weights = forward_layer(s, l, weights, slot, work.c);
    for (int i = 0; i < L; ++i)
      if (t == g.length[i] - 1) {
        double* state = job.final_state + g.record[i] * 2 * s.n_units;
        for_each_state(s, slot, work.c, i, [&](int j, T& h, T& c) {
          state[j] = h;
          state[s.n_units + j] = c;
        });
      }
  }
}

// Sweep of one chunk: n steps back from window slot `top`, dz of every step kept.
template <class T, Path P>
FASTLSTM_NOINLINE void sweep_steps(const Shape& s, std::int64_t top, int n,
                                   const GradientWork<T>& work) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const int n_top = s.layers[s.n_layers - 1].n_hidden;
  T* dh = work.state.dh + s.layers[s.n_layers - 1].unit * L;
  for (int q = 0; q < n; ++q) {
    const T* slot = work.window + (top - q) * s.n_features * L;
    const T* weights = work.backward + s.n_sweep_weights;
    const T* added = work.head.dh + q * n_top * L;
    for (int j = 0; j < n_top * L; j += L)
      (P == kPathFull ? V::load(dh + j) + V::load(added + j) : V::load(added + j)).store(dh + j);
    for (int l = s.n_layers - 1; l >= 0; --l) {
      const LayerShape& a = s.layers[l];
      weights -= 4ll * a.n_hidden * (a.n_hidden + (l ? a.n_in : 0));
      T* dz = work.dz + (kGradientChunk * (4ll * a.unit + l) + q * dz_width(a)) * L;
      if constexpr (P == kPathFull)
        sweep_layer(a, weights, slot, work.state, dz);
      else
        cut_layer<T, P == kPathCell>(a, weights, slot, work.state, dz);
    }
  }
}

// Adds the sums of all lanes to the gradient and starts them anew.
template <class T>
FASTLSTM_NOINLINE void flush_sums(const Shape& s, const GradientWork<T>& work, double* gradient) {
  constexpr int L = Vec<T>::lanes, D = Vec<double>::lanes;
  for (std::int64_t p = 0; p < s.n_params; ++p) {
    const T* from = work.sums + std::int64_t(work.sum_of[p]) * L;
    Vec<double> sum = load_double(from);
    for (int i = D; i < L; i += D) sum = sum + load_double(from + i);
    gradient[p] += total(sum);
  }
  std::memset(work.sums, 0, sizeof(T) * size_t(s.n_params) * L);
}

// The outer products of one chunk.
template <class T>
void accumulate_steps(const Shape& s, std::int64_t top, int n, const GradientWork<T>& work) {
  constexpr int L = Vec<T>::lanes;
  const std::int64_t step = std::int64_t(s.n_features) * L;
  const int* columns = work.columns;
  T* sums = work.sums;
  for (int l = 0; l < s.n_layers; ++l) {
    const LayerShape& a = s.layers[l];
    outer_update(a, work.window + top * step, step, columns,
                 work.dz + kGradientChunk * (4ll * a.unit + l) * L, dz_width(a) * L, n, false,
                 sums);
    columns += n_columns(a);
    sums += 4ll * a.n_hidden * n_columns(a) * L;
  }
}

template <class T, Path P>
void group_gradient(const Shape& s, const GradientJob& job, std::int64_t group,
                    const GradientWork<T>& work) {
  constexpr int L = Lanes<T>::L;
  const std::int64_t slot = std::int64_t(s.n_features) * L;
  const Lanes<T> g = group_lanes<T>(job.record + group * L, job.offsets);
  Scoring score{job.y, job.washout, 0.0, 0};
  double* gradient = job.gradient + group * s.n_params;
  for (std::int64_t p = 0; p < s.n_params; ++p) gradient[p] = 0.0;
  std::memset(work.sums, 0, sizeof(T) * size_t(s.n_params) * L);
  std::memset(work.state.dh, 0, sizeof(T) * size_t(s.n_units) * L);
  std::memset(work.state.dc, 0, sizeof(T) * size_t(s.n_units) * L);
  start_lanes(s, g, job.state0, work);
  const std::int64_t stretch = stretch_of(P, g.longest);
  std::int64_t waiting = 0;  // steps since the last flush
  for (std::int64_t t = 0, n; t < g.longest; t += n) {
    n = g.longest - t < stretch ? g.longest - t : stretch;
    run_stretch(s, g, job, t, n, work);
    for (std::int64_t left = n; left > 0;) {
      const int chunk = int(left < kGradientChunk ? left : kGradientChunk);
      head_gradient(s, work.params, work.window + left * slot, g, t + left - 1, chunk, work.head,
                    score, work.sums);
      sweep_steps<T, P>(s, left, chunk, work);
      accumulate_steps(s, left, chunk, work);
      left -= chunk;
      if ((waiting += chunk) < kFlush) continue;
      flush_sums(s, work, gradient);
      waiting = 0;
    }
    if (t + n < g.longest)
      std::memcpy(work.window, work.window + n * slot, sizeof(T) * size_t(slot));
  }
  flush_sums(s, work, gradient);
  job.cost[group] = score.cost;
  job.n_scored[group] = score.n_scored;
}

}  // namespace
}  // namespace fastlstm
