// Between the binding files: the functions of bindings_modal.cpp.
#pragma once
#include <nanobind/nanobind.h>

namespace fastlstm {

void bind_modal(nanobind::module_& m);

}  // namespace fastlstm
