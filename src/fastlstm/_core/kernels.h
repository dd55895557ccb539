// The table of kernels that every build variant of kernels.cpp fills.
#pragma once
#include "shape.h"

namespace fastlstm {

struct JacobianJob {
  const double* params;
  const double* state0;         // (n_records, 2, n_units)
  const std::int64_t* offsets;  // (n_records + 1)
  const std::int64_t* step;     // (n_blocks, lanes)
  const std::int64_t* record;   // (n_blocks, lanes)
  std::int64_t memory;
  double* jacobian;        // (n_blocks * lanes * n_outputs, n_params)
  double* state_jacobian;  // (n_blocks * lanes * n_outputs, 2 n_units) or null
};

// What flows back in time: all of it, the cell path alone, or nothing.
enum Path { kPathFull, kPathCell, kPathNone };

// Gradients of groups of records; a group has one record per lane, -1 where a lane is unused.
struct GradientJob {
  const double* params;
  const double* u;              // (n_total, n_inputs)
  const double* y;              // (n_total, n_outputs), NaN where nothing was measured
  const double* state0;         // (n_records, 2, n_units)
  const std::int64_t* offsets;  // (n_records + 1)
  const std::int64_t* record;   // (n_groups, lanes)
  std::int64_t washout, longest;
  Path path;
  double* final_state;     // (n_records, 2, n_units)
  double* gradient;        // (n_groups, n_params)
  double* cost;            // (n_groups)
  std::int64_t* n_scored;  // (n_groups)
};

// Work sizes are in elements of T. Every function is free of allocation and safe to run from
// several threads with separate work.
template <class T>
struct KernelTable {
  int lanes;
  std::int64_t (*packed_size)(const Shape&);
  void (*pack)(const Shape&, const double* params, T* packed);
  std::int64_t (*run_work_size)(const Shape&);
  void (*run_record)(const Shape&, const T* packed, const double* u, std::int64_t n_steps,
                     double* state, T* work, T* features, double* y);
  std::int64_t (*lanes_work_size)(const Shape&);
  void (*run_lanes)(const Shape&, const double* params, const double* u,
                    const std::int64_t* offsets, const std::int64_t* record, double* state,
                    T* work, double* y);
  std::int64_t (*adjoint_work_size)(const Shape&, std::int64_t memory);
  void (*jacobian_blocks)(const Shape&, const JacobianJob&, const T* params, const T* features,
                          std::int64_t begin, std::int64_t end, T* work);
  std::int64_t (*gradient_work_size)(const Shape&, Path, std::int64_t longest);
  void (*gradient_groups)(const Shape&, const GradientJob&, std::int64_t begin, std::int64_t end,
                          T* work);
};

struct Kernels {
  const char* name;
  KernelTable<float> f32;
  KernelTable<double> f64;
};

const Kernels* kernels_baseline();
const Kernels* kernels_avx2();
const Kernels* kernels_avx512();

}  // namespace fastlstm
