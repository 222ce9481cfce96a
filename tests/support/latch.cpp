#include "heddle_test/latch.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace heddle::test::latch {
namespace {

struct One {
    bool is_open = false;
    std::uint64_t arrivals = 0;
};

struct All {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, std::shared_ptr<One>, std::less<>> latches;

    std::shared_ptr<One> of(std::string_view name) {  // with the mutex held
        std::shared_ptr<One>& one = latches[std::string(name)];
        if (one == nullptr) {
            one = std::make_shared<One>();
        }
        return one;
    }
};

// Never destroyed: a thread that a test left behind may still wait while the program ends.
All& all() {
    static All* const kept = std::make_unique<All>().release();
    return *kept;
}

}  // namespace

bool wait(std::string_view name, std::chrono::milliseconds bound) {
    std::unique_lock lock(all().mutex);
    const std::shared_ptr<One> one = all().of(name);
    ++one->arrivals;
    all().changed.notify_all();
    return all().changed.wait_for(lock, bound, [&] { return one->is_open; });
}

void arrive(std::string_view name) {
    const std::lock_guard lock(all().mutex);
    ++all().of(name)->arrivals;
    all().changed.notify_all();
}

void open(std::string_view name) {
    const std::lock_guard lock(all().mutex);
    all().of(name)->is_open = true;
    all().changed.notify_all();
}

std::uint64_t arrivals(std::string_view name) {
    const std::lock_guard lock(all().mutex);
    return all().of(name)->arrivals;
}

bool wait_for_arrivals(std::string_view name, std::uint64_t count, std::chrono::milliseconds bound) {
    std::unique_lock lock(all().mutex);
    const std::shared_ptr<One> one = all().of(name);
    return all().changed.wait_for(lock, bound, [&] { return one->arrivals >= count; });
}

void release_all() {
    const std::lock_guard lock(all().mutex);
    for (const auto& [name, one] : all().latches) {
        one->is_open = true;
    }
    all().latches.clear();
    all().changed.notify_all();
}

}  // namespace heddle::test::latch
