// Independent jobs on several threads.
#pragma once
#include <algorithm>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace fastlstm {

// Runs job(k) for k in [0, n) on up to n_threads threads; job k is the same whatever their number.
template <class F>
void parallel_for(std::int64_t n, int n_threads, const F& job) {
  const std::int64_t workers = std::min<std::int64_t>(n, n_threads);
  if (workers <= 1) {
    for (std::int64_t k = 0; k < n; ++k) job(k);
    return;
  }
  std::exception_ptr failure;
  std::mutex guard;
  auto run = [&](std::int64_t worker) {
    try {
      for (std::int64_t k = worker; k < n; k += workers) job(k);
    } catch (...) {
      std::lock_guard<std::mutex> lock(guard);
      failure = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  std::int64_t started = 1;
  try {
    for (; started < workers; ++started) threads.emplace_back(run, started);
  } catch (const std::system_error&) {  // the system gives no more threads: this one does the rest
  }
  run(0);
  for (std::int64_t w = started; w < workers; ++w) run(w);
  for (auto& t : threads) t.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace fastlstm
