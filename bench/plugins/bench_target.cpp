// The benchmarks' callee as a heddle module: total += x; return total, and the sum of what is handed over.
#include <array>
#include <heddle/heddle.hpp>
#include <numeric>
#include <span>

namespace {

class Target : public heddle::module {
public:
    explicit Target(heddle::context& ctx) : module(ctx) {
        provide<&Target::add>("add", heddle::concurrent);
        provide("add_by_value", &Target::add, heddle::concurrent);
        provide<&Target::add>("add_exclusive");
        provide<&Target::add_for>("add_for");
        provide<&Target::sum>("sum", heddle::concurrent);
    }

private:
    struct alignas(128) Slot {  // a line of its own for each calling thread, and one for the prefetcher
        std::uint64_t total = 0;
    };

    std::uint64_t add(std::uint64_t x) { return total_ += x; }
    std::uint64_t add_for(std::uint64_t thread, std::uint64_t x) { return slots_[thread % slots_.size()].total += x; }
    std::uint64_t sum(std::span<const std::uint64_t> words) const {
        return std::accumulate(words.begin(), words.end(), std::uint64_t{0});
    }

    std::array<Slot, 64> slots_;
    std::uint64_t total_ = 0;
};

}  // namespace

HEDDLE_PLUGIN(Target, "bench_target", "1.0.0", "What the benchmarks call")
