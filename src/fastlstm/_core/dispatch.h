// The build of the kernels in use: the widest that this machine runs, unless another is chosen.
#pragma once
#include <nanobind/nanobind.h>

#include <algorithm>
#include <string>
#include <vector>

#include "kernels.h"

namespace fastlstm {
namespace {

namespace nb = nanobind;

const Kernels* best_kernels() {
#if defined(FASTLSTM_HAVE_X86_VARIANTS)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return kernels_avx512();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kernels_avx2();
#endif
  return kernels_baseline();
}

const Kernels* active = best_kernels();

std::vector<std::string> variants() {
  std::vector<std::string> names{"baseline"};
#if defined(FASTLSTM_HAVE_X86_VARIANTS)
  const std::string best = best_kernels()->name;
  if (best != "baseline") names.push_back("avx2");
  if (best == "avx512") names.push_back("avx512");
#endif
  return names;
}

void set_variant(const std::string& name) {
  const auto names = variants();
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw nb::value_error(("variant " + name + " does not run on this machine").c_str());
#if defined(FASTLSTM_HAVE_X86_VARIANTS)
  if (name == "avx2") active = kernels_avx2();
  if (name == "avx512") active = kernels_avx512();
#endif
  if (name == "baseline") active = kernels_baseline();
}

template <class T>
const KernelTable<T>& table();
template <>
const KernelTable<float>& table<float>() { return active->f32; }
template <>
const KernelTable<double>& table<double>() { return active->f64; }

}  // namespace
}  // namespace fastlstm
