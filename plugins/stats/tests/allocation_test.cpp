// A steady stream of samples and questions allocates nothing. Counts by replacing operator new in this program.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <random>

#include "registry.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
}  // namespace

// Not inlined: g++ would see free() meet operator new there and take them for strangers.
[[gnu::noinline]] void* operator new(std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* const memory = std::malloc(size)) {
        return memory;
    }
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace stats {
namespace {

using namespace std::chrono_literals;

TEST(Registry, AllocatesNothingOnceItsSlicesHaveSeenTheirBuckets) {
    Registry registry(WindowShape(60s, 12, 0.01), 10, 10min);
    std::mt19937_64 random(3);
    std::vector<double> values(2000);
    for (double& value : values) {
        value = std::exp(std::normal_distribution<double>(0, 2)(random));
    }
    // Each slice of the window sees all the values, in each turn of the ring.
    Time now{};
    const auto one_turn = [&] {
        for (int slice = 0; slice < 12; ++slice) {
            for (const double value : values) {
                registry.observe("a series with a name that fits in no small string", value, now);
                now += 1ms;
            }
            registry.summary("a series with a name that fits in no small string", now);
            now += 3s;
        }
    };
    one_turn();
    one_turn();
    const std::size_t before = allocations.load();
    ASSERT_GT(before, 0U);
    one_turn();
    one_turn();
    EXPECT_EQ(allocations.load() - before, 0U);
}

}  // namespace
}  // namespace stats
