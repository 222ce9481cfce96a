// The benchmarks' callee as a heddle module: total += x; return total, the sum of what is handed over, and what
// its own thread does for others: an answer, and taking in what is posted.
#include <array>
#include <heddle/heddle.hpp>
#include <numeric>
#include <span>

#include "message.hpp"
#include "work.hpp"

namespace {

class Target : public heddle::module {
public:
    explicit Target(heddle::context& ctx) : module(ctx) {
        provide<&Target::add>("add", heddle::concurrent);
        provide("add_by_value", &Target::add, heddle::concurrent);
        provide<&Target::add>("add_exclusive");
        provide<&Target::add_for>("add_for");
        provide<&Target::work_for>("work_for");
        provide<&Target::sum>("sum", heddle::concurrent);
        provide<&Target::sum>("sum_queued", heddle::queued);
        provide<&Target::next>("next", heddle::queued);
        provide<&Target::take<8>>("take8", heddle::queued);
        provide<&Target::take<64>>("take64", heddle::queued);
        provide<&Target::taken>("taken", heddle::queued);
    }

private:
    struct alignas(128) Slot {  // a line of its own for each calling thread, and one for the prefetcher
        std::uint64_t total = 0;
    };

    std::uint64_t add(std::uint64_t x) { return total_ += x; }
    std::uint64_t add_for(std::uint64_t thread, std::uint64_t x) { return slots_[thread % slots_.size()].total += x; }
    std::uint64_t next(std::uint64_t x) { return x + 1; }
    template <std::size_t bytes>
    void take(const bench::Message<bytes>& message) {
        ++taken_;
        sum_of_taken_ += message.sum();
    }
    /// The sum of all messages' words, or bench::not_all where they are not yet so many.
    std::uint64_t taken(std::uint64_t count) const { return taken_ == count ? sum_of_taken_ : bench::not_all; }
    std::uint64_t work_for(std::uint64_t thread, std::uint64_t ns) {
        bench::work(ns);
        return add_for(thread, 1);
    }
    std::uint64_t sum(std::span<const std::uint64_t> words) const {
        return std::accumulate(words.begin(), words.end(), std::uint64_t{0});
    }

    std::array<Slot, 64> slots_;
    std::uint64_t total_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t sum_of_taken_ = 0;
};

}  // namespace

HEDDLE_PLUGIN(Target, "bench_target", "1.0.0", "What the benchmarks call")
