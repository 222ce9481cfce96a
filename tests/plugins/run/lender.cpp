// lender: a module that makes callbacks and lends them to another, which keeps and calls them.
#include <unistd.h>

#include <atomic>
#include <heddle/heddle.hpp>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "heddle_test/latch.hpp"

namespace {

namespace latch = heddle::test::latch;

struct LenderConfig {
    std::string to;  // a lender that keeps callbacks
};
BOOST_DESCRIBE_STRUCT(LenderConfig, (), (to))

using Add = heddle::callback<std::uint64_t(std::uint64_t)>;
using Tell = heddle::callback<void(std::string_view)>;

struct Order {
    std::uint64_t number = 0;
    Add done;
};
BOOST_DESCRIBE_STRUCT(Order, (), (number, done))

/// How many closures of callbacks there are in this process.
std::atomic<std::int64_t> closures{0};
struct Counted {
    Counted() { closures.fetch_add(1); }
    Counted(const Counted& /*other*/) { closures.fetch_add(1); }
    Counted(Counted&& /*other*/) noexcept { closures.fetch_add(1); }
    Counted& operator=(const Counted&) = default;
    Counted& operator=(Counted&&) = default;
    ~Counted() { closures.fetch_sub(1); }
};

class Lender : public heddle::module {
public:
    using Config = LenderConfig;

    Lender(heddle::context& ctx, const Config& config) : module(ctx) {
        // Who keeps.
        provide<&Lender::keep>("keep");
        provide<&Lender::keep_queued>("keep_queued", heddle::queued);
        provide<&Lender::keep_order>("keep_order");
        provide<&Lender::tell_all>("tell");
        provide<&Lender::call>("call", heddle::concurrent);
        provide<&Lender::call_many>("call_many", heddle::concurrent);
        provide<&Lender::post_to>("post", heddle::concurrent);
        provide<&Lender::drop>("drop");
        provide<&Lender::give_back>("give_back", heddle::concurrent);
        provide<&Lender::is_open>("is_open", heddle::concurrent);
        // Who lends.
        provide<&Lender::lend>("lend", heddle::concurrent);
        provide<&Lender::churn>("churn", heddle::concurrent);
        provide<&Lender::sum>("sum", heddle::concurrent);
        provide<&Lender::thread>("thread", heddle::concurrent);
        provide<&Lender::closures_left>("closures", heddle::concurrent);
        provide<&Lender::set_action>("set_action", heddle::concurrent);
        provide<&Lender::wait_queued>("wait", heddle::queued);
        provide<&Lender::told>("told");
        if (!config.to.empty()) {
            keep_.emplace_back(*this, config.to + ".keep", heddle::optional);
            keep_queued_.emplace_back(*this, config.to + ".keep_queued", heddle::optional);
            keep_order_.emplace_back(*this, config.to + ".keep_order", heddle::optional);
            tell_.emplace_back(*this, config.to + ".tell", heddle::optional);
            drop_.emplace_back(*this, config.to + ".drop", heddle::optional);
        }
    }

private:
    void keep(Add callback) {
        const std::lock_guard lock(mutex_);
        kept_.push_back(std::move(callback));
    }
    void keep_queued(Add callback) { keep(std::move(callback)); }
    void keep_order(const Order& order) { keep(order.done); }
    std::vector<Add> kept() {
        const std::lock_guard lock(mutex_);
        return kept_;
    }
    void tell_all(Tell callback) {
        const Tell tell = std::move(callback);
        tell(std::string("told by ") + std::string(name()));
    }
    std::uint64_t call(std::uint64_t x) {
        std::uint64_t sum = 0;
        for (const Add& callback : kept()) {
            sum += callback(x);
        }
        return sum;
    }
    std::uint64_t call_many(std::uint64_t times) {
        const Add mine = kept().front();
        std::uint64_t done = 0;
        for (std::uint64_t i = 0; i < times; ++i) {
            try {
                mine(1);
                ++done;
            } catch (const heddle::unavailable&) {
                return done;
            }
        }
        return done;
    }
    void post_to(std::uint64_t x) { kept().front().post(x); }
    void drop() {
        std::vector<Add> dropped;
        const std::lock_guard lock(mutex_);
        dropped.swap(kept_);  // ended without the lock
    }
    Add give_back() { return kept().front(); }
    bool is_open() { return static_cast<bool>(kept().front()); }

    std::uint64_t add(std::uint64_t x) {
        thread_.store(gettid(), std::memory_order_relaxed);
        switch (action_.load()) {
            case 1:
                throw std::runtime_error("the ink is dry");
            case 2:
                latch::wait("in callback");
                break;
            case 3:
                drop_.front()();  // the last copy of what runs just now
                latch::arrive("dropped");
                break;
            default:
                break;
        }
        return sum_.fetch_add(x, std::memory_order_relaxed) + x;
    }
    Add make(std::string_view policy) {
        auto callable = [this, token = Counted()](std::uint64_t x) { return add(x); };
        return policy == "concurrent" ? make_callback(callable, heddle::concurrent)
               : policy == "queued"   ? make_callback(callable, heddle::queued)
               : policy == "method"   ? make_callback<&Lender::add>(heddle::concurrent)
                                      : make_callback(callable);
    }
    void lend(std::string_view policy, std::string_view how) {
        if (how == "in a struct") {
            keep_order_.front()({1, make(policy)});
        } else if (how == "in a message") {
            keep_queued_.front().post(make(policy));
        } else if (how == "to be told") {
            tell_.front()(make_callback([this](std::string_view text) { told_ = text; }, heddle::queued));
        } else {
            keep_.front()(make(policy));
        }
    }
    /// Makes, copies, calls and drops callbacks.
    std::uint64_t churn(std::uint64_t rounds) {
        std::uint64_t wrong = 0;
        for (std::uint64_t i = 0; i < rounds; ++i) {
            std::atomic<std::uint64_t> got{0};
            const auto mine = make_callback(
                [&got, token = Counted()](std::uint64_t x) {
                    got.fetch_add(x);
                    return x;
                },
                heddle::concurrent);
            std::vector<Add> copies(4, mine);
            for (const Add& copy : copies) {
                wrong += copy(3) == 3 ? 0U : 1U;
            }
            wrong += got.load() == 12 ? 0U : 1U;
        }
        return wrong;
    }
    std::uint64_t sum() const { return sum_.load(); }
    std::int64_t thread() const { return thread_.load(); }
    std::int64_t closures_left() const { return closures.load(); }
    void set_action(std::int32_t action) { action_.store(action); }
    bool wait_queued(std::string_view name) { return latch::wait(name); }
    std::string told() { return told_; }

    std::atomic<std::uint64_t> sum_{0};
    std::atomic<std::int64_t> thread_{0};
    std::atomic<std::int32_t> action_{0};
    std::string told_;
    std::mutex mutex_;
    std::vector<Add> kept_;  // guarded by mutex_
    std::vector<heddle::function<void(Add)>> keep_;
    std::vector<heddle::function<void(Add)>> keep_queued_;
    std::vector<heddle::function<void(const Order&)>> keep_order_;
    std::vector<heddle::function<void(Tell)>> tell_;
    std::vector<heddle::function<void()>> drop_;
};

}  // namespace

HEDDLE_PLUGIN(Lender, "lender", "1.0.0", "For tests of callbacks")
