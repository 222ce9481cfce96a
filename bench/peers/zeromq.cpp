// hop/zeromq_inproc, post/zeromq_inproc, handover/zeromq_inproc: ZeroMQ within a process.
//
// Its manual: no I/O threads where only inproc is used; PAIR between two threads, PUSH and PULL for one-way work,
// bounded by the high-water marks of both sides together.
#include <zmq.hpp>

#include "../handover.hpp"
#include "../hop.hpp"
#include "../post.hpp"

namespace bench {

namespace {

std::uint64_t receive_word(zmq::socket_t& socket) {
    std::uint64_t x = 0;
    static_cast<void>(socket.recv(zmq::buffer(&x, sizeof x)));
    return x;
}

void send_word(zmq::socket_t& socket, std::uint64_t x) {
    socket.send(zmq::const_buffer(&x, sizeof x));
}

class Hop {
public:
    Hop() {
        near_.bind("inproc://hop");
        far_.connect("inproc://hop");
    }
    void ask(std::uint64_t x) { send_word(near_, x); }
    std::uint64_t answer() { return receive_word(near_); }
    std::uint64_t take() { return receive_word(far_); }
    void give(std::uint64_t x) { send_word(far_, x); }

private:
    zmq::context_t context_{0};
    zmq::socket_t near_{context_, zmq::socket_type::pair};
    zmq::socket_t far_{context_, zmq::socket_type::pair};
};

template <class M>
class PushPull {
public:
    static constexpr bool consumes_itself = true;
    PushPull(std::size_t /*producers*/, std::uint64_t count, int /*cpu*/) : count_(count) {
        pull_.set(zmq::sockopt::rcvhwm, half);
        pull_.bind("inproc://post");
    }
    auto make_sender(std::uint64_t /*p*/) {
        zmq::socket_t push(context_, zmq::socket_type::push);
        push.set(zmq::sockopt::sndhwm, half);
        push.connect("inproc://post");
        return [push = std::move(push)](const M& message) mutable {
            push.send(zmq::const_buffer(&message, sizeof message));
        };
    }
    std::uint64_t consume() {
        std::uint64_t sum = 0;
        zmq::message_t received;
        for (std::uint64_t i = 0; i < count_; ++i) {
            static_cast<void>(pull_.recv(received));
            M message{};
            std::memcpy(&message, received.data(), sizeof message);
            sum += message.sum();
        }
        return sum;
    }

private:
    static constexpr int half = static_cast<int>(post_bound / 2);
    std::uint64_t count_;
    zmq::context_t context_{0};
    zmq::socket_t pull_{context_, zmq::socket_type::pull};
};

/// What is longer than a message holds in itself goes by reference: the near end keeps it until the answer is there.
class Handover {
public:
    explicit Handover(std::size_t /*bytes*/) {
        near_.bind("inproc://handover");
        far_.connect("inproc://handover");
    }
    void put(Words words) {
        constexpr std::size_t held_inside = 33;
        if (words.size_bytes() <= held_inside) {
            near_.send(zmq::const_buffer(words.data(), words.size_bytes()));
            return;
        }
        auto* const data = const_cast<std::uint64_t*>(words.data());  // nobody writes to it
        near_.send(zmq::message_t(data, words.size_bytes(), [](void*, void*) {}), zmq::send_flags::none);
    }
    std::uint64_t answer() { return receive_word(near_); }
    Taken take(std::size_t count) {
        static_cast<void>(far_.recv(received_));
        const Words words(received_.data<const std::uint64_t>(), count);
        return {words[0], sum_of(words)};
    }
    void give(std::uint64_t sum) { send_word(far_, sum); }

private:
    zmq::context_t context_{0};
    zmq::socket_t near_{context_, zmq::socket_type::pair};
    zmq::socket_t far_{context_, zmq::socket_type::pair};
    zmq::message_t received_;
};

const Group all([] {
    add_handover<Handover>("zeromq_inproc");
    add_hop<Hop>("zeromq_inproc", Waiting::sleeps);
    add_post<PushPull>("zeromq_inproc", 1);
    add_post<PushPull>("zeromq_inproc", 3);
});

}  // namespace

}  // namespace bench
