// post/tbb, post/tbb_bounded: oneTBB's concurrent_queue, with a bound of our own around it, and
// concurrent_bounded_queue.
#include <tbb/concurrent_queue.h>

#include "../post.hpp"

namespace bench {

namespace {

template <class M>
class Unbounded {
public:
    static constexpr unsigned rest = 512;
    explicit Unbounded(std::size_t /*producers*/) {}
    auto make_pusher(std::uint64_t p) {
        return [this, p](const M& message) {
            credit_.take(p);
            queue_.push(message);
            return true;
        };
    }
    template <class Read>
    std::size_t drain(const Read& read) {
        std::size_t some = 0;
        for (M message{}; some < post_bound && queue_.try_pop(message); ++some) {
            read(message);
            credit_.give(message.producer());
        }
        return some;
    }

private:
    tbb::concurrent_queue<M> queue_;
    Credit credit_;
};

template <class M>
class Bounded {
public:
    static constexpr unsigned rest = 512;
    explicit Bounded(std::size_t producers) {
        queue_.set_capacity(static_cast<typename Queue::size_type>(producers * post_bound));
    }
    auto make_pusher(std::uint64_t /*p*/) {
        return [this](const M& message) { return queue_.try_push(message); };
    }
    template <class Read>
    std::size_t drain(const Read& read) {
        std::size_t some = 0;
        for (M message{}; some < post_bound && queue_.try_pop(message); ++some) {
            read(message);
        }
        return some;
    }

private:
    using Queue = tbb::concurrent_bounded_queue<M>;
    Queue queue_;
};

template <class M>
using UnboundedChannel = Polled<M, Unbounded<M>>;
template <class M>
using BoundedChannel = Polled<M, Bounded<M>>;

const Group all([] {
    for (const std::size_t producers : {std::size_t{1}, std::size_t{3}}) {
        add_post<UnboundedChannel>("tbb", producers);
        add_post<BoundedChannel>("tbb_bounded", producers);
    }
});

}  // namespace

}  // namespace bench
