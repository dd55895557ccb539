// The features of a block of rows, transposed: (time, feature, lane).
//
// The window slides with the rows, so that every quantity of the sweep is one vector over them.
#pragma once
#include "shape.h"
#include "simd.h"

namespace fastlstm {
namespace {

// Rows to compute: global step and record of every lane of every block; record < 0 is padding.
struct RowBlocks {
  const std::int64_t* step;    // (n_blocks, lanes)
  const std::int64_t* record;  // (n_blocks, lanes)
  const std::int64_t* offsets;
  std::int64_t memory;
};

// The last step of a record's past is the only one before it that is read: for its h.
template <class T>
void fill_initial_state(const Shape& s, const double* state, int lane, T* slot) {
  constexpr int L = Vec<T>::lanes;
  for (int l = 0; l < s.n_layers; ++l)
    for (int j = 0; j < s.layers[l].n_hidden; ++j)
      slot[(std::int64_t(s.layers[l].feature) + j) * L + lane] = T(state[s.layers[l].unit + j]);
}

// Fills `n` slots: lane i gets feature rows first[i] .. first[i] + n - 1 of its record, zeros
// before the record. `features` and the row `zeros` may be read one vector beyond their end.
template <class T>
void fill_window(const Shape& s, const RowBlocks& rows, std::int64_t block,
                 const std::int64_t* first, std::int64_t n, const T* features,
                 const double* state0, const T* zeros, T* out) {
  using V = Vec<T>;
  constexpr int L = V::lanes;
  const std::int64_t* record = rows.record + block * L;
  for (std::int64_t k = 0; k < n; ++k, out += std::int64_t(s.n_features) * L) {
    const T* row[L];
    for (int i = 0; i < L; ++i) {
      const std::int64_t r = record[i], t = first[i] + k;
      row[i] = zeros;
      if (r >= 0 && t >= rows.offsets[r] && t < rows.offsets[r + 1])
        row[i] = features + t * s.n_features;
    }
    for (int c = 0; c < s.n_features; c += L) {
      V square[L];
      const int width = s.n_features - c < L ? s.n_features - c : L;
      for (int i = 0; i < L; ++i) square[i] = V::load(row[i] + c);
      transpose(square);
      for (int j = 0; j < width; ++j) square[j].store(out + std::int64_t(c + j) * L);
    }
    for (int i = 0; i < L; ++i)
      if (record[i] >= 0 && first[i] + k == rows.offsets[record[i]] - 1)
        fill_initial_state(s, state0 + record[i] * 2 * s.n_units, i, out);
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

// Moves the window on to `block` and returns the slot of its rows; `top` is that of the block
// before, -1 if there is none.
template <class T>
std::int64_t slide_window(const Shape& s, const RowBlocks& rows, std::int64_t block,
                          std::int64_t top, std::int64_t capacity, const T* features,
                          const double* state0, const T* zeros, T* window) {
  constexpr int L = Vec<T>::lanes;
  const std::int64_t slot = std::int64_t(s.n_features) * L;
  const std::int64_t shift = top >= 0 ? common_shift(rows, block, L) : 0;
  const bool slides = shift > 0 && shift <= rows.memory;
  const std::int64_t keep = slides ? rows.memory + 1 - shift : 0;
  const std::int64_t fresh = rows.memory + 1 - keep;
  if (!slides) {
    top = -1;
  } else if (top + shift >= capacity) {
    std::memmove(window, window + (top + 1 - keep) * slot, sizeof(T) * size_t(keep * slot));
    top = keep - 1;
  }
  std::int64_t first[L];
  for (int i = 0; i < L; ++i) first[i] = rows.step[block * L + i] - fresh + 1;
  fill_window(s, rows, block, first, fresh, features, state0, zeros, window + (top + 1) * slot);
  return top + fresh;
}

}  // namespace
}  // namespace fastlstm
