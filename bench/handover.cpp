// handover/*: by a call, and in the classic ways. ZeroMQ's is in peers/.
#include "handover.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <new>

#include "callee.hpp"

namespace bench {

namespace {

/// What is read at a time: it stays in the nearest caches, and adding it up goes on while the rest is written.
constexpr std::size_t chunk_bytes = std::size_t{64} * 1024;
constexpr std::size_t word = sizeof(std::uint64_t);

/// Through pipes or sockets with room for a whole message of up to 1 MiB, where the system allows that.
template <class Connection>
class Stream {
public:
    explicit Stream(std::size_t bytes) : connection_(bytes > chunk_bytes ? bytes : 0) {}
    void put(Words words) { write_all(connection_.near().out, words.data(), words.size_bytes()); }
    std::uint64_t answer() {
        std::uint64_t sum = 0;
        read_all(connection_.near().in, &sum, word);
        return sum;
    }
    Taken take(std::size_t count) {
        Taken taken;
        for (std::size_t done = 0; done < count;) {
            const std::size_t some = std::min(chunk_.size(), count - done);
            read_all(connection_.far().in, chunk_.data(), some * word);
            taken.first = done == 0 ? chunk_[0] : taken.first;
            taken.sum += sum_of({chunk_.data(), some});
            done += some;
        }
        return taken;
    }
    void give(std::uint64_t sum) { write_all(connection_.far().out, &sum, word); }

private:
    Connection connection_;
    std::array<std::uint64_t, chunk_bytes / word> chunk_{};
};

/// Through message queues, in as many of the largest messages as it takes.
class Messages {
public:
    explicit Messages(std::size_t bytes) : chunk_(std::min(bytes, MessageQueues::largest_message()) / word) {}
    void put(Words words) {
        for (std::size_t done = 0; done < words.size(); done += chunk_.size()) {
            send(queues_.near().out, words.subspan(done, std::min(chunk_.size(), words.size() - done)));
        }
    }
    std::uint64_t answer() {
        receive(queues_.near().in, answer_);
        return answer_[0];
    }
    Taken take(std::size_t count) {
        Taken taken;
        for (std::size_t done = 0; done < count;) {
            const std::size_t some = receive(queues_.far().in, chunk_);
            taken.first = done == 0 ? chunk_[0] : taken.first;
            taken.sum += sum_of({chunk_.data(), some});
            done += some;
        }
        return taken;
    }
    void give(std::uint64_t sum) { send(queues_.far().out, {&sum, 1}); }

private:
    static void send(mqd_t queue, Words words) {
        check(mq_send(queue, reinterpret_cast<const char*>(words.data()), words.size_bytes(), 0), "mq_send");
    }
    static std::size_t receive(mqd_t queue, std::vector<std::uint64_t>& to) {
        const long bytes =
            check(mq_receive(queue, reinterpret_cast<char*>(to.data()), to.size() * word, nullptr), "mq_receive");
        return static_cast<std::size_t>(bytes) / word;
    }
    std::vector<std::uint64_t> chunk_;  // the far end's; its size is that of the queues' messages
    std::vector<std::uint64_t> answer_ = std::vector<std::uint64_t>(chunk_.size());
    MessageQueues queues_{chunk_.size() * word};
};

/// Between two processes: copied into shared memory by one, read there by the other.
class Shared {
public:
    explicit Shared(std::size_t bytes) : memory_(sizeof(Area) + bytes) {}
    void put(Words words) {
        std::copy(words.begin(), words.end(), area_->words());
        area_->filled.post();
    }
    std::uint64_t answer() {
        area_->answered.wait();
        return area_->sum;
    }
    Taken take(std::size_t count) {
        area_->filled.wait();
        const Words words(area_->words(), count);
        return {words[0], sum_of(words)};
    }
    void give(std::uint64_t sum) {
        area_->sum = sum;
        area_->answered.post();
    }

private:
    struct Area {
        alignas(128) SharedSemaphore filled;
        alignas(128) SharedSemaphore answered;
        std::uint64_t sum = 0;
        std::uint64_t* words() { return reinterpret_cast<std::uint64_t*>(this + 1); }
    };
    SharedMemory memory_;
    Area* area_ = new (memory_.get()) Area;  // goes with the memory; Linux has nothing to free in a semaphore
};

void raw_pointer(benchmark::State& state, std::size_t bytes) {
    const RawSum sum = symbol<RawSum>("bench_raw_sum");
    const std::vector<std::uint64_t> words = words_to_hand_over(bytes);
    measure_handover(state, words, [&](Words all) { return sum(all.data(), all.size()); });
}

void heddle_call(benchmark::State& state, std::size_t bytes) {
    const auto sum = shared_host().function<std::uint64_t(Words)>("t0.sum");
    const std::vector<std::uint64_t> words = words_to_hand_over(bytes);
    measure_handover(state, words, [&](Words all) { return sum(all); });
}

const Group handovers([] {
    for (const std::size_t bytes : {std::size_t{8}, std::size_t{1024}, std::size_t{1024} * 1024}) {
        const std::string variant = "/bytes:" + std::to_string(bytes);
        add("handover/raw_pointer" + variant, "", [bytes](auto& state) { raw_pointer(state, bytes); });
        add("handover/heddle" + variant, "handover/raw_pointer", [bytes](auto& state) { heddle_call(state, bytes); });
    }
    add_handover<Shared>("shared_memory", Partner::Kind::process);
    add_handover<Stream<Pipes>>("pipe");
    add_handover<Stream<Sockets>>("socketpair");
    add_handover<Messages>("mq");
});

}  // namespace

}  // namespace bench
