// hop/queued_*, post/heddle*, handover/heddle_queued_*: what a module's own thread does for others, called and posted
// to through heddle's handles.
#include "handover.hpp"
#include "hop.hpp"
#include "post.hpp"

namespace bench {

namespace {

/// How the module's thread waits for work.
constexpr const char* spins = "idle: spin";
constexpr const char* sleeps = "idle: park, spin: 0s";
constexpr const char* by_default = "idle: park";

void add_queued_hop(const std::string& name, Waiting waiting, const char* thread) {
    for_hop_placements(waiting, [&](const std::string& variant, const Placement& cpus) {
        add("hop/" + name + "/" + variant, hop_yardstick(name, waiting), [cpus, thread](benchmark::State& state) {
            const Pinned here(cpus[0]);
            const auto host = start_host(cpus[1], thread);
            measure_round_trips(state, host->function<std::uint64_t(std::uint64_t)>("t.next"));
        });
    });
}

/// Messages to a queued function of a module. The consumer is the module's thread.
template <class M, bool spinning>
class Posts {
public:
    static constexpr bool consumes_itself = false;
    Posts(std::size_t producers, std::uint64_t count, int cpu)
        : producers_(producers), count_(count), host_(start_host(cpu, spinning ? spins : by_default)) {}

    auto make_sender(std::uint64_t /*p*/) {
        class Sender {
        public:
            explicit Sender(Posts& posts)
                : posts_(&posts, [](Posts* all) { all->one_is_done(); }),
                  take_(posts.host_->template function<void(const M&)>("t.take" + std::to_string(M::size))) {}
            void operator()(const M& message) { take_.post(message); }

        private:
            std::unique_ptr<Posts, void (*)(Posts*)> posts_;
            heddle::function<void(const M&)> take_;
        };
        return Sender(*this);
    }
    std::uint64_t consume() {
        for (std::size_t done = done_.load(); done < producers_; done = done_.load()) {
            done_.wait(done);
        }
        const auto taken = host_->function<std::uint64_t(std::uint64_t)>("t.taken");
        std::uint64_t sum = taken(count_);
        while (sum == not_all) {
            sum = taken(count_);
        }
        return sum;
    }

private:
    void one_is_done() {
        done_.fetch_add(1);
        done_.notify_one();
    }

    std::size_t producers_;
    std::uint64_t count_;
    std::unique_ptr<heddle::host> host_;
    std::atomic<std::size_t> done_ = 0;
};
template <class M>
using DefaultPosts = Posts<M, false>;
template <class M>
using SpinningPosts = Posts<M, true>;

void add_queued_handover(const std::string& name, const char* thread) {
    for_handover_placements(
        [&](const std::string& where, std::size_t bytes, const std::string& variant, const Placement& cpus) {
            if (thread == spins && cpus[0] == cpus[1]) {
                return;
            }
            add("handover/" + name + where + variant, "handover/raw_pointer", [=](benchmark::State& state) {
                const Pinned here(cpus[0]);
                const auto host = start_host(cpus[1], thread);
                const std::vector<std::uint64_t> words = words_to_hand_over(bytes);
                measure_handover(state, words, host->function<std::uint64_t(Words)>("t.sum_queued"));
            });
        });
}

const Group all([] {
    add_queued_hop("queued_spin", Waiting::spins, spins);
    add_queued_hop("queued_park", Waiting::sleeps, sleeps);
    for (const std::size_t producers : {std::size_t{1}, std::size_t{3}}) {
        add_post<DefaultPosts>("heddle", producers);
        add_post<SpinningPosts>("heddle_spin", producers);
    }
    add_queued_handover("heddle_queued_spin", spins);
    add_queued_handover("heddle_queued_park", sleeps);
});

}  // namespace

}  // namespace bench
