// Which records run side by side.
#pragma once
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace fastlstm {

// Records from the longest to the shortest, in their own order where they are alike.
inline std::vector<std::int64_t> by_length(const std::int64_t* offsets, std::int64_t n_records) {
  std::vector<std::int64_t> order(static_cast<size_t>(n_records));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return offsets[a + 1] - offsets[a] > offsets[b + 1] - offsets[b];
  });
  return order;
}

}  // namespace fastlstm
