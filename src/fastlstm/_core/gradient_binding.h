// Binding of the gradient: groups of records over threads, their sums in a fixed order.
#pragma once
#include <nanobind/nanobind.h>

#include <algorithm>
#include <string>
#include <vector>

#include "binding_arrays.h"
#include "dispatch.h"
#include "grouping.h"
#include "structure.h"
#include "threads.h"

namespace fastlstm {
namespace {

inline Path path_named(const std::string& name) {
  if (name == "full") return kPathFull;
  if (name == "cell") return kPathCell;
  check(name == "none", "path must be 'full', 'cell' or 'none'");
  return kPathNone;
}

// Fills the groups of `job`; slot 3 + k of the workspace is the work of thread k.
template <class T>
void gradient_records(const Shape& s, const GradientJob& job, std::int64_t n_groups, int n_threads,
                      Workspace& space) {
  const KernelTable<T>& k = table<T>();
  const std::int64_t parts = std::min<std::int64_t>(n_groups, n_threads);
  parallel_for(parts, n_threads, [&](std::int64_t part) {
    T* work = space.get<T>(size_t(3 + part), k.gradient_work_size(s, job.path, job.longest));
    k.gradient_groups(s, job, part * n_groups / parts, (part + 1) * n_groups / parts, work);
  });
}

// Records in groups of `lanes`, -1 where none is left.
inline std::vector<std::int64_t> group_records(const std::int64_t* offsets, std::int64_t n_records,
                                               int lanes) {
  std::vector<std::int64_t> record = by_length(offsets, n_records);
  record.resize(size_t((n_records + lanes - 1) / lanes * lanes), -1);
  return record;
}

inline void check_targets(const Shape& s, const In2& u, const In2& y, std::int64_t washout,
                          int n_threads) {
  check(y.shape(0) == u.shape(0) && std::int64_t(y.shape(1)) == s.n_outputs,
        "y must have shape (len(u), n_outputs)");
  check(washout >= 0, "washout must be at least 0");
  check(n_threads >= 1, "n_threads must be at least 1");
}

nb::tuple gradient(const Structure& structure, In1 params, In2 u, In2 y, Index1 offsets, In3 state0,
                   std::int64_t washout, const std::string& path, bool float32, int n_threads,
                   Workspace& space) {
  const Shape& s = structure.shape();
  check_inputs(s, params, u, offsets, state0);
  check_targets(s, u, y, washout, n_threads);
  const std::int64_t n_records = std::int64_t(state0.shape(0));
  const auto record = group_records(offsets.data(), n_records,
                                    float32 ? active->f32.lanes : active->f64.lanes);
  const std::int64_t n_groups =
      std::int64_t(record.size()) / (float32 ? active->f32.lanes : active->f64.lanes);
  const std::int64_t longest =
      n_records ? offsets(size_t(record[0]) + 1) - offsets(size_t(record[0])) : 0;
  Out total = new_array({size_t(s.n_params)}), state = new_array({size_t(n_records), 2,
                                                                  size_t(s.n_units)});
  std::copy_n(state0.data(), state0.size(), state.data());
  std::vector<double> cost(size_t(n_groups), 0.0);
  std::vector<std::int64_t> n_scored(size_t(n_groups), 0);
  const GradientJob job{params.data(),  u.data(),      y.data(),
                        state0.data(),  offsets.data(), record.data(),
                        washout,        longest,       path_named(path),
                        state.data(),   space.get<double>(0, n_groups * s.n_params),
                        cost.data(),    n_scored.data()};
  {
    nb::gil_scoped_release release;
    auto run = float32 ? gradient_records<float> : gradient_records<double>;
    run(s, job, n_groups, n_threads, space);
    std::fill_n(total.data(), s.n_params, 0.0);
    for (std::int64_t k = 0; k < n_groups; ++k)
      for (std::int64_t p = 0; p < s.n_params; ++p)
        total.data()[p] += job.gradient[k * s.n_params + p];
  }
  return nb::make_tuple(std::accumulate(cost.begin(), cost.end(), 0.0),
                        std::accumulate(n_scored.begin(), n_scored.end(), std::int64_t(0)), total,
                        state);
}

}  // namespace
}  // namespace fastlstm
