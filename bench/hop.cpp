// hop/*: over memory, what the kernel offers, and Boost. What needs other packages is in peers/.
#include "hop.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <condition_variable>
#include <mutex>
#include <new>

namespace bench {

namespace {

/// The floor: both threads look at one word without a pause, an odd one is for the far end.
class CacheLine {
public:
    void ask(std::uint64_t x) { word_.store(x << 1U | 1U, std::memory_order_release); }
    std::uint64_t answer() { return look(0); }
    std::uint64_t take() { return look(1); }
    void give(std::uint64_t x) { word_.store(x << 1U, std::memory_order_release); }

private:
    std::uint64_t look(std::uint64_t owner) {
        std::uint64_t word = word_.load(std::memory_order_acquire);
        while ((word & 1U) != owner) {
            word = word_.load(std::memory_order_acquire);
        }
        return word >> 1U;
    }
    alignas(128) std::atomic<std::uint64_t> word_ = 0;
};

/// Whose turn it is, in a word that `Turn` waits for; the payload rides in the same cache line.
template <class Turn>
class TurnTaking {
public:
    void ask(std::uint64_t x) { pass(x, 1); }
    std::uint64_t answer() {
        turn_.await(0);
        return payload_;
    }
    std::uint64_t take() {
        turn_.await(1);
        return payload_;
    }
    void give(std::uint64_t x) { pass(x, 0); }

private:
    void pass(std::uint64_t x, std::uint32_t to) {
        payload_ = x;
        turn_.pass(to);
    }
    alignas(128) std::uint64_t payload_ = 0;  // pass() releases it, await() acquires it
    Turn turn_;
};

/// FUTEX_WAIT and FUTEX_WAKE, nothing else: what every sleep costs in the end.
class Futex {
public:
    void pass(std::uint32_t to) {
        turn_.store(to, std::memory_order_release);
        call(FUTEX_WAKE_PRIVATE, 1);
    }
    void await(std::uint32_t mine) {
        for (std::uint32_t now = turn_.load(std::memory_order_acquire); now != mine;
             now = turn_.load(std::memory_order_acquire)) {
            call(FUTEX_WAIT_PRIVATE, now);
        }
    }

private:
    void call(int what, std::uint32_t value) { syscall(SYS_futex, &turn_, what, value, nullptr, nullptr, 0); }
    std::atomic<std::uint32_t> turn_ = 0;
};

class AtomicWait {
public:
    void pass(std::uint32_t to) {
        turn_.store(to, std::memory_order_release);
        turn_.notify_one();
    }
    void await(std::uint32_t mine) { turn_.wait(1 - mine, std::memory_order_acquire); }

private:
    std::atomic<std::uint32_t> turn_ = 0;
};

class ConditionVariable {
public:
    void pass(std::uint32_t to) {
        {
            const std::lock_guard lock(mutex_);
            turn_ = to;
        }
        changed_.notify_one();
    }
    void await(std::uint32_t mine) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return turn_ == mine; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint32_t turn_ = 0;
};

/// A word through descriptors.
template <class Channel>
class Through {
public:
    void ask(std::uint64_t x) { write_all(channel_.near().out, &x, sizeof x); }
    std::uint64_t answer() { return read_word(channel_.near().in); }
    std::uint64_t take() { return read_word(channel_.far().in); }
    void give(std::uint64_t x) { write_all(channel_.far().out, &x, sizeof x); }

private:
    static std::uint64_t read_word(int descriptor) {
        std::uint64_t x = 0;
        read_all(descriptor, &x, sizeof x);
        return x;
    }
    Channel channel_;
};

class ThroughMessageQueues {
public:
    void ask(std::uint64_t x) { send(queues_.near().out, x); }
    std::uint64_t answer() { return receive(queues_.near().in); }
    std::uint64_t take() { return receive(queues_.far().in); }
    void give(std::uint64_t x) { send(queues_.far().out, x); }

private:
    static void send(mqd_t queue, std::uint64_t x) {
        check(mq_send(queue, reinterpret_cast<const char*>(&x), sizeof x, 0), "mq_send");
    }
    static std::uint64_t receive(mqd_t queue) {
        std::uint64_t x = 0;
        check(mq_receive(queue, reinterpret_cast<char*>(&x), sizeof x, nullptr), "mq_receive");
        return x;
    }
    MessageQueues queues_{sizeof(std::uint64_t)};
};

/// Between two processes: a word each way in shared memory, and a semaphore that says it is there.
class ThroughSharedMemory {
public:
    void ask(std::uint64_t x) { send(area_->forth, x); }
    std::uint64_t answer() { return receive(area_->back); }
    std::uint64_t take() { return receive(area_->forth); }
    void give(std::uint64_t x) { send(area_->back, x); }

private:
    struct alignas(128) Slot {
        std::uint64_t word = 0;
        SharedSemaphore there;
    };
    struct Area {
        Slot forth;
        Slot back;
    };
    static void send(Slot& slot, std::uint64_t x) {
        slot.word = x;
        slot.there.post();
    }
    static std::uint64_t receive(Slot& slot) {
        slot.there.wait();
        return slot.word;
    }
    SharedMemory memory_{sizeof(Area)};
    Area* area_ = new (memory_.get()) Area;  // goes with the memory; Linux has nothing to free in a semaphore
};

/// Two single-producer queues, both ends spinning.
class BoostLockfree {
public:
    void ask(std::uint64_t x) { forth_.push(x); }
    std::uint64_t answer() { return pop(back_); }
    std::uint64_t take() { return pop(forth_); }
    void give(std::uint64_t x) { back_.push(x); }

private:
    using Queue = boost::lockfree::spsc_queue<std::uint64_t, boost::lockfree::capacity<64>>;
    static std::uint64_t pop(Queue& queue) {
        std::uint64_t x = 0;
        while (!queue.pop(x)) {
        }
        return x;
    }
    Queue forth_;
    Queue back_;
};

const Group hops([] {
    add_hop<CacheLine>("cacheline", Waiting::spins);
    add_hop<BoostLockfree>("boost_lockfree", Waiting::spins);
    add_hop<TurnTaking<Futex>>("futex", Waiting::sleeps);
    add_hop<TurnTaking<AtomicWait>>("atomic_wait", Waiting::sleeps);
    add_hop<TurnTaking<ConditionVariable>>("condition_variable", Waiting::sleeps);
    add_hop<Through<Pipes>>("pipe", Waiting::sleeps);
    add_hop<Through<Sockets>>("socketpair", Waiting::sleeps);
    add_hop<Through<EventCounters>>("eventfd", Waiting::sleeps);
    add_hop<ThroughMessageQueues>("mq", Waiting::sleeps);
    add_hop<ThroughSharedMemory>("shared_memory", Waiting::sleeps, Partner::Kind::process);
});

}  // namespace

}  // namespace bench
