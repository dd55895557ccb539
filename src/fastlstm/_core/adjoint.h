// Exact rows of the Jacobian by finite-memory adjoints, one row of the record per vector lane.
//
// For a block of `lanes` rows the sweep runs back in time once, `memory` steps:
//
//   v = dc + dh e;  dz = [v a_i, v a_f, v a_g, dh a_o];  dc = v f
//   acc += dz (x) [x_s, h_{s-1}, 1]          the forward part and the recurrent part, side by side
//   dh = weight_hh' dz  (for s-1);  dh of the layer below += weight_ih' dz  (same s)
//
// The window of features of every lane is kept transposed (time, feature, lane) and slides with the
// rows, so that every quantity of the sweep is one vector over the rows.
#pragma once
#include "forward.h"

namespace fastlstm {
namespace {

constexpr int kChunk = 16;  // steps whose dz stay in the first-level cache
constexpr int kMaxColumns = kVectorRegisters == 32 ? 6 : 2;   // of a register tile of 4 rows
constexpr int kMaxOutputs = kVectorRegisters == 32 ? 12 : 6;  // of a matrix-vector tile

// Rows to compute: global step and record of every lane of every block; record < 0 is padding.
struct RowBlocks {
  const std::int64_t* step;    // (n_blocks, lanes)
  const std::int64_t* record;  // (n_blocks, lanes)
  const std::int64_t* offsets;
  std::int64_t memory;
};

template <class T>
struct AdjointWork {
  T* window;        // (capacity, n_features, lanes)
  T* dz;            // per layer (kChunk, dz_width, lanes)
  T* dh;            // (n_units, lanes)
  T* dc;            // (n_units, lanes)
  T* acc;           // (n_params, lanes), then one spare square for the transposition
  T* head_value;    // (sum of head widths, lanes)
  T* head_adjoint;  // (2, max_width, lanes)
  T* ones;          // (lanes)
  std::int64_t capacity;
};

// Vectors between the dz of two steps: odd, so that the steps of a chunk spread over the cache sets.
inline std::int64_t dz_width(int n_hidden) { return 4ll * n_hidden + 1; }

template <class T>
std::int64_t adjoint_work_size(const Shape& s, std::int64_t memory) {
  constexpr int L = Vec<T>::lanes;
  std::int64_t head = 0;
  for (int l = 0; l < s.n_head; ++l) head += s.head[l].n_out;
  return L * ((2 * memory + 2 + kChunk) * s.n_features + kChunk * (4ll * s.n_units + s.n_layers) +
              2ll * s.n_units + s.n_params + L + head + 2ll * s.max_width + 1);
}

template <class T>
AdjointWork<T> carve(const Shape& s, std::int64_t memory, T* p) {
  constexpr int L = Vec<T>::lanes;
  std::int64_t head = 0;
  for (int l = 0; l < s.n_head; ++l) head += s.head[l].n_out;
  AdjointWork<T> w;
  w.capacity = 2 * memory + 2 + kChunk;
  w.window = p;
  p += w.capacity * s.n_features * L;
  w.dz = p;
  p += kChunk * (4ll * s.n_units + s.n_layers) * L;
  w.dh = p;
  p += s.n_units * L;
  w.dc = p;
  p += s.n_units * L;
  w.acc = p;
  p += (s.n_params + L) * L;
  w.head_value = p;
  p += head * L;
  w.head_adjoint = p;
  p += 2ll * s.max_width * L;
  w.ones = p;
  for (int i = 0; i < L; ++i) w.ones[i] = T(1);
  return w;
}

// Fills `n` transposed steps: lane i gets feature rows first[i] .. first[i] + n - 1 of its record;
// steps before the record are zero, except that the last one carries the initial h.
template <class T>
void fill_window(const Shape& s, const RowBlocks& rows, std::int64_t block,
                 const std::int64_t* first, std::int64_t n, const T* features,
                 const double* state0, T* out) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const std::int64_t* record = rows.record + block * L;
  for (std::int64_t k = 0; k < n; ++k, out += std::int64_t(s.n_features) * L) {
    const T* row[L];
    for (int i = 0; i < L; ++i) {
      const std::int64_t r = record[i], t = first[i] + k;
      row[i] = nullptr;
      if (r >= 0 && t >= rows.offsets[r] && t < rows.offsets[r + 1])
        row[i] = features + t * s.n_features;
    }
    for (int c = 0; c < s.n_features; c += L) {
      V square[L];
      const int width = s.n_features - c < L ? s.n_features - c : L;
      for (int i = 0; i < L; ++i) square[i] = row[i] ? V::load(row[i] + c) : V(T(0));
      transpose(square);
      for (int j = 0; j < width; ++j) square[j].store(out + std::int64_t(c + j) * L);
    }
    for (int i = 0; i < L; ++i)
      if (record[i] >= 0 && first[i] + k == rows.offsets[record[i]] - 1)
        for (int l = 0; l < s.n_layers; ++l)
          for (int j = 0; j < s.layers[l].n_hidden; ++j)
            out[(std::int64_t(s.layers[l].feature) + j) * L + i] =
                T(state0[record[i] * 2 * s.n_units + s.layers[l].unit + j]);
  }
}

// out[0..N) (+)= sum_r dz[r] * a[r * ld + 0..N): a tile of transposed matrix times lane vectors.
template <class T, int N, bool Add>
FASTLSTM_INLINE void matvec_tile(const T* a, int ld, int n_rows, const T* dz, T* out) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  V acc[N];
  for (int j = 0; j < N; ++j) acc[j] = Add ? V::load(out + j * L) : V(T(0));
  for (int r = 0; r < n_rows; ++r) {
    const V d = V::load(dz + std::int64_t(r) * L);
    for (int j = 0; j < N; ++j) acc[j] = fma(V(a[j]), d, acc[j]);
    a += ld;
  }
  for (int j = 0; j < N; ++j) acc[j].store(out + j * L);
}

template <class T, bool Add>
FASTLSTM_INLINE void matvec_dispatch(int n, const T* a, int ld, int n_rows, const T* dz, T* out) {
  switch (n) {
    case 1: return matvec_tile<T, 1, Add>(a, ld, n_rows, dz, out);
    case 2: return matvec_tile<T, 2, Add>(a, ld, n_rows, dz, out);
    case 3: return matvec_tile<T, 3, Add>(a, ld, n_rows, dz, out);
    case 4: return matvec_tile<T, 4, Add>(a, ld, n_rows, dz, out);
    case 5: return matvec_tile<T, 5, Add>(a, ld, n_rows, dz, out);
    case 6: return matvec_tile<T, 6, Add>(a, ld, n_rows, dz, out);
    case 7: return matvec_tile<T, 7, Add>(a, ld, n_rows, dz, out);
    case 8: return matvec_tile<T, 8, Add>(a, ld, n_rows, dz, out);
    case 9: return matvec_tile<T, 9, Add>(a, ld, n_rows, dz, out);
    case 10: return matvec_tile<T, 10, Add>(a, ld, n_rows, dz, out);
    case 11: return matvec_tile<T, 11, Add>(a, ld, n_rows, dz, out);
    default: return matvec_tile<T, 12, Add>(a, ld, n_rows, dz, out);
  }
}

// out = (or +=) a' dz for a of shape (n_rows, n_cols), in tiles of nearly equal width.
template <class T, bool Add>
FASTLSTM_INLINE void matvec(const T* a, int n_rows, int n_cols, const T* dz, T* out) {
  constexpr int L = Vec<T>::lanes;
  int tiles = (n_cols + kMaxOutputs - 1) / kMaxOutputs;
  for (int c = 0; c < n_cols; --tiles) {
    const int n = (n_cols - c + tiles - 1) / tiles;
    matvec_dispatch<T, Add>(n, a + c, n_cols, n_rows, dz, out + c * L);
    c += n;
  }
}

// One column of the outer product: where its factor is and where its results go.
template <class T>
struct Column {
  const T* factor;        // lane vector at the first step of the chunk
  std::int64_t back;      // distance to the factor one step earlier
  T* acc;                 // accumulator of row 0
  std::int64_t acc_step;  // distance between rows
};

// acc[row][column] += sum over the chunk of dz[row] * factor[column], 4 rows x N columns.
template <class T, int N>
FASTLSTM_INLINE void outer_tile(const Column<T>* columns, const T* d, std::int64_t dz_step,
                                int n_steps, int r) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  V acc[4][N];
  const T* x[N];
  for (int j = 0; j < N; ++j) {
    x[j] = columns[j].factor;
    for (int i = 0; i < 4; ++i) acc[i][j] = V::load(columns[j].acc + (r + i) * columns[j].acc_step);
  }
  for (int q = 0; q < n_steps; ++q, d += dz_step) {
    const V d0 = V::load(d), d1 = V::load(d + L), d2 = V::load(d + 2 * L), d3 = V::load(d + 3 * L);
    for (int j = 0; j < N; ++j) {
      const V f = V::load(x[j]);
      acc[0][j] = fma(d0, f, acc[0][j]);
      acc[1][j] = fma(d1, f, acc[1][j]);
      acc[2][j] = fma(d2, f, acc[2][j]);
      acc[3][j] = fma(d3, f, acc[3][j]);
      x[j] -= columns[j].back;
    }
  }
  for (int j = 0; j < N; ++j)
    for (int i = 0; i < 4; ++i) acc[i][j].store(columns[j].acc + (r + i) * columns[j].acc_step);
}

template <class T>
FASTLSTM_NOINLINE void outer_update(const Column<T>* columns, int n_columns, const T* dz,
                                    std::int64_t dz_step, int n_steps, int n_rows) {
  constexpr int L = Vec<T>::lanes;
  for (int r = 0; r < n_rows; r += 4, dz += 4 * L) {
    int tiles = (n_columns + kMaxColumns - 1) / kMaxColumns;
    for (int c = 0; c < n_columns; --tiles) {
      const int n = (n_columns - c + tiles - 1) / tiles;
      switch (n) {
        case 1: outer_tile<T, 1>(columns + c, dz, dz_step, n_steps, r); break;
        case 2: outer_tile<T, 2>(columns + c, dz, dz_step, n_steps, r); break;
        case 3: outer_tile<T, 3>(columns + c, dz, dz_step, n_steps, r); break;
        case 4: outer_tile<T, 4>(columns + c, dz, dz_step, n_steps, r); break;
        case 5: outer_tile<T, 5>(columns + c, dz, dz_step, n_steps, r); break;
        default: outer_tile<T, 6>(columns + c, dz, dz_step, n_steps, r); break;
      }
      c += n;
    }
  }
}

// Forward through the MLP of a block of rows; values of every layer stay in work.head_value.
template <class T>
void head_values(const Shape& s, const T* params, const T* slot, const AdjointWork<T>& work) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const T* below = slot + std::int64_t(s.layers[s.n_layers - 1].feature) * L;
  T* out = work.head_value;
  for (int l = 0; l < s.n_head; ++l) {
    const HeadShape& a = s.head[l];
    for (int r = 0; r < a.n_out; ++r) {
      V sum(params[a.bias + r]);
      for (int k = 0; k < a.n_in; ++k)
        sum = fma(V(params[a.weight + r * a.n_in + k]), V::load(below + k * L), sum);
      tanh(sum).store(out + r * L);
    }
    below = out;
    out += a.n_out * L;
  }
}

// Columns of head and bypasses for output `k`, and dy/dh of the top layer into `dh`.
template <class T>
void head_adjoint(const Shape& s, const T* params, const T* slot, int k, const AdjointWork<T>& work,
                  T* dh) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const LayerShape& top = s.layers[s.n_layers - 1];
  const T* h = slot + std::int64_t(top.feature) * L;
  const V one(T(1));
  for (int j = 0; j < top.n_hidden; ++j) {
    V::load(h + j * L).store(work.acc + (s.readout_hidden + k * top.n_hidden + j) * L);
    V(params[s.readout_hidden + k * top.n_hidden + j]).store(dh + j * L);
  }
  for (int j = 0; j < s.n_inputs; ++j)
    V::load(slot + j * L).store(work.acc + (s.readout_input + k * s.n_inputs + j) * L);
  one.store(work.acc + (s.readout_bias + k) * L);
  if (s.n_head == 0) return;
  const int n_last = s.head[s.n_head - 1].n_out;
  T* values = work.head_value;
  for (int l = 0; l + 1 < s.n_head; ++l) values += s.head[l].n_out * L;
  T* adjoint = work.head_adjoint;
  T* other = work.head_adjoint + std::int64_t(s.max_width) * L;
  for (int j = 0; j < n_last; ++j) {
    V::load(values + j * L).store(work.acc + (s.readout_head + k * n_last + j) * L);
    V(params[s.readout_head + k * n_last + j]).store(adjoint + j * L);
  }
  for (int l = s.n_head - 1; l >= 0; --l) {
    const HeadShape& a = s.head[l];
    const T* below = l ? values - s.head[l - 1].n_out * L : h;
    T* out = l ? other : dh;
    if (l)
      for (int j = 0; j < a.n_in; ++j) V(T(0)).store(out + j * L);
    for (int r = 0; r < a.n_out; ++r) {
      const V value = V::load(values + r * L);
      const V d = V::load(adjoint + r * L) * (one - value * value);
      d.store(work.acc + (a.bias + r) * L);
      for (int j = 0; j < a.n_in; ++j) {
        (d * V::load(below + j * L)).store(work.acc + (a.weight + r * a.n_in + j) * L);
        fma(V(params[a.weight + r * a.n_in + j]), d, V::load(out + j * L)).store(out + j * L);
      }
    }
    if (l) {
      other = adjoint;
      adjoint = out;
      values -= s.head[l - 1].n_out * L;
    }
  }
}

// One step back through one layer: dz from dh, dc and the stored factors.
template <class T>
FASTLSTM_INLINE void gate_adjoint(const LayerShape& a, const T* slot, const T* dh, T* dc, T* dz) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const int n = a.n_hidden;
  const T* feature = slot + std::int64_t(a.feature) * L;
  for (int j = 0; j < n; ++j) {
    const V d = V::load(dh + j * L);
    const V v = fma(d, V::load(feature + (kE * n + j) * L), V::load(dc + j * L));
    (v * V::load(feature + (kAi * n + j) * L)).store(dz + j * L);
    (v * V::load(feature + (kAf * n + j) * L)).store(dz + (n + j) * L);
    (v * V::load(feature + (kAg * n + j) * L)).store(dz + (2 * n + j) * L);
    (d * V::load(feature + (kAo * n + j) * L)).store(dz + (3 * n + j) * L);
    (v * V::load(feature + (kF * n + j) * L)).store(dc + j * L);
  }
}

// The recurrent part of a chunk: n steps back from window slot `top`, dz of every step kept.
template <class T>
void sweep_chunk(const Shape& s, const T* params, const T* window, std::int64_t top, int n,
                 const AdjointWork<T>& work) {
  constexpr int L = Vec<T>::lanes;
  const std::int64_t step = std::int64_t(s.n_features) * L;
  for (int q = 0; q < n; ++q) {
    const T* slot = window + (top - q) * step;
    for (int l = s.n_layers - 1; l >= 0; --l) {
      const LayerShape& a = s.layers[l];
      T* dz = work.dz + (kChunk * (4ll * a.unit + l) + q * dz_width(a.n_hidden)) * L;
      T* dh = work.dh + a.unit * L;
      gate_adjoint(a, slot, dh, work.dc + a.unit * L, dz);
      matvec<T, false>(params + a.weight_hh, 4 * a.n_hidden, a.n_hidden, dz, dh);
      if (l)
        matvec<T, true>(params + a.weight_ih, 4 * a.n_hidden, a.n_in, dz,
                        work.dh + s.layers[l - 1].unit * L);
    }
  }
}

// The outer products of a chunk: dz (x) [x_s, h_{s-1}, 1], all steps of the chunk in registers.
template <class T>
void accumulate_chunk(const Shape& s, const T* window, std::int64_t top, int n,
                      const AdjointWork<T>& work, Column<T>* columns) {
  constexpr int L = Vec<T>::lanes;
  const std::int64_t step = std::int64_t(s.n_features) * L;
  const T* slot = window + top * step;
  for (int l = 0; l < s.n_layers; ++l) {
    const LayerShape& a = s.layers[l];
    const T* x = l ? slot + std::int64_t(s.layers[l - 1].feature) * L : slot;
    const T* h_prev = slot - step + std::int64_t(a.feature) * L;
    int c = 0;
    for (int j = 0; j < a.n_in; ++j)
      columns[c++] = {x + j * L, step, work.acc + (a.weight_ih + j) * L, std::int64_t(a.n_in) * L};
    for (int j = 0; j < a.n_hidden; ++j)
      columns[c++] = {h_prev + j * L, step, work.acc + (a.weight_hh + j) * L,
                      std::int64_t(a.n_hidden) * L};
    columns[c++] = {work.ones, 0, work.acc + a.bias * L, L};
    outer_update(columns, c, work.dz + kChunk * (4ll * a.unit + l) * L,
                 dz_width(a.n_hidden) * L, n, 4 * a.n_hidden);
  }
}

// Writes the accumulators as rows: lane i goes to row + i * row_step; padding lanes become zero.
template <class T>
void write_rows(const Shape& s, const std::int64_t* record, const T* acc, double* row,
                std::int64_t row_step) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  for (std::int64_t p = 0; p < s.n_params; p += L) {
    V square[L];
    for (int j = 0; j < L; ++j) square[j] = V::load(acc + (p + j) * L);
    transpose(square);
    const int n = s.n_params - p < L ? int(s.n_params - p) : L;
    for (int i = 0; i < L; ++i) {
      double* out = row + i * row_step + p;
      T values[L];
      (record[i] >= 0 ? square[i] : V(T(0))).store(values);
      if (n == L) {
        for (int j = 0; j < L; ++j) out[j] = double(values[j]);
      } else {
        for (int j = 0; j < n; ++j) out[j] = double(values[j]);
      }
    }
  }
}

// Where the sweep of lane i crosses the start of its record, dh and dc are dy/dh0 and dy/dc0.
template <class T>
void capture_state(const Shape& s, const std::int64_t* steps_to_start, std::int64_t done,
                   const AdjointWork<T>& work, double* out, std::int64_t out_step) {
  constexpr int L = Vec<T>::lanes;
  for (int i = 0; i < L; ++i) {
    if (steps_to_start[i] != done) continue;
    for (int j = 0; j < s.n_units; ++j) {
      out[i * out_step + j] = work.dh[j * L + i];
      out[i * out_step + s.n_units + j] = work.dc[j * L + i];
    }
  }
}

// All outputs of one block whose rows stand in window slot `top`.
template <class T>
void sweep_block(const Shape& s, const T* params, const RowBlocks& rows, std::int64_t block,
                 const T* window, std::int64_t top, const AdjointWork<T>& work,
                 Column<T>* columns, double* jacobian, double* state_jacobian) {
  constexpr int L = Vec<T>::lanes;
  const std::int64_t* record = rows.record + block * L;
  std::int64_t to_start[L], depth = 0;
  for (int i = 0; i < L; ++i) {
    to_start[i] = record[i] < 0 ? 0 : rows.step[block * L + i] - rows.offsets[record[i]] + 1;
    if (to_start[i] > depth) depth = to_start[i];
  }
  if (depth > rows.memory) depth = rows.memory;
  const std::int64_t state_step = std::int64_t(s.n_outputs) * 2 * s.n_units;
  head_values(s, params, window + top * s.n_features * L, work);
  for (int k = 0; k < s.n_outputs; ++k) {
    std::memset(work.acc, 0, sizeof(T) * size_t(s.n_params) * L);
    std::memset(work.dh, 0, sizeof(T) * size_t(s.n_units) * L);
    std::memset(work.dc, 0, sizeof(T) * size_t(s.n_units) * L);
    head_adjoint(s, params, window + top * s.n_features * L, k, work,
                 work.dh + s.layers[s.n_layers - 1].unit * L);
    double* state_out =
        state_jacobian ? state_jacobian + (block * L * s.n_outputs + k) * 2 * s.n_units : nullptr;
    for (std::int64_t done = 0; done < depth;) {
      int n = int(depth - done < kChunk ? depth - done : kChunk);
      if (state_out)  // end a chunk where a lane reaches the start of its record
        for (int i = 0; i < L; ++i)
          if (to_start[i] > done && to_start[i] < done + n) n = int(to_start[i] - done);
      sweep_chunk(s, params, window, top - done, n, work);
      accumulate_chunk(s, window, top - done, n, work, columns);
      done += n;
      if (state_out) capture_state(s, to_start, done, work, state_out, state_step);
    }
    write_rows(s, record, work.acc, jacobian + (block * L * s.n_outputs + k) * s.n_params,
               s.n_outputs * s.n_params);
  }
}

// Steps by which every lane in use advanced since the block before; 0 if they differ.
inline std::int64_t common_shift(const RowBlocks& rows, std::int64_t block, int lanes) {
  std::int64_t shift = 0;
  for (std::int64_t i = block * lanes; i < (block + 1) * lanes; ++i) {
    if (rows.record[i] < 0) continue;
    const std::int64_t moved = rows.step[i] - rows.step[i - lanes];
    if (rows.record[i] != rows.record[i - lanes] || (shift && moved != shift)) return 0;
    shift = moved;
  }
  return shift;
}

// Jacobian rows of blocks [begin, end). `features` has n_total feature rows plus one vector of slack.
template <class T>
void jacobian_blocks(const Shape& s, const T* params, const T* features, const double* state0,
                     const RowBlocks& rows, std::int64_t begin, std::int64_t end, T* scratch,
                     void* column_scratch, double* jacobian, double* state_jacobian) {
  constexpr int L = Vec<T>::lanes;
  const AdjointWork<T> work = carve(s, rows.memory, scratch);
  Column<T>* columns = static_cast<Column<T>*>(column_scratch);
  const std::int64_t slot = std::int64_t(s.n_features) * L;
  std::int64_t top = -1;
  for (std::int64_t b = begin; b < end; ++b) {
    std::int64_t first[L];
    const std::int64_t shift = b > begin ? common_shift(rows, b, L) : 0;
    const bool slides = shift > 0 && shift <= rows.memory;
    const std::int64_t keep = slides ? rows.memory + 1 - shift : 0;
    const std::int64_t fresh = rows.memory + 1 - keep;
    if (slides && top + shift >= work.capacity) {
      std::memmove(work.window, work.window + (top + 1 - keep) * slot, sizeof(T) * keep * slot);
      top = keep - 1;
    }
    if (!slides) top = -1;
    for (int i = 0; i < L; ++i) first[i] = rows.step[b * L + i] - fresh + 1;
    fill_window(s, rows, b, first, fresh, features, state0, work.window + (top + 1) * slot);
    top += fresh;
    sweep_block(s, params, rows, b, work.window, top, work, columns, jacobian, state_jacobian);
  }
}

}  // namespace
}  // namespace fastlstm
