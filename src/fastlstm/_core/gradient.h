// Gradient of the squared error of the free run, one record per vector lane.
//
// A stretch of steps runs forward and leaves its factors; then it runs back in chunks: the head
// (head_gradient.h), the sweep (sweep.h, cut_sweep.h) and the outer products (outer.h). What is
// carried back in time needs all stretches forward first: records longer than one stretch keep the
// state between them and run forward twice. The gradient cut at the delay takes one chunk at a time.
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
constexpr int kMaxStretch = 2048;   // steps whose factors are kept
constexpr int kFlush = 512;         // steps whose products are summed in T; the rest is float64

template <class T>
struct GradientWork {
  T* params;   // all, for head and readout
  T* forward;  // weights of the free run, layer after layer
  T* backward;  // weights of the sweep, layer after layer
  T* window;   // (stretch + 1, n_features, lanes); the first slot holds the state before
  T* c;        // (n_units, lanes)
  T* marks;    // per stretch the slot and c it starts from
  SweepState<T> state;
  T* dz;     // per layer (kGradientChunk, dz_width, lanes)
  HeadSteps<T> head;
  T* sums;      // (n_params, lanes)
  int* sum_of;  // (n_params)
  int* columns;
};

inline std::int64_t stretch_of(Path path, std::int64_t longest) {
  const std::int64_t most = path == kPathNone ? kGradientChunk : kMaxStretch;
  return longest < most ? longest : most;
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
  const std::int64_t stretches = path == kPathNone ? 0 : (longest + kMaxStretch - 1) / kMaxStretch;
  w.marks = arena.take<T>(stretches * (s.n_features + s.n_units) * L);
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

// Copies what the step after a slot reads of it: h of all layers.
template <class T>
void keep_state(const Shape& s, const T* slot, T* to) {
  for (int l = 0; l < s.n_layers; ++l) {
    const std::int64_t at = std::int64_t(s.layers[l].feature) * Vec<T>::lanes;
    std::memcpy(to + at, slot + at, sizeof(T) * size_t(s.layers[l].n_hidden) * Vec<T>::lanes);
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

// Where products go when enough steps are summed.
struct Collected {
  double* gradient;       // (n_params)
  std::int64_t waiting;   // steps since the last flush
};

// n steps back from the end of a stretch that began at step t.
template <class T, Path P>
void run_back(const Shape& s, const Lanes<T>& g, std::int64_t t, std::int64_t n,
              const GradientWork<T>& work, Scoring& score, Collected& collected) {
  const std::int64_t slot = std::int64_t(s.n_features) * Lanes<T>::L;
  while (n > 0) {
    const int chunk = int(n < kGradientChunk ? n : kGradientChunk);
    head_gradient(s, work.params, work.window + n * slot, g, t + n - 1, chunk, work.head, score,
                  work.sums);
    sweep_steps<T, P>(s, n, chunk, work);
    accumulate_steps(s, n, chunk, work);
    n -= chunk;
    if ((collected.waiting += chunk) < kFlush) continue;
    flush_sums(s, work, collected.gradient);
    collected.waiting = 0;
  }
}

// Cut at the delay: every stretch goes back at once; in the washout there is nothing to go back for.
template <class T>
void run_cut(const Shape& s, const Lanes<T>& g, const GradientJob& job, const GradientWork<T>& work,
             Scoring& score, Collected& collected) {
  for (std::int64_t t = 0, n; t < g.longest; t += n) {
    n = clamp_step(g.longest - t, 0, kGradientChunk);
    run_stretch(s, g, job, t, n, work);
    if (t + n > job.washout) run_back<T, kPathNone>(s, g, t, n, work, score, collected);
    keep_state(s, work.window + n * std::int64_t(s.n_features) * Lanes<T>::L, work.window);
  }
}

// All stretches forward, then all of them back; but for the last one the factors are made again.
template <class T, Path P>
void run_carried(const Shape& s, const Lanes<T>& g, const GradientJob& job,
                 const GradientWork<T>& work, Scoring& score, Collected& collected) {
  constexpr int L = Lanes<T>::L;
  const std::int64_t slot = std::int64_t(s.n_features) * L, units = std::int64_t(s.n_units) * L;
  const std::int64_t last = (g.longest - 1) / kMaxStretch;
  for (std::int64_t k = 0; k <= last; ++k) {
    T* mark = work.marks + k * (slot + units);
    keep_state(s, work.window, mark);
    std::memcpy(mark + slot, work.c, sizeof(T) * size_t(units));
    const int n = clamp_step(g.longest - k * kMaxStretch, 0, kMaxStretch);
    run_stretch(s, g, job, k * kMaxStretch, n, work);
    if (k < last) keep_state(s, work.window + n * slot, work.window);
  }
  for (std::int64_t k = last; k >= 0; --k) {
    const int n = clamp_step(g.longest - k * kMaxStretch, 0, kMaxStretch);
    if (k < last) {
      const T* mark = work.marks + k * (slot + units);
      keep_state(s, mark, work.window);
      std::memcpy(work.c, mark + slot, sizeof(T) * size_t(units));
      run_stretch(s, g, job, k * kMaxStretch, n, work);
    }
    run_back<T, P>(s, g, k * kMaxStretch, n, work, score, collected);
  }
}

template <class T, Path P>
void group_gradient(const Shape& s, const GradientJob& job, std::int64_t group,
                    const GradientWork<T>& work) {
  constexpr int L = Lanes<T>::L;
  const Lanes<T> g = group_lanes<T>(job.record + group * L, job.offsets);
  Scoring score{job.y, job.washout, 0.0, 0};
  Collected collected{job.gradient + group * s.n_params, 0};
  for (std::int64_t p = 0; p < s.n_params; ++p) collected.gradient[p] = 0.0;
  std::memset(work.sums, 0, sizeof(T) * size_t(s.n_params) * L);
  std::memset(work.state.dh, 0, sizeof(T) * size_t(s.n_units) * L);
  std::memset(work.state.dc, 0, sizeof(T) * size_t(s.n_units) * L);
  start_lanes(s, g, job.state0, work);
  if (P == kPathNone)
    run_cut(s, g, job, work, score, collected);
  else if (g.longest > 0)
    run_carried<T, P>(s, g, job, work, score, collected);
  flush_sums(s, work, collected.gradient);
  job.cost[group] = score.cost;
  job.n_scored[group] = score.n_scored;
}

}  // namespace
}  // namespace fastlstm
