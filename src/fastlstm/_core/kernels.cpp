// Built once per instruction set, with FASTLSTM_VARIANT naming the build. Nothing from the standard
// library is instantiated here: a shared inline function would leak instructions into other builds.
#include "kernels.h"

#include "forward_lanes.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#define FASTLSTM_CONCAT_(a, b) a##b
#define FASTLSTM_CONCAT(a, b) FASTLSTM_CONCAT_(a, b)
#define FASTLSTM_STRING_(a) #a
#define FASTLSTM_STRING(a) FASTLSTM_STRING_(a)

namespace fastlstm {
namespace {

constexpr int kMaxLayers = 64;

// Adjoints fade below the smallest normal number; arithmetic on what is left would take a hundred
// times longer and change nothing, so it is flushed to zero while a kernel runs.
struct FlushDenormals {
#if defined(__SSE2__)
  unsigned saved = _mm_getcsr();
  FlushDenormals() { _mm_setcsr(saved | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(saved); }
#elif defined(__aarch64__) && defined(__GNUC__)
  std::uint64_t saved;
  FlushDenormals() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
    __asm__ volatile("msr fpcr, %0" ::"r"(saved | (std::uint64_t(1) << 24)));
  }
  ~FlushDenormals() { __asm__ volatile("msr fpcr, %0" ::"r"(saved)); }
#endif
};

template <class T>
std::int64_t all_packed_size(const Shape& s) {
  return packed_size<T>(s) + packed_head_size<T>(s);
}

template <class T>
void pack_all(const Shape& s, const double* params, T* packed) {
  PackedLayer<T> layers[kMaxLayers];
  PackedHead<T> head;
  pack(s, params, packed, layers);
  pack_head(s, params, packed + packed_size<T>(s), head);
}

// Recomputes where each layer stands in a packed buffer.
template <class T>
void locate(const Shape& s, const T* packed, PackedLayer<T>* layers, PackedHead<T>& head) {
  constexpr int L = Vec<T>::lanes;
  for (int l = 0; l < s.n_layers; ++l) {
    const std::int64_t rows = 4ll * round_up(s.layers[l].n_hidden, L);
    layers[l].ih = packed;
    layers[l].hh = packed + rows * s.layers[l].n_in;
    layers[l].bias = layers[l].hh + rows * s.layers[l].n_hidden;
    packed = layers[l].bias + rows;
  }
  head.layers = packed;
  head.readout = packed;
  for (int l = 0; l < s.n_head; ++l)
    head.readout += std::int64_t(round_up(s.head[l].n_out, L)) * (s.head[l].n_in + 1);
}

template <class T>
void run_one(const Shape& s, const T* packed, const double* u, std::int64_t n_steps, double* state,
             T* work, T* features, double* y) {
  const FlushDenormals flush;
  PackedLayer<T> layers[kMaxLayers];
  PackedHead<T> head;
  locate(s, packed, layers, head);
  if (features)
    run_record<T, true>(s, layers, head, u, n_steps, state, work, features, y);
  else
    run_record<T, false>(s, layers, head, u, n_steps, state, work, features, y);
}

template <class T>
std::int64_t column_elements(const Shape& s) {  // room for the column list, in elements of T
  return std::int64_t((2 * s.max_width + 1) * sizeof(Column<T>) / sizeof(T)) + Vec<T>::lanes;
}

template <class T>
std::int64_t jacobian_work_size(const Shape& s, std::int64_t memory) {
  return adjoint_work_size<T>(s, memory) + column_elements<T>(s);
}

template <class T>
void jacobian_range(const Shape& s, const JacobianJob& job, const T* params, const T* features,
                    std::int64_t begin, std::int64_t end, T* work) {
  const FlushDenormals flush;
  const RowBlocks rows{job.step, job.record, job.offsets, job.memory};
  jacobian_blocks(s, params, features, job.state0, rows, begin, end, work + column_elements<T>(s),
                  work, job.jacobian, job.state_jacobian);
}

template <class T>
void run_batch(const Shape& s, const double* params, const double* u, const std::int64_t* offsets,
               const std::int64_t* record, double* state, T* work, double* y) {
  const FlushDenormals flush;
  run_lanes(s, params, u, offsets, record, state, work, y);
}

template <class T>
KernelTable<T> table() {
  return {Vec<T>::lanes,        all_packed_size<T>, pack_all<T>,
          run_work_size<T>,     run_one<T>,         lanes_work_size<T>,
          run_batch<T>,         jacobian_work_size<T>, jacobian_range<T>};
}

}  // namespace

const Kernels* FASTLSTM_CONCAT(kernels_, FASTLSTM_VARIANT)() {
  static const Kernels kernels = {FASTLSTM_STRING(FASTLSTM_VARIANT), table<float>(),
                                  table<double>()};
  return &kernels;
}

}  // namespace fastlstm
