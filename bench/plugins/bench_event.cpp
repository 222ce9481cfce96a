// The benchmarks' event and its subscribers: one module rings, another listens as often as it is asked to, each time
// with a `total += x`.
#include <heddle/heddle.hpp>
#include <memory>
#include <vector>

namespace {

class Bell : public heddle::module {
public:
    explicit Bell(heddle::context& ctx) : module(ctx) {
        provide<&Bell::ring>("ring", heddle::concurrent);
        provide<&Bell::listen>("listen");
        provide<&Bell::totals>("totals");
    }

private:
    struct alignas(128) Total {  // as the yardstick's: a line of its own, and one for the prefetcher
        std::uint64_t value = 0;
    };

    /// Raises the event with 1 ... count.
    void ring(std::uint64_t count) {
        for (std::uint64_t x = 1; x <= count; ++x) {
            rung_(x);
        }
    }
    /// From now on, so many subscribers, their totals 0.
    void listen(std::string_view event, std::uint64_t count) {
        subscriptions_.clear();
        totals_ = std::vector<Total>(count);
        for (Total& total : totals_) {
            subscriptions_.push_back(subscribe(
                event, [&total](std::uint64_t x) { total.value += x; }, heddle::concurrent));
        }
    }
    std::vector<std::uint64_t> totals() {
        std::vector<std::uint64_t> all;
        for (const Total& total : totals_) {
            all.push_back(total.value);
        }
        return all;
    }

    heddle::event<std::uint64_t> rung_{*this, "rung"};
    std::vector<Total> totals_;
    std::vector<heddle::subscription> subscriptions_;
};

}  // namespace

HEDDLE_PLUGIN(Bell, "bench_event", "1.0.0", "What the benchmarks ring")
