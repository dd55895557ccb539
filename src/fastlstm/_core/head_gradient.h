// Head, error and their gradient for a chunk of steps, and dh of the top layer.
//
// Every product runs over the steps of the chunk side by side: no sum waits for another.
#pragma once
#include <limits>

#include "head.h"
#include "lanes.h"
#include "logistic.h"
#include "step_products.h"

namespace fastlstm {
namespace {

// What is measured, and the sums of the errors so far.
struct Scoring {
  const double* y;  // (n_total, n_outputs)
  std::int64_t washout;
  double cost;
  std::int64_t n_scored;  // steps with at least one measured output
};

// Per step of the chunk, latest first.
template <class T>
struct HeadSteps {
  T* values;   // (chunk, head_width, lanes)
  T* adjoint;  // (chunk, head_width, lanes): derivative by the preactivations
  T* measured;  // (chunk, n_outputs, lanes)
  T* error;     // (chunk, n_outputs, lanes)
  T* dh;       // (chunk, n_top, lanes)
};

template <class T>
HeadSteps<T> lay_out_head(const Shape& s, int chunk, Arena& arena) {
  const std::int64_t steps = std::int64_t(chunk) * Vec<T>::lanes;
  HeadSteps<T> w;
  w.values = arena.take<T>(steps * head_width(s));
  w.adjoint = arena.take<T>(steps * head_width(s));
  w.measured = arena.take<T>(steps * s.n_outputs);
  w.error = arena.take<T>(steps * s.n_outputs);
  w.dh = arena.take<T>(steps * s.layers[s.n_layers - 1].n_hidden);
  return w;
}

// Measurements of n steps back from step t: (n, n_outputs, lanes), NaN where nothing is scored.
template <class T>
FASTLSTM_NOINLINE void gather_measured(const Shape& s, const Lanes<T>& g, std::int64_t t, int n,
                                       const Scoring& score, T* out) {
  constexpr int L = Lanes<T>::L;
  const T nothing = std::numeric_limits<T>::quiet_NaN();
  for (int i = 0; i < L; ++i) {
    const int begin = clamp_step(t - g.length[i] + 1, 0, n);
    const int end = clamp_step(t - score.washout + 1, begin, n);
    for (int k = 0; k < s.n_outputs; ++k) {
      T* to = out + k * L + i;
      int q = 0;
      for (; q < begin; ++q, to += s.n_outputs * L) *to = nothing;
      const double* y = score.y + (g.first[i] + t - q) * s.n_outputs + k;
      for (; q < end; ++q, to += s.n_outputs * L, y -= s.n_outputs) *to = T(*y);
      for (; q < n; ++q, to += s.n_outputs * L) *to = nothing;
    }
  }
}

// Output minus measurement in place, zero where it is not scored.
template <class T>
FASTLSTM_NOINLINE void subtract_measured(int n_outputs, int n, const T* y, Scoring& score, T* out) {
  using V = Vec<T>;
  constexpr int L = V::lanes, D = Vec<double>::lanes;
  Vec<double> cost[L / D];
  for (auto& sum : cost) sum = Vec<double>(0.0);
  V n_scored(T(0));
  for (int q = 0; q < n; ++q) {
    V any(T(0));
    for (int k = 0; k < n_outputs; ++k, y += L, out += L) {
      const V y_k = V::load(y);
      any = max(any, zero_where_nan(y_k, V(T(1))));
      zero_where_nan(y_k, V::load(out) - y_k).store(out);
      for (int i = 0; i < L / D; ++i) {
        const Vec<double> r = load_double(out + i * D);
        cost[i] = fma(r, r, cost[i]);
      }
    }
    n_scored = n_scored + any;
  }
  T counts[L];
  n_scored.store(counts);
  for (T count : counts) score.n_scored += std::int64_t(count);
  for (const auto& sum : cost) score.cost += total(sum);
}

// The places of head and slot in a chunk: q steps before `slot`.
template <class T>
struct HeadChunk {
  const Shape& s;
  const T* params;
  StepArray<T> u, h, values, adjoint, error, dh;
  int n;
};

template <class T>
HeadChunk<T> head_chunk(const Shape& s, const T* params, T* slot, int n,
                        const HeadSteps<T>& work) {
  constexpr std::int64_t L = Vec<T>::lanes;
  const LayerShape& top = s.layers[s.n_layers - 1];
  const std::int64_t back = -std::int64_t(s.n_features) * L, width = head_width(s) * L;
  return {s,
          params,
          {slot, back},
          {slot + top.feature * L, back},
          {work.values, width},
          {work.adjoint, width},
          {work.error, s.n_outputs * L},
          {work.dh, top.n_hidden * L},
          n};
}

// Activations of all MLP layers, then the outputs into `error`.
template <class T>
void head_forward(const HeadChunk<T>& c) {
  using V = Vec<T>;
  const Shape& s = c.s;
  StepArray<T> below = c.h;
  int done = 0;
  for (int l = 0; l < s.n_head; ++l) {
    const HeadShape& a = s.head[l];
    for (int r = 0; r < a.n_out; ++r) {
      const Term<T> sum{c.params + a.weight + std::int64_t(r) * a.n_in, 1, below, a.n_in};
      sum_steps(V(c.params[a.bias + r]), &sum, 1, c.n, c.values.at(done + r),
                [](V z, int) { return Gate<T>::tanh_gate(V(T(Gate<T>::tanh_scale)) * z); });
    }
    below = c.values.at(done);
    done += a.n_out;
  }
  const int n_top = s.layers[s.n_layers - 1].n_hidden;
  const int n_last = s.n_head ? s.head[s.n_head - 1].n_out : 0;
  for (int k = 0; k < s.n_outputs; ++k) {
    const Term<T> sums[] = {{c.params + s.readout_hidden + k * n_top, 1, c.h, n_top},
                            {c.params + s.readout_input + k * s.n_inputs, 1, c.u, s.n_inputs},
                            {c.params + s.readout_head + k * n_last, 1, below, n_last}};
    sum_steps(V(c.params[s.readout_bias + k]), sums, 3, c.n, c.error.at(k),
              [](V z, int) { return z; });
  }
}

// From the error back to `adjoint` and `dh`.
template <class T>
void head_backward(const HeadChunk<T>& c) {
  using V = Vec<T>;
  const Shape& s = c.s;
  int done = head_width(s);
  Term<T> above{c.params + s.readout_head, 0, c.error, s.n_outputs};  // of the layer below it
  for (int l = s.n_head - 1; l >= 0; --l) {
    const HeadShape& a = s.head[l];
    done -= a.n_out;
    for (int r = 0; r < a.n_out; ++r) {
      const Term<T> sum{above.weights + r, a.n_out, above.x, above.n};
      const StepArray<T> value = c.values.at(done + r);
      sum_steps(V(T(0)), &sum, 1, c.n, c.adjoint.at(done + r), [&](V d, int q) {
        const V v = V::load(value.step(q));
        return d * (V(T(1)) - v * v);
      });
    }
    above = {c.params + a.weight, 0, c.adjoint.at(done), a.n_out};
  }
  const int n_top = s.layers[s.n_layers - 1].n_hidden;
  for (int j = 0; j < n_top; ++j) {
    const Term<T> sums[] = {{c.params + s.readout_hidden + j, n_top, c.error, s.n_outputs},
                            {above.weights + j, n_top, above.x, s.n_head ? above.n : 0}};
    sum_steps(V(T(0)), sums, 2, c.n, c.dh.at(j), [](V d, int) { return d; });
  }
}

// Adds the products of the chunk to the sums of head, readout and bypasses.
template <class T>
void head_products(const HeadChunk<T>& c, T* sums) {
  constexpr int L = Vec<T>::lanes;
  const Shape& s = c.s;
  StepArray<T> below = c.h;
  int done = 0;
  for (int l = 0; l < s.n_head; ++l) {
    const HeadShape& a = s.head[l];
    add_outer(c.adjoint.at(done), a.n_out, below, a.n_in, c.n, sums + a.weight * L);
    add_steps(c.adjoint.at(done), a.n_out, c.n, sums + a.bias * L);
    below = c.values.at(done);
    done += a.n_out;
  }
  if (s.n_head)
    add_outer(c.error, s.n_outputs, below, s.head[s.n_head - 1].n_out, c.n,
              sums + s.readout_head * L);
  add_outer(c.error, s.n_outputs, c.h, s.layers[s.n_layers - 1].n_hidden, c.n,
            sums + s.readout_hidden * L);
  add_outer(c.error, s.n_outputs, c.u, s.n_inputs, c.n, sums + s.readout_input * L);
  add_steps(c.error, s.n_outputs, c.n, sums + s.readout_bias * L);
}

// n steps back from step t in `slot`: gradient of head and bypasses into `sums`, dh into `work`.
template <class T>
FASTLSTM_NOINLINE void head_gradient(const Shape& s, const T* params, T* slot,
                                     const Lanes<T>& g, std::int64_t t, int n,
                                     const HeadSteps<T>& work, Scoring& score, T* sums) {
  const HeadChunk<T> c = head_chunk(s, params, slot, n, work);
  head_forward(c);
  gather_measured(s, g, t, n, score, work.measured);
  subtract_measured(s.n_outputs, n, work.measured, score, work.error);
  head_backward(c);
  head_products(c, sums);
}

}  // namespace
}  // namespace fastlstm
