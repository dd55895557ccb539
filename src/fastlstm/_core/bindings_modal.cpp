// Python functions for the modes of linear models.
#include "modal.h"

#include <nanobind/nanobind.h>

#include <vector>

#include "binding_arrays.h"
#include "denormals.h"
#include "modal_binding.h"

using namespace fastlstm;

namespace {

void check_poles(const In2& poles) {
  check(poles.shape(0) == 2, "poles must have shape (2, n_modes)");
}

// Every mode driven by every input alone, (2, n_modes, n_inputs, n_total).
Out drive_modes(In2 poles, In2 inputs, Index1 offsets) {
  check_poles(poles);
  const size_t n_modes = poles.shape(1), n_inputs = inputs.shape(0), n = inputs.shape(1);
  check_offsets(offsets, std::int64_t(n));
  Out out = new_array({2, n_modes, n_inputs, n});
  std::vector<Mode> modes;
  for (size_t m = 0; m < n_modes; ++m)
    for (size_t k = 0; k < n_inputs; ++k) {
      double* re = out.data() + (m * n_inputs + k) * n;
      modes.push_back({poles(0, m), poles(1, m), inputs.data() + k * n, nullptr, nullptr, nullptr,
                       re, re + n_modes * n_inputs * n});
    }
  nb::gil_scoped_release release;
  FlushDenormals flush;
  run_all_modes<false>(modes.data(), std::int64_t(modes.size()), offsets.data(),
                       std::int64_t(offsets.shape(0)) - 1);
  return out;
}

// Derivatives of modes (2, n_modes, n_total) by their poles, of the same shape; initial has shape
// (2, n_modes, n_records).
Out differentiate_modes(In2 poles, In3 z, In3 initial, Index1 offsets) {
  check_poles(poles);
  const size_t n_modes = poles.shape(1), n = z.shape(2), n_records = offsets.shape(0) - 1;
  check(z.shape(0) == 2 && z.shape(1) == n_modes, "z must have shape (2, n_modes, n_total)");
  check_offsets(offsets, std::int64_t(n));
  check(initial.shape(0) == 2 && initial.shape(1) == n_modes && initial.shape(2) == n_records,
        "initial must have shape (2, n_modes, n_records)");
  Out out = new_array({2, n_modes, n});
  std::vector<Mode> modes;
  for (size_t m = 0; m < n_modes; ++m) {
    const double* start = initial.data() + m * n_records;
    double* re = out.data() + m * n;
    modes.push_back({poles(0, m), poles(1, m), z.data() + m * n, z.data() + (n_modes + m) * n,
                     start, start + n_modes * n_records, re, re + n_modes * n});
  }
  nb::gil_scoped_release release;
  FlushDenormals flush;
  run_all_modes<true>(modes.data(), std::int64_t(n_modes), offsets.data(),
                      std::int64_t(n_records));
  return out;
}

}  // namespace

void fastlstm::bind_modal(nb::module_& m) {
  m.def("drive_modes", &drive_modes);
  m.def("differentiate_modes", &differentiate_modes);
}
