// listener: a module that subscribes to a sounder's events, in every way.
#include <unistd.h>

#include <atomic>
#include <heddle/heddle.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "heddle_test/latch.hpp"

namespace {

namespace latch = heddle::test::latch;

struct ListenerConfig {
    std::string to;  // an event, subscribed to in the constructor
    std::string policy = "exclusive";
    bool optional = false;
    bool wrong = false;  // as another signature
    std::string calls;   // a function void(u64), called by "call"
};
BOOST_DESCRIBE_STRUCT(ListenerConfig, (), (to, policy, optional, wrong, calls))

struct Reading {
    std::uint64_t number = 0;
    double value = 0;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (number, value))

/// How many closures of subscriptions there are in this process.
std::atomic<std::int64_t> closures{0};
struct Counted {
    Counted() { closures.fetch_add(1); }
    Counted(const Counted& /*other*/) { closures.fetch_add(1); }
    Counted(Counted&& /*other*/) noexcept { closures.fetch_add(1); }
    Counted& operator=(const Counted&) = default;
    Counted& operator=(Counted&&) = default;
    ~Counted() { closures.fetch_sub(1); }
};

class Listener : public heddle::module {
public:
    using Config = ListenerConfig;

    Listener(heddle::context& ctx, const Config& config) : module(ctx) {
        provide<&Listener::sum>("sum", heddle::concurrent);
        provide<&Listener::count>("count", heddle::concurrent);
        provide<&Listener::threads>("threads");
        provide<&Listener::texts>("texts");
        provide<&Listener::listen>("listen");
        provide<&Listener::listen_queued>("listen_queued", heddle::queued);
        provide<&Listener::listen_to_texts>("listen_to_texts");
        provide<&Listener::leave>("leave");
        provide<&Listener::leave_unheld>("leave_unheld", heddle::concurrent);
        provide<&Listener::listening>("listening", heddle::concurrent);
        provide<&Listener::set_action>("set_action", heddle::concurrent);
        provide<&Listener::closures_left>("closures", heddle::concurrent);
        provide<&Listener::churn>("churn", heddle::concurrent);
        provide<&Listener::hold_and_wait>("hold_and_wait");
        provide<&Listener::hold_and_leave>("hold_and_leave");
        provide<&Listener::wait_queued>("wait", heddle::queued);
        if (!config.calls.empty()) {
            calls_ = std::make_unique<heddle::function<void(std::uint64_t)>>(*this, config.calls, heddle::optional);
        }
        if (config.to.empty()) {
            return;
        }
        if (config.wrong) {
            wrong_ = config.optional ? subscribe<&Listener::on_wrong>(config.to, heddle::optional)
                                     : subscribe<&Listener::on_wrong>(config.to);
        } else if (config.policy == "concurrent") {
            subscription_ = config.optional
                                ? subscribe<&Listener::on_change>(config.to, heddle::optional, heddle::concurrent)
                                : subscribe<&Listener::on_change>(config.to, heddle::concurrent);
        } else if (config.policy == "queued") {
            subscription_ = config.optional
                                ? subscribe<&Listener::on_change>(config.to, heddle::queued, heddle::optional)
                                : subscribe<&Listener::on_change>(config.to, heddle::queued);
        } else {
            subscription_ = config.optional ? subscribe<&Listener::on_change>(config.to, heddle::optional)
                                            : subscribe<&Listener::on_change>(config.to);
        }
    }

private:
    void on_change(std::uint64_t x) {
        sum_.fetch_add(x, std::memory_order_relaxed);
        count_.fetch_add(1, std::memory_order_relaxed);
        switch (action_.load()) {
            case 1:
                throw std::runtime_error("the bell is cracked");
            case 2:
                subscription_.reset();
                latch::arrive("left from inside");
                break;
            case 3:
                latch::wait("in handler");
                break;
            case 4:
                (*calls_)(x);
                break;
            case 5:  // subscribes once more, from inside
                more_.push_back(listen_by_lambda("sounder.changed"));
                break;
            case 6:
                last_thread_.store(gettid(), std::memory_order_relaxed);
                break;
            default:
                break;
        }
    }
    void on_wrong(double /*x*/) {}

    heddle::subscription listen_by_lambda(std::string_view event) {
        return subscribe(
            event, [this, token = Counted()](std::uint64_t x) { on_change(x); }, heddle::concurrent);
    }

    std::uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }
    std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
    std::int64_t threads() const { return last_thread_.load(std::memory_order_relaxed); }
    std::vector<std::string> texts() { return texts_; }
    bool listening() const { return subscription_.is_active(); }
    void set_action(std::int32_t action) { action_.store(action); }
    std::int64_t closures_left() const { return closures.load(); }

    void listen(std::string_view event, std::string_view policy) {
        auto handler = [this, token = Counted()](std::uint64_t x) { on_change(x); };
        if (policy == "concurrent") {
            subscription_ = subscribe(event, handler, heddle::concurrent);
        } else if (policy == "queued") {
            subscription_ = subscribe(event, handler, heddle::queued);
        } else if (policy == "latest") {
            subscription_ = subscribe(event, handler, heddle::queued.or_fail());
        } else {
            subscription_ = subscribe(event, handler);
        }
    }
    void listen_queued(std::string_view event) {
        subscription_ = subscribe<&Listener::on_change>(event, heddle::queued);
    }
    void listen_to_texts(std::string_view event) {
        text_subscriptions_.push_back(subscribe(
            event,
            [this](std::string_view a, const std::string& b, std::string c) {
                texts_.push_back(std::string(a) + "," + b + "," + std::move(c));
            },
            heddle::queued));
        text_subscriptions_.push_back(subscribe(event, [this](std::string_view a, const std::string& b, std::string c) {
            texts_.push_back("at once " + std::string(a) + "," + b + "," + std::move(c));
        }));
    }
    void leave() { subscription_.reset(); }
    void leave_unheld() { subscription_.reset(); }
    /// Subscribes and unsubscribes; gives how often its own handler was called for a subscription that had ended.
    std::uint64_t churn(std::string_view event, std::uint64_t rounds, std::uint32_t kind) {
        struct State {
            std::atomic<bool> ended{false};
        };
        std::uint64_t wrong = 0;
        std::atomic<std::uint64_t> late{0};
        for (std::uint64_t i = 0; i < rounds; ++i) {
            auto state = std::make_unique<State>();
            auto handler = [this, &late, own = state.get(), token = Counted()](std::uint64_t x) {
                if (own->ended.load()) {
                    late.fetch_add(1);
                }
                sum_.fetch_add(x, std::memory_order_relaxed);
            };
            heddle::subscription mine = kind == 0   ? subscribe(event, handler, heddle::concurrent)
                                        : kind == 1 ? subscribe(event, handler)
                                                    : subscribe(event, handler, heddle::queued.or_drop_newest());
            mine.reset();
            state->ended.store(true);
        }
        wrong += late.load();
        return wrong;
    }
    void hold_and_wait(std::string_view name) { latch::wait(name); }
    /// Leaves while it holds the module, with others waiting for it on their way into the handler.
    void hold_and_leave(std::string_view name) {
        latch::wait(name);
        subscription_.reset();
    }
    bool wait_queued(std::string_view name) { return latch::wait(name); }

    std::atomic<std::uint64_t> sum_{0};
    std::atomic<std::uint64_t> count_{0};
    std::atomic<std::int64_t> last_thread_{0};
    std::atomic<std::int32_t> action_{0};
    std::vector<std::string> texts_;
    std::unique_ptr<heddle::function<void(std::uint64_t)>> calls_;
    std::vector<heddle::subscription> text_subscriptions_;
    std::vector<heddle::subscription> more_;
    heddle::subscription subscription_;
    heddle::subscription wrong_;
};

}  // namespace

HEDDLE_PLUGIN(Listener, "listener", "1.0.0", "For tests of events: listens")
