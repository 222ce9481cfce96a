// post/moodycamel, post/moodycamel_readerwriter, hop/moodycamel.
//
// Its manual: tokens for producers and consumer, bulk dequeue, and for a bound a queue made with room for so many
// producers, into which try_enqueue() never allocates. What a producer once had stays with it, though, so that the last
// of them can be left without anything; it allocates then. ReaderWriterQueue where there is one producer and one
// consumer.
#include <concurrentqueue/concurrentqueue.h>
#include <readerwriterqueue/readerwriterqueue.h>

#include "../hop.hpp"
#include "../post.hpp"

namespace bench {

namespace {

template <class M>
class Concurrent {
public:
    static constexpr unsigned rest = 64;
    static constexpr int most_refused = 40;  // longer than the consumer ever takes to come by
    explicit Concurrent(std::size_t producers) : queue_(producers * post_bound, producers, 0), consumer_(queue_) {}
    auto make_pusher(std::uint64_t /*p*/) {
        return [this, token = moodycamel::ProducerToken(queue_), refused = 0](const M& message) mutable {
            if (queue_.try_enqueue(token, message) || (refused == most_refused && queue_.enqueue(token, message))) {
                refused = 0;
                return true;
            }
            ++refused;
            return false;
        };
    }
    template <class Read>
    std::size_t drain(const Read& read) {
        const std::size_t some = queue_.try_dequeue_bulk(consumer_, batch_.begin(), batch_.size());
        for (std::size_t i = 0; i < some; ++i) {
            read(batch_[i]);
        }
        return some;
    }

private:
    moodycamel::ConcurrentQueue<M> queue_;
    moodycamel::ConsumerToken consumer_;
    std::array<M, 256> batch_;
};

template <class M>
class ReaderWriter {
public:
    static constexpr unsigned rest = 64;
    explicit ReaderWriter(std::size_t /*producers*/) : queue_(post_bound) {}
    auto make_pusher(std::uint64_t /*p*/) {
        return [this](const M& message) { return queue_.try_enqueue(message); };
    }
    template <class Read>
    std::size_t drain(const Read& read) {
        std::size_t some = 0;
        for (const M* next = queue_.peek(); next != nullptr && some < post_bound; next = queue_.peek()) {
            read(*next);
            queue_.pop();
            ++some;
        }
        return some;
    }

private:
    moodycamel::ReaderWriterQueue<M> queue_;
};

template <class M>
using ConcurrentChannel = Polled<M, Concurrent<M>>;
template <class M>
using ReaderWriterChannel = Polled<M, ReaderWriter<M>>;

/// A queue each way, both ends spinning.
class Hop {
public:
    void ask(std::uint64_t x) { forth_.send(x); }
    std::uint64_t answer() { return back_.receive(); }
    std::uint64_t take() { return forth_.receive(); }
    void give(std::uint64_t x) { back_.send(x); }

private:
    struct Way {
        moodycamel::ConcurrentQueue<std::uint64_t> queue{64, 1, 0};
        moodycamel::ProducerToken producer{queue};
        moodycamel::ConsumerToken consumer{queue};

        void send(std::uint64_t x) { queue.enqueue(producer, x); }
        std::uint64_t receive() {
            std::uint64_t x = 0;
            while (!queue.try_dequeue(consumer, x)) {
            }
            return x;
        }
    };
    Way forth_;
    Way back_;
};

const Group all([] {
    add_hop<Hop>("moodycamel", Waiting::spins);
    add_post<ConcurrentChannel>("moodycamel", 1);
    add_post<ConcurrentChannel>("moodycamel", 3);
    add_post<ReaderWriterChannel>("moodycamel_readerwriter", 1);
});

}  // namespace

}  // namespace bench
