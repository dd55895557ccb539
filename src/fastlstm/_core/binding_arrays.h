// Arrays that come from Python and go there, and the comparison of their lengths.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <initializer_list>

#include "buffers.h"
#include "shape.h"

namespace fastlstm {
namespace {

namespace nb = nanobind;

using In2 = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using In1 = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using In3 = nb::ndarray<const double, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Index1 = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Index2 = nb::ndarray<const std::int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Out = nb::ndarray<nb::numpy, double>;

Out new_array(std::initializer_list<size_t> shape) {
  size_t n = 1;
  for (size_t s : shape) n *= s;
  auto* data = new Buffer<double>(std::int64_t(n));
  nb::capsule owner(data, [](void* p) noexcept { delete static_cast<Buffer<double>*>(p); });
  return Out(data->data, shape, owner);
}

void check(bool ok, const char* message) {
  if (!ok) throw nb::value_error(message);
}

void check_offsets(const Index1& offsets, std::int64_t n_total) {
  check(offsets.shape(0) >= 1 && offsets(0) == 0, "offsets must start at 0");
  for (size_t r = 0; r + 1 < offsets.shape(0); ++r)
    check(offsets(r) <= offsets(r + 1), "offsets must not decrease");
  check(offsets(offsets.shape(0) - 1) == n_total, "offsets must end where the signals end");
}

void check_inputs(const Shape& s, const In1& params, const In2& u, const Index1& offsets,
                  const In3& state0) {
  check(std::int64_t(params.shape(0)) == s.n_params, "params has the wrong length");
  check(std::int64_t(u.shape(1)) == s.n_inputs, "u has the wrong number of channels");
  check_offsets(offsets, std::int64_t(u.shape(0)));
  check(state0.shape(0) + 1 == offsets.shape(0) && state0.shape(1) == 2 &&
            std::int64_t(state0.shape(2)) == s.n_units,
        "state0 must have shape (n_records, 2, n_units)");
}

}  // namespace
}  // namespace fastlstm
