// Built once per instruction set, with FASTLSTM_VARIANT naming the build. Nothing from the standard
// library is instantiated here: a shared inline function would leak instructions into other builds.
#include "kernels.h"

#include "adjoint.h"
#include "denormals.h"
#include "forward.h"
#include "forward_lanes.h"
#include "gradient.h"

#define FASTLSTM_CONCAT_(a, b) a##b
#define FASTLSTM_CONCAT(a, b) FASTLSTM_CONCAT_(a, b)
#define FASTLSTM_STRING_(a) #a
#define FASTLSTM_STRING(a) FASTLSTM_STRING_(a)

namespace fastlstm {
namespace {

template <class T>
std::int64_t packed_size(const Shape& s) {
  Arena arena(nullptr);
  lay_out_packed<T>(s, arena);
  return arena.used<T>();
}

template <class T>
void pack(const Shape& s, const double* params, T* packed) {
  Arena arena(packed);
  const Packed<T> p = lay_out_packed<T>(s, arena);
  pack_wave(s, params, p.wave);
  for (std::int64_t k = 0; k < s.n_params; ++k) p.params[k] = T(params[k]);
}

template <class T>
std::int64_t run_work_size(const Shape& s) {
  Arena arena(nullptr);
  lay_out_run<T>(s, arena);
  return arena.used<T>();
}

template <class T>
void run_one(const Shape& s, const T* packed, const double* u, std::int64_t n_steps, double* state,
             T* work, T* features, double* y) {
  const FlushDenormals flush;
  Arena packed_arena(const_cast<T*>(packed)), arena(work);
  const Packed<T> p = lay_out_packed<T>(s, packed_arena);
  const RunWork<T> w = lay_out_run<T>(s, arena);
  if (features)
    run_record<T, true>(s, p, u, n_steps, state, w, features, y);
  else
    run_record<T, false>(s, p, u, n_steps, state, w, features, y);
}

template <class T>
std::int64_t jacobian_work_size(const Shape& s, std::int64_t memory) {
  Arena arena(nullptr);
  lay_out_adjoint<T>(s, memory, arena);
  return arena.used<T>();
}

template <class T>
void jacobian_range(const Shape& s, const JacobianJob& job, const T* params, const T* features,
                    std::int64_t begin, std::int64_t end, T* work) {
  const FlushDenormals flush;
  Arena arena(work);
  const RowBlocks rows{job.step, job.record, job.offsets, job.memory};
  jacobian_blocks(s, params, features, job.state0, rows, begin, end,
                  lay_out_adjoint<T>(s, job.memory, arena), job.jacobian, job.state_jacobian);
}

template <class T>
std::int64_t lanes_work_size(const Shape& s) {
  Arena arena(nullptr);
  lay_out_lanes<T>(s, arena);
  return arena.used<T>();
}

template <class T>
void run_batch(const Shape& s, const double* params, const double* u, const std::int64_t* offsets,
               const std::int64_t* record, double* state, T* work, double* y) {
  const FlushDenormals flush;
  Arena arena(work);
  run_lanes(s, params, u, offsets, record, state, lay_out_lanes<T>(s, arena), y);
}

template <class T>
std::int64_t gradient_work_size(const Shape& s, Path path, std::int64_t longest) {
  Arena arena(nullptr);
  lay_out_gradient<T>(s, path, longest, arena);
  return arena.used<T>();
}

template <class T>
void gradient_range(const Shape& s, const GradientJob& job, std::int64_t begin, std::int64_t end,
                    T* memory) {
  const FlushDenormals flush;
  Arena arena(memory);
  const GradientWork<T> work = lay_out_gradient<T>(s, job.path, job.longest, arena);
  prepare_gradient(s, job.params, work);
  for (std::int64_t group = begin; group < end; ++group) {
    if (job.path == kPathFull) group_gradient<T, kPathFull>(s, job, group, work);
    if (job.path == kPathCell) group_gradient<T, kPathCell>(s, job, group, work);
    if (job.path == kPathNone) group_gradient<T, kPathNone>(s, job, group, work);
  }
}

template <class T>
KernelTable<T> table() {
  return {Vec<T>::lanes,         packed_size<T>,        pack<T>,
          run_work_size<T>,      run_one<T>,            lanes_work_size<T>,
          run_batch<T>,          jacobian_work_size<T>, jacobian_range<T>,
          gradient_work_size<T>, gradient_range<T>};
}

}  // namespace

const Kernels* FASTLSTM_CONCAT(kernels_, FASTLSTM_VARIANT)() {
  static const Kernels kernels = {FASTLSTM_STRING(FASTLSTM_VARIANT), table<float>(),
                                  table<double>()};
  return &kernels;
}

}  // namespace fastlstm
