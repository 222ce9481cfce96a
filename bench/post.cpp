// post/boost_lockfree*: what Boost.Lockfree has for it. What needs other packages is in peers/.
//
// Its manual: spsc_queue where there is one producer and one consumer, with its capacity at compile time; consume_all()
// rather than pop(); a queue of a fixed size for several producers.
#include "post.hpp"

#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>

namespace bench {

namespace {

/// A single-producer queue for each producer, taken from in turn; with one producer just that.
template <class M>
class Lanes {
public:
    static constexpr unsigned rest = 64;
    explicit Lanes(std::size_t producers) : lanes_(producers) {}
    auto make_pusher(std::uint64_t p) {
        return [&lane = lanes_[p]](const M& message) { return lane.push(message); };
    }
    template <class Read>
    std::size_t drain(const Read& read) {
        std::size_t some = 0;
        for (auto& lane : lanes_) {
            some += lane.consume_all(read);
        }
        return some;
    }

private:
    std::vector<boost::lockfree::spsc_queue<M, boost::lockfree::capacity<post_bound>>> lanes_;
};

template <class M>
class Shared {
public:
    static constexpr unsigned rest = 64;
    explicit Shared(std::size_t /*producers*/) {}
    auto make_pusher(std::uint64_t /*p*/) {
        return [this](const M& message) { return queue_.push(message); };
    }
    template <class Read>
    std::size_t drain(const Read& read) {
        return queue_.consume_all(read);
    }

private:
    boost::lockfree::queue<M, boost::lockfree::capacity<most_producers * post_bound>> queue_;
};

template <class M>
using LanesChannel = Polled<M, Lanes<M>>;
template <class M>
using SharedChannel = Polled<M, Shared<M>>;

const Group posts([] {
    add_post<LanesChannel>("boost_lockfree", 1);
    add_post<SharedChannel>("boost_lockfree", 3);
    add_post<LanesChannel>("boost_lockfree_lanes", 3);
});

}  // namespace

}  // namespace bench
