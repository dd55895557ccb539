// Python bindings: checks shapes, allocates, splits the work over threads.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "binding_arrays.h"
#include "dispatch.h"
#include "gradient_binding.h"
#include "grouping.h"
#include "modal_binding.h"
#include "online_binding.h"
#include "structure.h"
#include "threads.h"

namespace nb = nanobind;
using namespace fastlstm;

namespace {

// Records of similar length share the lanes of one call; worthwhile once most lanes are used.
template <class T>
void simulate_records(const Shape& s, const double* params, const double* u,
                      const std::int64_t* offsets, std::int64_t n_records, double* state, double* y,
                      int n_threads) {
  const KernelTable<T>& k = table<T>();
  const std::vector<std::int64_t> order = by_length(offsets, n_records);
  const std::int64_t batched = n_records / k.lanes * k.lanes;
  Buffer<T> packed(k.packed_size(s));
  k.pack(s, params, packed.data);
  const std::int64_t groups = batched / k.lanes;
  parallel_for(groups + n_records - batched, n_threads, [&](std::int64_t job) {
    if (job < groups) {
      Buffer<T> work(k.lanes_work_size(s));
      k.run_lanes(s, params, u, offsets, order.data() + job * k.lanes, state, work.data, y);
      return;
    }
    const std::int64_t r = order[size_t(batched + job - groups)];
    Buffer<T> work(k.run_work_size(s));
    k.run_record(s, packed.data, u + offsets[r] * s.n_inputs, offsets[r + 1] - offsets[r],
                 state + r * 2 * s.n_units, work.data, nullptr, y + offsets[r] * s.n_outputs);
  });
}

std::tuple<Out, Out> simulate(const Structure& structure, In1 params, In2 u, Index1 offsets,
                              In3 state0, bool float32, int n_threads) {
  const Shape& s = structure.shape();
  check_inputs(s, params, u, offsets, state0);
  check(n_threads >= 1, "n_threads must be at least 1");
  Out y = new_array({u.shape(0), size_t(s.n_outputs)});
  Out state = new_array({state0.shape(0), 2, size_t(s.n_units)});
  std::copy_n(state0.data(), state0.size(), state.data());
  {
    nb::gil_scoped_release release;
    auto run = float32 ? simulate_records<float> : simulate_records<double>;
    run(s, params.data(), u.data(), offsets.data(), std::int64_t(state0.shape(0)), state.data(),
        y.data(), n_threads);
  }
  return {y, state};
}

template <class T>
void jacobian_records(const Shape& s, const JacobianJob& job, const double* u,
                      std::int64_t n_records, std::int64_t n_blocks, double* y, int n_threads,
                      Workspace& space) {
  const KernelTable<T>& k = table<T>();
  Buffer<T> packed(k.packed_size(s));
  k.pack(s, job.params, packed.data);
  Buffer<T> params(s.n_params);
  for (std::int64_t p = 0; p < s.n_params; ++p) params.data[p] = T(job.params[p]);
  const std::int64_t n_features = job.offsets[n_records] * s.n_features;
  T* features = space.get<T>(2, n_features + k.lanes);
  parallel_for(n_records, n_threads, [&](std::int64_t r) {
    Buffer<T> work(k.run_work_size(s));
    Buffer<double> state(2 * s.n_units);
    std::copy_n(job.state0 + r * 2 * s.n_units, 2 * s.n_units, state.data);
    const std::int64_t first = job.offsets[r];
    k.run_record(s, packed.data, u + first * s.n_inputs, job.offsets[r + 1] - first, state.data,
                 work.data, features + first * s.n_features, y + first * s.n_outputs);
  });
  std::fill_n(features + n_features, k.lanes, T(0));
  const std::int64_t parts = std::min<std::int64_t>(n_blocks, n_threads);
  parallel_for(parts, n_threads, [&](std::int64_t part) {
    T* work = space.get<T>(size_t(3 + part), k.adjoint_work_size(s, job.memory));
    k.jacobian_blocks(s, job, params.data, features, part * n_blocks / parts,
                      (part + 1) * n_blocks / parts, work);
  });
}

// An array in the memory of a workspace slot.
Out borrowed(double* data, size_t rows, size_t columns, Workspace& space, size_t slot) {
  auto* memory = new std::shared_ptr<Buffer<char>>(space.share(slot));
  nb::capsule owner(memory, [](void* p) noexcept {
    delete static_cast<std::shared_ptr<Buffer<char>>*>(p);
  });
  return Out(data, {rows, columns}, owner);
}

nb::tuple jacobian(const Structure& structure, In1 params, In2 u, Index1 offsets, In3 state0,
                   Index2 step, Index2 record, std::int64_t memory, bool with_state, bool float32,
                   int n_threads, Workspace& space) {
  const Shape& s = structure.shape();
  check_inputs(s, params, u, offsets, state0);
  const size_t lanes = size_t(float32 ? active->f32.lanes : active->f64.lanes);
  check(step.shape(1) == lanes && record.shape(1) == lanes && step.shape(0) == record.shape(0),
        "step and record must have shape (n_blocks, lanes)");
  check(memory >= 1, "memory must be at least 1");
  check(n_threads >= 1, "n_threads must be at least 1");
  std::int64_t longest = 1;
  for (size_t r = 0; r + 1 < offsets.shape(0); ++r)
    longest = std::max(longest, offsets(r + 1) - offsets(r));
  memory = std::min(memory, longest);
  for (size_t i = 0; i < step.size(); ++i) {
    const std::int64_t r = record.data()[i], t = step.data()[i];
    check(r < std::int64_t(state0.shape(0)), "record out of range");
    check(r < 0 || (t >= offsets(size_t(r)) && t < offsets(size_t(r) + 1)), "step out of range");
  }
  const size_t n_rows = step.size() * size_t(s.n_outputs);
  Out y = new_array({u.shape(0), size_t(s.n_outputs)});
  double* rows = space.get<double>(0, std::int64_t(n_rows) * s.n_params);
  const size_t n_state_rows = with_state ? n_rows : 0;
  double* state_rows = space.get<double>(1, std::int64_t(n_state_rows) * 2 * s.n_units);
  {
    nb::gil_scoped_release release;
    std::fill_n(state_rows, n_state_rows * size_t(2 * s.n_units), 0.0);
    JacobianJob job{params.data(), state0.data(), offsets.data(), step.data(), record.data(),
                    memory,        rows,          with_state ? state_rows : nullptr};
    auto run = float32 ? jacobian_records<float> : jacobian_records<double>;
    run(s, job, u.data(), std::int64_t(state0.shape(0)), std::int64_t(step.shape(0)), y.data(),
        n_threads, space);
  }
  return nb::make_tuple(y, borrowed(rows, n_rows, size_t(s.n_params), space, 0),
                        borrowed(state_rows, n_state_rows, size_t(2 * s.n_units), space, 1));
}

}  // namespace

const char* fastlstm::active_variant() { return active->name; }

NB_MODULE(_kernels, m) {
  m.doc() = "Compiled kernels: free run, Jacobian rows, gradients, learning sample by sample.";
  nb::class_<Structure>(m, "Structure")
      .def(nb::init<int, int, const std::vector<int>&, const std::vector<int>&>());
  nb::class_<Workspace>(m, "Workspace").def(nb::init<>());
  m.def("simulate", &simulate);
  m.def("jacobian", &jacobian);
  m.def("gradient", &gradient);
  m.def("variants", &variants);
  m.def("variant", [] { return std::string(active->name); });
  m.def("set_variant", &set_variant);
  m.def("lanes", [](bool float32) { return float32 ? active->f32.lanes : active->f64.lanes; });
  bind_online(m);
  bind_modal(m);
}
