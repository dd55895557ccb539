// The kernels of a network that learns while it runs, float64, one table per build variant.
#pragma once
#include "shape.h"

namespace fastlstm {

struct OnlineRun {
  const double* u;  // (n_steps, n_inputs)
  const double* y;  // (n_steps, n_outputs), or null to learn nothing; not finite: not measured
  std::int64_t n_steps;
  std::int64_t washout;  // first steps without learning
  double eta;
  bool cell_path;
  double* y_pred;  // (n_steps, n_outputs), each made before its own update
};

// `memory` is aligned for the widest vector, zero at first, and holds weights, state and traces
// between calls.
struct OnlineTable {
  std::int64_t (*size)(const Shape&);  // in elements
  void (*load)(const Shape&, const double* params, double* memory);
  void (*save)(const Shape&, const double* memory, double* params);
  void (*load_state)(const Shape&, const double* state, double* memory);  // (2, n_units)
  void (*save_state)(const Shape&, const double* memory, double* state);
  void (*load_trace)(const Shape&, const double* trace, double* memory);  // like params
  void (*save_trace)(const Shape&, const double* memory, double* trace);
  double (*run)(const Shape&, const OnlineRun&, double* memory);  // |phi|^2 of the last step
};

const OnlineTable* online_baseline();
const OnlineTable* online_avx2();
const OnlineTable* online_avx512();

}  // namespace fastlstm
