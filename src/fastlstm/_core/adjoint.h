// Exact rows of the Jacobian by finite-memory adjoints, one row of the record per vector lane.
//
// For a block of `lanes` rows the sweep runs back in time once, `memory` steps, in chunks: first
// the recurrent part of a chunk (sweep.h), then its outer products (outer.h).
#pragma once
#include "arena.h"
#include "head_adjoint.h"
#include "outer.h"
#include "rows.h"
#include "sweep.h"
#include "window.h"

namespace fastlstm {
namespace {

constexpr int kChunk = 16;  // steps whose dz stay in the first-level cache

template <class T>
struct AdjointWork {
  std::int64_t capacity;  // slots of the window
  T* window;              // (capacity, n_features, lanes)
  T* zeros;               // (n_features + lanes)
  T* weights;             // of the sweep, layer after layer
  T* dz;                  // per layer (kChunk, dz_width, lanes)
  SweepState<T> state;
  T* sums;      // (n_params, lanes)
  int* sum_of;  // (n_params)
  int* columns;
  T* row_tile;
  HeadWork<T> head;
};

template <class T>
AdjointWork<T> lay_out_adjoint(const Shape& s, std::int64_t memory, Arena& arena) {
  constexpr std::int64_t L = Vec<T>::lanes;
  std::int64_t columns = 0;
  for (int l = 0; l < s.n_layers; ++l) columns += n_columns(s.layers[l]);
  AdjointWork<T> w;
  w.capacity = 2 * memory + 2 + kChunk;
  w.window = arena.take<T>(w.capacity * s.n_features * L);
  w.zeros = arena.take<T>(s.n_features + L);
  w.weights = arena.take<T>(s.n_sweep_weights);
  w.dz = arena.take<T>(kChunk * (4ll * s.n_units + s.n_layers) * L);
  w.state.dh = arena.take<T>(s.n_units * L);
  w.state.dc = arena.take<T>(s.n_units * L);
  w.sums = arena.take<T>(s.n_params * L);
  w.sum_of = arena.take<int>(s.n_params);
  w.columns = arena.take<int>(columns);
  w.row_tile = arena.take<T>(L * kRowTile);
  w.head.values = arena.take<T>(head_width(s) * L);
  for (T*& a : w.head.adjoint) a = arena.take<T>(s.max_width * L);
  return w;
}

// What depends on the weights and sizes alone.
template <class T>
void prepare(const Shape& s, const T* params, const AdjointWork<T>& work) {
  T* weights = work.weights;
  int* columns = work.columns;
  for (int l = 0; l < s.n_layers; ++l) {
    weights = pack_adjoint(s.layers[l], params, weights);
    columns = list_columns(s, l, columns);
  }
  list_sums(s, work.sum_of);
  std::memset(work.zeros, 0, sizeof(T) * size_t(s.n_features + Vec<T>::lanes));
}

// The recurrent part of a chunk: n steps back from window slot `top`, dz of every step kept.
template <class T>
FASTLSTM_NOINLINE void sweep_chunk(const Shape& s, std::int64_t top, int n,
                                   const AdjointWork<T>& work) {
  constexpr int L = Vec<T>::lanes;
  for (int q = 0; q < n; ++q) {
    const T* slot = work.window + (top - q) * s.n_features * L;
    const T* weights = work.weights + s.n_sweep_weights;
    for (int l = s.n_layers - 1; l >= 0; --l) {
      const LayerShape& a = s.layers[l];
      weights -= 4ll * a.n_hidden * (a.n_hidden + (l ? a.n_in : 0));
      T* dz = work.dz + (kChunk * (4ll * a.unit + l) + q * dz_width(a)) * L;
      sweep_layer(a, weights, slot, work.state, dz);
    }
  }
}

// The outer products of a chunk.
template <class T>
void accumulate_chunk(const Shape& s, std::int64_t top, int n, bool fresh,
                      const AdjointWork<T>& work) {
  constexpr int L = Vec<T>::lanes;
  const std::int64_t step = std::int64_t(s.n_features) * L;
  const int* columns = work.columns;
  T* sums = work.sums;
  for (int l = 0; l < s.n_layers; ++l) {
    const LayerShape& a = s.layers[l];
    outer_update(a, work.window + top * step, step, columns,
                 work.dz + kChunk * (4ll * a.unit + l) * L, dz_width(a) * L, n, fresh, sums);
    columns += n_columns(a);
    sums += 4ll * a.n_hidden * n_columns(a) * L;
  }
}

// Where the sweep of lane i crosses the start of its record, dh and dc are dy/dh0 and dy/dc0.
template <class T>
void capture_state(const Shape& s, const std::int64_t* steps_to_start, std::int64_t done,
                   const SweepState<T>& state, double* out, std::int64_t out_step) {
  constexpr int L = Vec<T>::lanes;
  for (int i = 0; i < L; ++i) {
    if (steps_to_start[i] != done) continue;
    for (int j = 0; j < s.n_units; ++j) {
      out[i * out_step + j] = state.dh[j * L + i];
      out[i * out_step + s.n_units + j] = state.dc[j * L + i];
    }
  }
}

// All outputs of one block whose rows stand in window slot `top`.
template <class T>
void sweep_block(const Shape& s, const T* params, const RowBlocks& rows, std::int64_t block,
                 std::int64_t top, const AdjointWork<T>& work, double* jacobian,
                 double* state_jacobian) {
  constexpr int L = Vec<T>::lanes;
  const std::int64_t* record = rows.record + block * L;
  std::int64_t to_start[L], depth = 0;
  for (int i = 0; i < L; ++i) {
    to_start[i] = record[i] < 0 ? 0 : rows.step[block * L + i] - rows.offsets[record[i]] + 1;
    if (to_start[i] > depth) depth = to_start[i];
  }
  if (depth > rows.memory) depth = rows.memory;
  const std::int64_t state_step = std::int64_t(s.n_outputs) * 2 * s.n_units;
  const T* slot = work.window + top * s.n_features * L;
  head_values(s, params, slot + std::int64_t(s.layers[s.n_layers - 1].feature) * L,
              work.head.values);
  for (int k = 0; k < s.n_outputs; ++k) {
    std::memset(work.state.dh, 0, sizeof(T) * size_t(s.n_units) * L);
    std::memset(work.state.dc, 0, sizeof(T) * size_t(s.n_units) * L);
    head_adjoint(s, params, slot, k, work.head, work.sums,
                 work.state.dh + s.layers[s.n_layers - 1].unit * L);
    double* state_out =
        state_jacobian ? state_jacobian + (block * L * s.n_outputs + k) * 2 * s.n_units : nullptr;
    for (std::int64_t done = 0; done < depth;) {
      int n = int(depth - done < kChunk ? depth - done : kChunk);
      if (state_out)  // end a chunk where a lane reaches the start of its record
        for (int i = 0; i < L; ++i)
          if (to_start[i] > done && to_start[i] < done + n) n = int(to_start[i] - done);
      sweep_chunk(s, top - done, n, work);
      accumulate_chunk(s, top - done, n, done == 0, work);
      done += n;
      if (state_out) capture_state(s, to_start, done, work.state, state_out, state_step);
    }
    write_rows(record, work.sums, work.sum_of, s.n_params, work.row_tile,
               jacobian + (block * L * s.n_outputs + k) * s.n_params, s.n_outputs * s.n_params);
  }
}

// Jacobian rows of blocks [begin, end). `features` has n_total rows plus one vector of slack.
template <class T>
void jacobian_blocks(const Shape& s, const T* params, const T* features, const double* state0,
                     const RowBlocks& rows, std::int64_t begin, std::int64_t end,
                     const AdjointWork<T>& work, double* jacobian, double* state_jacobian) {
  prepare(s, params, work);
  std::int64_t top = -1;
  for (std::int64_t b = begin; b < end; ++b) {
    top = slide_window(s, rows, b, top, work.capacity, features, state0, work.zeros,
                       work.window);
    sweep_block(s, params, rows, b, top, work, jacobian, state_jacobian);
  }
  end_stream();
}

}  // namespace
}  // namespace fastlstm
