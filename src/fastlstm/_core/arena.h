// Places for arrays of several types in one buffer.
#pragma once
#include <cstdint>

namespace fastlstm {
namespace {

// Hands out consecutive pieces of a buffer, each on a cache line. Starting from a null pointer it
// only measures: the same function lays a buffer out and says how large it must be.
class Arena {
 public:
  explicit Arena(void* base) : base_(static_cast<char*>(base)) {}

  template <class U>
  U* take(std::int64_t n) {
    char* place = base_ ? base_ + used_ : nullptr;
    used_ += (n * std::int64_t(sizeof(U)) + 63) / 64 * 64;
    return reinterpret_cast<U*>(place);
  }

  // Size so far, in elements of T.
  template <class T>
  std::int64_t used() const {
    return used_ / std::int64_t(sizeof(T));
  }

 private:
  char* base_;
  std::int64_t used_ = 0;
};

}  // namespace
}  // namespace fastlstm
