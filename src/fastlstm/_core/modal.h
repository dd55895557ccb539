// First-order complex filters side by side: z(t) = p z(t-1) + drive, anew in every record.
#pragma once
#include <cstdint>

namespace fastlstm {

// One filter; a drive that is real has no imaginary part. Where the drive of a step is that of the
// row before, `before` (real and imaginary parts, one per record) is that of the first step.
struct Mode {
  double pole_re, pole_im;
  const double *drive_re, *drive_im;
  const double *before_re, *before_im;
  double *out_re, *out_im;
};

// Several at once hide the latency of each other; each has the same sums as alone.
template <int n, bool delayed>
void run_modes(const Mode* modes, const std::int64_t* offsets, std::int64_t n_records) {
  Mode m[n];
  for (int k = 0; k < n; ++k) m[k] = modes[k];
  for (std::int64_t r = 0; r < n_records; ++r) {
    double re[n], im[n];
    for (int k = 0; k < n; ++k) re[k] = im[k] = 0.0;
    std::int64_t t = offsets[r];
    if (delayed && t < offsets[r + 1]) {
      for (int k = 0; k < n; ++k) {
        m[k].out_re[t] = re[k] = m[k].before_re[r];
        m[k].out_im[t] = im[k] = m[k].before_im[r];
      }
      ++t;
    }
    for (; t < offsets[r + 1]; ++t)
      for (int k = 0; k < n; ++k) {
        const double turned_re = m[k].pole_re * re[k] - m[k].pole_im * im[k];
        const double turned_im = m[k].pole_re * im[k] + m[k].pole_im * re[k];
        m[k].out_re[t] = re[k] = m[k].drive_re[t - delayed] + turned_re;
        m[k].out_im[t] = im[k] = delayed ? m[k].drive_im[t - 1] + turned_im : turned_im;
      }
  }
}

template <bool delayed>
void run_all_modes(const Mode* modes, std::int64_t n_modes, const std::int64_t* offsets,
                   std::int64_t n_records) {
  std::int64_t at = 0;
  for (; at + 4 <= n_modes; at += 4) run_modes<4, delayed>(modes + at, offsets, n_records);
  for (; at < n_modes; ++at) run_modes<1, delayed>(modes + at, offsets, n_records);
}

}  // namespace fastlstm
