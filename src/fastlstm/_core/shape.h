// Sizes of a network and where each weight stands in the flat parameter vector.
#pragma once
#include <cstdint>

namespace fastlstm {

struct LayerShape {
  int n_in, n_hidden;
  std::int64_t weight_ih, weight_hh, bias;  // offsets into params
  int unit;                                 // first unit of the layer among all units
  int feature;                              // first feature of the layer in a feature row
};

struct HeadShape {
  int n_in, n_out;
  std::int64_t weight, bias;
};

// A feature row holds what the adjoint needs of one time step:
//   u | 1, then for each layer  h | a_i | a_f | a_g | a_o | f | e  (n_hidden each), where
//   dz = [v a_i, v a_f, v a_g, dh a_o] and v = dc + dh e.
enum Feature { kH, kAi, kAf, kAg, kAo, kF, kE, kFeaturesPerUnit };

struct Shape {
  int n_inputs, n_outputs, n_layers, n_head;
  const LayerShape* layers;
  const HeadShape* head;
  std::int64_t readout_head, readout_hidden, readout_input, readout_bias;
  int n_units, n_features, max_width;
  std::int64_t n_params, n_lstm_params;
  std::int64_t n_sweep_weights;  // weight_hh of all layers, weight_ih of all but the lowest
};

}  // namespace fastlstm
