// Sizes of a network and the places of its weights, from the widths of its layers.
#pragma once
#include <algorithm>
#include <stdexcept>
#include <vector>

#include "shape.h"

namespace fastlstm {

// A network's sizes, with the arrays that Shape points to.
class Structure {
 public:
  Structure(int n_inputs, int n_outputs, const std::vector<int>& hidden_sizes,
            const std::vector<int>& head_sizes) {
    if (hidden_sizes.empty() || hidden_sizes.size() > 64)
      throw std::invalid_argument("hidden_sizes must name 1 to 64 layers");
    std::int64_t at = 0;
    int below = n_inputs, unit = 0, feature = n_inputs + 1, widest = std::max(n_inputs, n_outputs);
    for (int n : hidden_sizes) {
      LayerShape a{below, n, at, 0, 0, unit, feature};
      a.weight_hh = a.weight_ih + 4ll * n * below;
      a.bias = a.weight_hh + 4ll * n * n;
      at = a.bias + 4ll * n;
      layers_.push_back(a);
      shape_.n_sweep_weights += 4ll * n * (n + (unit ? below : 0));
      below = n;
      unit += n;
      feature += kFeaturesPerUnit * n;
      widest = std::max(widest, n);
    }
    const int top = below;
    shape_.n_lstm_params = at;
    for (int n : head_sizes) {
      head_.push_back({below, n, at, at + std::int64_t(n) * below});
      at += std::int64_t(n) * (below + 1);
      below = n;
      widest = std::max(widest, n);
    }
    shape_.readout_head = at;
    if (!head_sizes.empty()) at += std::int64_t(n_outputs) * below;
    shape_.readout_hidden = at;
    shape_.readout_input = at += std::int64_t(n_outputs) * top;
    shape_.readout_bias = at += std::int64_t(n_outputs) * n_inputs;
    shape_.n_params = at + n_outputs;
    shape_.n_inputs = n_inputs;
    shape_.n_outputs = n_outputs;
    shape_.n_layers = int(layers_.size());
    shape_.n_head = int(head_.size());
    shape_.layers = layers_.data();
    shape_.head = head_.data();
    shape_.n_units = unit;
    shape_.n_features = feature;
    shape_.max_width = widest;
  }
  Structure(const Structure&) = delete;
  const Shape& shape() const { return shape_; }

 private:
  std::vector<LayerShape> layers_;
  std::vector<HeadShape> head_;
  Shape shape_{};
};

}  // namespace fastlstm
