// Built once per instruction set, like kernels.cpp.
#include "kernels_online.h"

#include "denormals.h"
#include "online_learn.h"

#define FASTLSTM_CONCAT_(a, b) a##b
#define FASTLSTM_CONCAT(a, b) FASTLSTM_CONCAT_(a, b)

namespace fastlstm {
namespace {

using Net = Online<double>;
constexpr int L = Vec<double>::lanes;

std::int64_t size(const Shape& s) {
  Arena arena(nullptr);
  return lay_out_online<double>(s, arena);
}

// The memory starts with the places of everything in it.
const Net& net_in(const double* memory) { return *reinterpret_cast<const Net*>(memory); }

// Calls f(place in the flat vector, element) for n_gates gates of an array [block][column][gate][lane].
template <class F>
void for_each_weight(const LayerShape& shape, const OnlineLayer<double>& a, int n_gates,
                     double* array, F f) {
  for (int j = 0; j < a.n_hidden; ++j)
    for (int k = 0; k < a.n_columns; ++k)
      for (int gate = 0; gate < n_gates; ++gate) {
        const std::int64_t row = std::int64_t(j / L) * a.n_columns + k;
        f(column_param(shape, gate, j, k), array[(row * n_gates + gate) * L + j % L]);
      }
}

void load(const Shape& s, const double* params, double* memory) {
  Arena arena(memory);
  lay_out_online<double>(s, arena);
  const Net& net = net_in(memory);
  for (std::int64_t p = 0; p < s.n_params; ++p) net.params[p] = params[p];
  for (int l = 0; l < s.n_layers; ++l)
    for_each_weight(s.layers[l], net.layers[l], 4, net.layers[l].weights,
                    [&](std::int64_t p, double& w) { w = params[p]; });
}

void save(const Shape& s, const double* memory, double* params) {
  const Net& net = net_in(memory);
  for (std::int64_t p = 0; p < s.n_params; ++p) params[p] = net.params[p];
  for (int l = 0; l < s.n_layers; ++l)
    for_each_weight(s.layers[l], net.layers[l], 4, net.layers[l].weights,
                    [&](std::int64_t p, double& w) { params[p] = w; });
}

void load_trace(const Shape& s, const double* trace, double* memory) {
  const Net& net = net_in(memory);
  for (int l = 0; l < s.n_layers; ++l)
    for_each_weight(s.layers[l], net.layers[l], 3, net.layers[l].trace,
                    [&](std::int64_t p, double& e) { e = trace[p]; });
}

void save_trace(const Shape& s, const double* memory, double* trace) {
  const Net& net = net_in(memory);
  for (std::int64_t p = 0; p < s.n_params; ++p) trace[p] = 0.0;
  for (int l = 0; l < s.n_layers; ++l)
    for_each_weight(s.layers[l], net.layers[l], 3, net.layers[l].trace,
                    [&](std::int64_t p, double& e) { trace[p] = e; });
}

void load_state(const Shape& s, const double* state, double* memory) {
  const Net& net = net_in(memory);
  for (int l = 0; l < s.n_layers; ++l)
    for (int j = 0; j < s.layers[l].n_hidden; ++j) {
      net.layers[l].h[j] = state[s.layers[l].unit + j];
      net.layers[l].c[j] = state[s.n_units + s.layers[l].unit + j];
    }
}

void save_state(const Shape& s, const double* memory, double* state) {
  const Net& net = net_in(memory);
  for (int l = 0; l < s.n_layers; ++l)
    for (int j = 0; j < s.layers[l].n_hidden; ++j) {
      state[s.layers[l].unit + j] = net.layers[l].h[j];
      state[s.n_units + s.layers[l].unit + j] = net.layers[l].c[j];
    }
}

double run(const Shape& s, const OnlineRun& job, double* memory) {
  const FlushDenormals flush;
  const Net& net = net_in(memory);
  double norm2 = 0.0;
  for (std::int64_t t = 0; t < job.n_steps; ++t) {
    online_forward(s, net, job.u + t * s.n_inputs, job.cell_path);
    for (int j = 0; j < s.n_outputs; ++j) job.y_pred[t * s.n_outputs + j] = net.y[j];
    if (job.y && t >= job.washout)
      norm2 = online_learn(s, net, job.y + t * s.n_outputs, job.eta, job.cell_path);
  }
  return norm2;
}

}  // namespace

const OnlineTable* FASTLSTM_CONCAT(online_, FASTLSTM_VARIANT)() {
  static const OnlineTable table = {size,       load,       save, load_state,
                                    save_state, load_trace, save_trace, run};
  return &table;
}

}  // namespace fastlstm
