// Python class around the kernels of a network that learns while it runs.
#include <cmath>
#include <cstring>
#include <mutex>
#include <string>

#include "binding_arrays.h"
#include "kernels_online.h"
#include "online_binding.h"
#include "structure.h"

using namespace fastlstm;

namespace {

using InOut1 = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

const OnlineTable* active_table() {
#if defined(FASTLSTM_HAVE_X86_VARIANTS)
  const std::string name = active_variant();
  if (name == "avx512") return online_avx512();
  if (name == "avx2") return online_avx2();
#endif
  return online_baseline();
}

// Weights, state and traces of one network. A call from a second thread waits for the first.
class Online {
 public:
  Online(const Structure& structure, In1 params, bool cell_path)
      : s_(structure.shape()),
        kernels_(active_table()),
        memory_(kernels_->size(s_)),
        cell_path_(cell_path) {
    std::memset(memory_.data, 0, size_t(kernels_->size(s_)) * sizeof(double));
    set_params(params);
  }

  double step_scalar(double u) {
    check_scalar(u);
    double y;
    run({&u, nullptr, 1, 0, 0.0, cell_path_, &y});
    return y;
  }

  void step(In1 u, InOut1 y_pred) {
    check_step(u, y_pred);
    run({u.data(), nullptr, 1, 0, 0.0, cell_path_, y_pred.data()});
  }

  double learn_scalar(double u, double y, double eta) {
    check_scalar(u);
    check_eta(eta);
    double y_pred;
    run({&u, &y, 1, 0, eta, cell_path_, &y_pred});
    return y_pred;
  }

  void learn(In1 u, In1 y, double eta, InOut1 y_pred) {
    check_step(u, y_pred);
    check(std::int64_t(y.shape(0)) == s_.n_outputs, "y has the wrong number of channels");
    check_eta(eta);
    run({u.data(), y.data(), 1, 0, eta, cell_path_, y_pred.data()});
  }

  Out run_record(In2 u) {
    check(std::int64_t(u.shape(1)) == s_.n_inputs, "u has the wrong number of channels");
    check_finite(u.data(), u.size());
    Out y_pred = new_array({u.shape(0), size_t(s_.n_outputs)});
    {
      nb::gil_scoped_release release;
      run({u.data(), nullptr, std::int64_t(u.shape(0)), 0, 0.0, cell_path_, y_pred.data()});
    }
    return y_pred;
  }

  Out learn_record(In2 u, In2 y, double eta, std::int64_t washout) {
    check(std::int64_t(u.shape(1)) == s_.n_inputs, "u has the wrong number of channels");
    check_finite(u.data(), u.size());
    check(std::int64_t(y.shape(1)) == s_.n_outputs, "y has the wrong number of channels");
    check(y.shape(0) == u.shape(0), "u and y must have the same number of steps");
    check(washout >= 0, "washout must be >= 0");
    check_eta(eta);
    Out y_pred = new_array({u.shape(0), size_t(s_.n_outputs)});
    {
      nb::gil_scoped_release release;
      run({u.data(), y.data(), std::int64_t(u.shape(0)), washout, eta, cell_path_, y_pred.data()});
    }
    return y_pred;
  }

  Out params() { return saved({size_t(s_.n_params)}, kernels_->save); }
  Out state() { return saved({2, size_t(s_.n_units)}, kernels_->save_state); }
  Out trace() { return saved({size_t(s_.n_params)}, kernels_->save_trace); }

  void set_params(In1 params) {
    check(std::int64_t(params.shape(0)) == s_.n_params, "params has the wrong length");
    std::lock_guard<std::mutex> lock(guard_);
    kernels_->load(s_, params.data(), memory_.data);
  }
  void set_state(In2 state) {
    check(state.shape(0) == 2 && std::int64_t(state.shape(1)) == s_.n_units,
          "state must have shape (2, n_units)");
    std::lock_guard<std::mutex> lock(guard_);
    kernels_->load_state(s_, state.data(), memory_.data);
  }
  void set_trace(In1 trace) {
    check(std::int64_t(trace.shape(0)) == s_.n_params, "trace has the wrong length");
    std::lock_guard<std::mutex> lock(guard_);
    kernels_->load_trace(s_, trace.data(), memory_.data);
  }

  double phi_norm2() const { return norm2_; }

 private:
  void check_step(const In1& u, const InOut1& y_pred) const {
    check(std::int64_t(u.shape(0)) == s_.n_inputs, "u has the wrong number of channels");
    check(std::int64_t(y_pred.shape(0)) == s_.n_outputs, "y_pred has the wrong length");
    check_finite(u.data(), u.shape(0));
  }
  void check_scalar(double u) const {
    check(s_.n_inputs == 1 && s_.n_outputs == 1, "the network must have one input and one output");
    check_finite(&u, 1);
  }
  // A state that is not finite would stay so for ever.
  static void check_finite(const double* u, size_t n) {
    for (size_t i = 0; i < n; ++i) check(std::isfinite(u[i]), "u must be finite");
  }
  static void check_eta(double eta) {
    check(eta >= 0.0 && eta <= 1.0, "eta must be in [0, 1]");
  }
  void run(const OnlineRun& job) {
    std::lock_guard<std::mutex> lock(guard_);
    const double norm2 = kernels_->run(s_, job, memory_.data);
    if (job.y) norm2_ = norm2;
  }
  Out saved(std::initializer_list<size_t> shape,
            void (*save)(const Shape&, const double*, double*)) {
    Out out = new_array(shape);
    std::lock_guard<std::mutex> lock(guard_);
    save(s_, memory_.data, out.data());
    return out;
  }

  const Shape& s_;
  const OnlineTable* kernels_;
  Buffer<double> memory_;
  bool cell_path_;
  double norm2_ = 0.0;
  std::mutex guard_;
};

}  // namespace

void fastlstm::bind_online(nb::module_& m) {
  nb::class_<Online>(m, "Online")
      .def(nb::init<const Structure&, In1, bool>(), nb::keep_alive<1, 2>())
      .def("step", &Online::step)
      .def("step_scalar", &Online::step_scalar)
      .def("learn", &Online::learn)
      .def("learn_scalar", &Online::learn_scalar)
      .def("run", &Online::run_record)
      .def("learn_record", &Online::learn_record)
      .def("params", &Online::params)
      .def("state", &Online::state)
      .def("trace", &Online::trace)
      .def("set_params", &Online::set_params)
      .def("set_state", &Online::set_state)
      .def("set_trace", &Online::set_trace)
      .def("phi_norm2", &Online::phi_norm2);
}
