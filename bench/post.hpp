// post/*: messages one way from one or three producers to a consumer that reads every word of each: nanoseconds per
// message, over all producers. All queues are bounded to the same number of messages for each producer.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "cpus.hpp"
#include "message.hpp"
#include "suite.hpp"

namespace bench {

/// How many messages of one producer may be on their way.
inline constexpr std::size_t post_bound = 1024;
inline constexpr std::size_t most_producers = 3;

/// Pauses on the spot; a pause is some 50 ns on a recent x86-64.
inline void relax(unsigned pauses) {
    for (unsigned i = 0; i < pauses; ++i) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("yield");
#endif
    }
}

/// Waits for room: longer each time, and now and then letting others of this core run.
class Backoff {
public:
    void wait() {
        relax(pauses_);
        if (pauses_ < longest) {
            pauses_ *= 2;
        } else if (++rounds_ % 64 == 0) {
            std::this_thread::yield();
        }
    }

private:
    static constexpr unsigned longest = 64;
    unsigned pauses_ = 1;
    unsigned rounds_ = 0;
};

/// Bounds a queue that has no bound of its own: a producer looks at what the consumer has taken of its messages only
/// when it may have sent enough, and the consumer says so only every few messages.
class Credit {
public:
    /// Before a producer sends its next message. [producer]
    void take(std::uint64_t producer) {
        Producer& mine = producers_[producer];
        Backoff backoff;
        while (mine.sent - mine.known >= post_bound) {
            mine.known = consumer_[producer].returned.load(std::memory_order_acquire);
            backoff.wait();
        }
        ++mine.sent;
    }
    /// After a message of that producer was read. [consumer]
    void give(std::uint64_t producer) {
        Consumer& mine = consumer_[producer];
        if (++mine.taken % (post_bound / 8) == 0) {
            mine.returned.store(mine.taken, std::memory_order_release);  // acquired in take()
        }
    }

private:
    struct alignas(128) Producer {
        std::uint64_t sent = 0;
        std::uint64_t known = 0;
    };
    struct alignas(128) Consumer {
        std::atomic<std::uint64_t> returned = 0;
        std::uint64_t taken = 0;
    };
    std::array<Producer, most_producers> producers_;
    std::array<Consumer, most_producers> consumer_;
};

/// Times state.max_iterations messages over a new `Channel`, made with (producers, number of messages, the consumer's
/// core), which has `make_sender(p)`: a callable that sends one message and waits where there is no room, made and used
/// on producer p's thread; `std::uint64_t consume()`: returns the sum of all messages' words once they are read; and
/// `consumes_itself`: that is done in consume(), else by a thread of the channel's own, beside which nothing of ours
/// may run on the consumer's core.
template <class Message, class Channel>
void one_way(benchmark::State& state, std::size_t producers, const Placement& cpus) {
    const Pinned here(cpus[Channel::consumes_itself ? 0 : 1]);
    const auto count = static_cast<std::uint64_t>(state.max_iterations);
    Channel channel(producers, count, cpus[0]);
    const auto share = [&](std::uint64_t p) { return count / producers + (p < count % producers ? 1 : 0); };
    std::atomic<bool> go = false;
    std::atomic<std::size_t> ready = 0;
    std::uint64_t expected = 0;
    std::vector<std::jthread> threads;
    for (std::uint64_t p = 0; p < producers; ++p) {
        expected += Message::sum_of(p, share(p));
        threads.emplace_back([&, p, own = share(p)] {
            auto send = channel.make_sender(p);
            ready.fetch_add(1);
            while (!go.load(std::memory_order_acquire)) {
                std::this_thread::yield();
            }
            for (std::uint64_t n = 0; n < own; ++n) {
                send(Message::make(p, n));
            }
        });
        pin(threads.back(), cpus[p + 1]);
    }
    while (ready.load() < producers) {
        std::this_thread::yield();
    }
    std::uint64_t sum = 0;
    std::chrono::steady_clock::duration elapsed{};
    while (state.KeepRunningBatch(state.max_iterations)) {  // once
        const auto began = std::chrono::steady_clock::now();
        go.store(true, std::memory_order_release);
        sum = channel.consume();
        elapsed = std::chrono::steady_clock::now() - began;
    }
    threads.clear();
    if (sum != expected) {
        state.SkipWithError("messages were lost or changed");
        return;
    }
    report(state, elapsed, "message");
}

/// A Channel over a queue that is polled. A `Queue` has `make_pusher(p)`: a callable that takes a message, or says
/// false where there is no room; `std::size_t drain(read)`: calls read(message) for what is there and says how many
/// that were; and `rest`: how many pauses the consumer makes after a short run.
template <class Message, class Queue>
class Polled {
public:
    static constexpr bool consumes_itself = true;
    Polled(std::size_t producers, std::uint64_t count, int /*cpu*/)
        : count_(count), queue_(std::make_unique<Queue>(producers)) {}
    auto make_sender(std::uint64_t p) {
        return [push = queue_->make_pusher(p)](const Message& message) mutable {
            Backoff backoff;
            while (!push(message)) {
                backoff.wait();
            }
        };
    }
    std::uint64_t consume() {
        std::uint64_t sum = 0;
        std::uint64_t got = 0;
        unsigned rests = 0;
        while (got < count_) {
            const std::size_t some = queue_->drain([&](const Message& message) { sum += message.sum(); });
            got += some;
            // Who polls without a pause takes the producers' cache lines away as fast as they are filled. That makes
            // the fast queues up to six times slower. Each queue's rest is the one it does best with.
            if (some < short_run) {
                relax(Queue::rest);
                if (some == 0 && ++rests % 64 == 0) {
                    std::this_thread::yield();
                }
            }
        }
        return sum;
    }

private:
    static constexpr std::size_t short_run = post_bound / 8;
    std::uint64_t count_;
    std::unique_ptr<Queue> queue_;
};

/// Adds post/NAME for `producers` producers with messages of 8 and 64 bytes, on several placements; `Channel` is a
/// template over the type of the message.
template <template <class> class Channel>
void add_post(const std::string& name, std::size_t producers) {
    const auto with = [&]<class M>(M* /*type*/) {
        for (const Placement& cpus : placements(producers + 1, 3)) {
            add("post/" + name + "/producers:" + std::to_string(producers) + "/bytes:" + std::to_string(M::size) + "/" +
                    name_of(cpus),
                "post/*", [=](benchmark::State& state) { one_way<M, Channel<M>>(state, producers, cpus); });
        }
    };
    with(static_cast<Message<8>*>(nullptr));
    with(static_cast<Message<64>*>(nullptr));
}

}  // namespace bench
