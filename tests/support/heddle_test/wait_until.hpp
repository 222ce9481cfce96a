// Waiting for something that gives no signal when it happens: polled every millisecond, with a bound.
#pragma once

#include <chrono>
#include <thread>
#include <utility>

namespace heddle::test {

// True as soon as `predicate()` is true, false when `bound` has passed without. Asked at least once,
// and once more after the bound, so that a test thread that was off the CPU doesn't fail for it.
template <class Predicate>
[[nodiscard]] bool wait_until(Predicate&& predicate, std::chrono::milliseconds bound = std::chrono::seconds{20}) {
    const auto deadline = std::chrono::steady_clock::now() + bound;
    while (std::chrono::steady_clock::now() < deadline) {
        if (predicate()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return static_cast<bool>(predicate());
}

}  // namespace heddle::test
