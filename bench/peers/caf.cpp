// post/caf: messages to an event-based actor of the C++ Actor Framework, which runs on the scheduler's one worker.
//
// That is what its manual advises for throughput; a detached actor, with a thread of its own, sleeps and is woken more
// often. Mailboxes are unbounded, so the producers keep to a bound of our own.
#include <caf/all.hpp>
#include <future>

#include "../post.hpp"

namespace bench {

template <class Inspector, std::size_t bytes>
auto inspect(Inspector& inspector, Message<bytes>& message) {
    return inspector(caf::meta::type_name("message"), message.words);
}

namespace {

struct Config : caf::actor_system_config {
    Config() {
        set("scheduler.max-threads", 1);
        set("logger.verbosity", caf::atom("quiet"));
    }
};

template <class M>
class ActorChannel {
public:
    static constexpr bool consumes_itself = false;
    ActorChannel(std::size_t /*producers*/, std::uint64_t count, int cpu) : count_(count), workers_here_(cpu) {
        receiver_ = system_.spawn([this](caf::event_based_actor* /*self*/) -> caf::behavior {
            return {[this](const M& message) { read(message); }};
        });
    }
    ~ActorChannel() { caf::anon_send_exit(receiver_, caf::exit_reason::user_shutdown); }
    ActorChannel(const ActorChannel&) = delete;
    ActorChannel& operator=(const ActorChannel&) = delete;

    auto make_sender(std::uint64_t p) {
        return [this, p](const M& message) {
            credit_.take(p);
            caf::anon_send(receiver_, message);
        };
    }
    std::uint64_t consume() { return sum_of_all_.get_future().get(); }

private:
    void read(const M& message) {
        sum_ += message.sum();
        credit_.give(message.producer());
        if (++got_ == count_) {
            sum_of_all_.set_value(sum_);
        }
    }

    Credit credit_;
    std::uint64_t count_;
    std::uint64_t got_ = 0;  // this and the sum: the actor's
    std::uint64_t sum_ = 0;
    std::promise<std::uint64_t> sum_of_all_;
    Pinned workers_here_;  // the worker inherits it
    Config config_;
    caf::actor_system system_{config_};
    caf::actor receiver_;
};

const Group all([] {
    add_post<ActorChannel>("caf", 1);
    add_post<ActorChannel>("caf", 3);
});

}  // namespace

}  // namespace bench
