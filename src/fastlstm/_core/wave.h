// How the units of all layers share the vectors of a free run, and the weights in that order.
//
// The layers run as a wave: at tick k layer l is at step k - l. No layer waits for the one below,
// so units of several layers stand side by side in one vector, and z = W [u; h of all layers].
#pragma once
#include "arena.h"
#include "shape.h"
#include "simd.h"

namespace fastlstm {
namespace {

constexpr int kMaxLayers = 64;

inline int round_up(int n, int step) { return (n + step - 1) / step * step; }

// The units of one vector. They read h of the units [first_h, last_h) and, in the lowest layer, u.
struct WaveBlock {
  int first_h, last_h, n_u;
  int first_piece, last_piece;
  std::int64_t weights;  // [bias, u.., h..][gate][lane]
};

// The lanes of one vector that belong to one layer.
struct WavePiece {
  int layer, lane, n;
  int unit;  // of the layer, in lane `lane`
};

// Logistic gates hold half of their weights: sigmoid(z) = (1 + tanh(z / 2)) / 2.
inline double gate_scale(int gate) { return gate == 2 ? 1.0 : 0.5; }

template <class T>
struct Wave {
  int n_blocks;
  WaveBlock* blocks;
  WavePiece* pieces;
  T* weights;
};

template <class T>
Wave<T> lay_out_wave(const Shape& s, Arena& arena) {
  constexpr int L = Vec<T>::lanes;
  Wave<T> wave;
  wave.n_blocks = round_up(s.n_units, L) / L;
  wave.blocks = arena.take<WaveBlock>(wave.n_blocks);
  wave.pieces = arena.take<WavePiece>(wave.n_blocks + s.n_layers);
  std::int64_t rows = 0;
  for (int b = 0; b < wave.n_blocks; ++b) rows += 1 + s.n_inputs + s.n_units;
  wave.weights = arena.take<T>(rows * 4 * L);
  return wave;
}

// Pieces and the range of h that each block reads.
template <class T>
void plan_wave(const Shape& s, const Wave<T>& wave) {
  constexpr int L = Vec<T>::lanes;
  int piece = 0;
  std::int64_t weights = 0;
  for (int b = 0; b < wave.n_blocks; ++b) {
    WaveBlock& block = wave.blocks[b];
    block = {s.n_units, 0, 0, piece, piece, weights};
    for (int l = 0; l < s.n_layers; ++l) {
      const LayerShape& a = s.layers[l];
      const int begin = a.unit > b * L ? a.unit : b * L;
      const int end = a.unit + a.n_hidden < (b + 1) * L ? a.unit + a.n_hidden : (b + 1) * L;
      if (begin >= end) continue;
      wave.pieces[piece++] = {l, begin - b * L, end - begin, begin - a.unit};
      const int below = l ? a.unit - a.n_in : a.unit;
      if (below < block.first_h) block.first_h = below;
      block.last_h = a.unit + a.n_hidden;
      if (l == 0) block.n_u = s.n_inputs;
    }
    block.last_piece = piece;
    weights += 4ll * L * (1 + block.n_u + block.last_h - block.first_h);
  }
}

// One weight of gate `gate` of unit `j` of a layer; `from` < 0 is the bias, then come the inputs,
// then the units of all layers.
inline double wave_weight(const Shape& s, const double* params, const LayerShape& a, int gate,
                          int j, int from) {
  const std::int64_t row = std::int64_t(gate) * a.n_hidden + j;
  if (from < 0) return params[a.bias + row];
  const int first_x = a.unit ? s.n_inputs + a.unit - a.n_in : 0;
  if (from >= first_x && from < first_x + a.n_in)
    return params[a.weight_ih + row * a.n_in + from - first_x];
  const int k = from - s.n_inputs - a.unit;
  return k >= 0 && k < a.n_hidden ? params[a.weight_hh + row * a.n_hidden + k] : 0.0;
}

template <class T>
void pack_wave(const Shape& s, const double* params, const Wave<T>& wave) {
  constexpr int L = Vec<T>::lanes;
  plan_wave(s, wave);
  for (int b = 0; b < wave.n_blocks; ++b) {
    const WaveBlock& block = wave.blocks[b];
    T* out = wave.weights + block.weights;
    const int n_rows = 1 + block.n_u + block.last_h - block.first_h;
    for (int i = 0; i < n_rows * 4 * L; ++i) out[i] = T(0);
    for (int r = 0; r < n_rows; ++r) {
      const int from = r <= block.n_u ? r - 1 : s.n_inputs + block.first_h + r - 1 - block.n_u;
      for (int gate = 0; gate < 4; ++gate, out += L)
        for (int p = block.first_piece; p < block.last_piece; ++p) {
          const WavePiece& piece = wave.pieces[p];
          for (int i = 0; i < piece.n; ++i)
            out[piece.lane + i] =
                T(gate_scale(gate) *
                  wave_weight(s, params, s.layers[piece.layer], gate, piece.unit + i, from));
        }
    }
  }
}

}  // namespace
}  // namespace fastlstm
