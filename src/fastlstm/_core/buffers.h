// Memory for results and scratch.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

namespace fastlstm {

// Uninitialised, aligned for the widest vector.
template <class T>
struct Buffer {
  explicit Buffer(std::int64_t n)
      : data(static_cast<T*>(::operator new(size_t(std::max<std::int64_t>(n, 1)) * sizeof(T),
                                            std::align_val_t(64)))) {}
  ~Buffer() { ::operator delete(data, std::align_val_t(64)); }
  Buffer(const Buffer&) = delete;
  T* data;
};

// Memory that the calls of one training run reuse: fresh pages for every Jacobian would cost more
// than its arithmetic. A workspace serves one call at a time.
class Workspace {
 public:
  // Slots: 0 result rows, 1 state rows, 2 features, 3 + k the work of thread k.
  template <class T>
  T* get(size_t slot, std::int64_t n) {
    std::lock_guard<std::mutex> lock(guard_);
    if (slots_.size() <= slot) slots_.resize(slot + 1);
    const std::int64_t bytes = n * std::int64_t(sizeof(T));
    if (!slots_[slot].buffer || slots_[slot].bytes < bytes) {
      slots_[slot].buffer.reset();
      slots_[slot].buffer = std::make_shared<Buffer<char>>(bytes);
      slots_[slot].bytes = bytes;
    }
    return reinterpret_cast<T*>(slots_[slot].buffer->data);
  }

  // Keeps the memory of a slot alive, also when the slot has grown since.
  std::shared_ptr<Buffer<char>> share(size_t slot) {
    std::lock_guard<std::mutex> lock(guard_);
    return slots_[slot].buffer;
  }

 private:
  struct Slot {
    std::shared_ptr<Buffer<char>> buffer;
    std::int64_t bytes = 0;
  };
  std::vector<Slot> slots_;
  std::mutex guard_;
};

}  // namespace fastlstm
