// Between the binding files: the class of bindings_online.cpp and the build variant it takes.
#pragma once
#include <nanobind/nanobind.h>

namespace fastlstm {

const char* active_variant();  // name of the build variant in use

void bind_online(nanobind::module_& m);

}  // namespace fastlstm
