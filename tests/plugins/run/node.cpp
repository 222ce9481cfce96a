// node: a module that does what a test asks of it: it calls whom its configuration names, counts, holds and waits.
#include <heddle/heddle.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "heddle_test/latch.hpp"

namespace {

namespace latch = heddle::test::latch;

struct NodeConfig {
    std::vector<std::string> needs;     // modules, whose `trace` it requires
    std::vector<std::string> may_call;  // the same, as optional handles
    std::vector<std::string> calls;     // more functions that it requires, u64(u64), and never calls
    std::string start_waits;            // a latch that start() waits for
    std::string running;                // a latch that it arrives at once it runs
    std::string end_opens;              // a latch that its destructor opens
    std::string end_awaits;             // a latch that its destructor waits for somebody to arrive at
    std::string stop_waits;             // a latch that stop() waits for
    bool calls_at_start = false;        // start() calls everybody that it requires
    bool calls_at_stop = false;
    bool fails_at_start = false;
};
BOOST_DESCRIBE_STRUCT(NodeConfig, (),
                      (needs, may_call, calls, start_waits, running, end_opens, end_awaits, stop_waits, calls_at_start,
                       calls_at_stop, fails_at_start))

class Node : public heddle::module {
public:
    using Config = NodeConfig;
    using Trace = heddle::function<std::uint64_t(std::uint64_t)>;

    Node(heddle::context& ctx, const Config& config)
        : module(ctx), config_(config), own_reenter_(*this, std::string(ctx.name()) + ".reenter", heddle::optional) {
        for (const std::string& name : config.needs) {
            needs_.emplace_back(*this, name + ".trace");
            their_hold_.emplace_back(*this, name + ".hold");
        }
        for (const std::string& name : config.calls) {
            Trace(*this, name);
        }
        for (const std::string& name : config.may_call) {
            may_call_.emplace_back(*this, name + ".trace", heddle::optional);
        }
        if (!config.running.empty()) {
            after(std::chrono::nanoseconds(0), [this] { latch::arrive(config_.running); });
        }
        provide<&Node::add>("add", heddle::concurrent);
        provide<&Node::count>("count");
        provide<&Node::counted>("counted");
        provide<&Node::trace>("trace", heddle::concurrent);
        provide<&Node::wait>("wait", heddle::concurrent);
        provide<&Node::hold>("hold");
        provide<&Node::hold_theirs>("hold_theirs");
        provide<&Node::reenter>("reenter");
        provide<&Node::end_itself>("end_itself", heddle::concurrent);
    }

    ~Node() override {
        if (!config_.end_opens.empty()) {
            latch::open(config_.end_opens);
        }
        if (!config_.end_awaits.empty() && !latch::wait_for_arrivals(config_.end_awaits, 1)) {
            log().error("nobody has arrived at {}", config_.end_awaits);
        }
    }

    void start() override {
        if (config_.fails_at_start) {
            throw std::runtime_error("told to fail");
        }
        if (!config_.start_waits.empty()) {
            latch::wait(config_.start_waits);
        }
        if (config_.calls_at_start) {
            trace(0);
        }
    }
    void stop() override {
        if (!config_.stop_waits.empty()) {
            latch::wait(config_.stop_waits);
        }
        if (config_.calls_at_stop) {
            trace(0);
        }
    }

private:
    std::uint64_t add(std::uint64_t a, std::uint64_t b) const noexcept { return a + b; }
    std::uint64_t count() noexcept { return ++count_; }  // no atomic: the policy keeps others out
    std::uint64_t counted() const noexcept { return count_; }

    // How many modules a call meets on its way through all that this one requires, itself included.
    std::uint64_t trace(std::uint64_t so_far) const {
        std::uint64_t sum = so_far + 1;
        for (const Trace& one : needs_) {
            sum = one(sum);
        }
        for (const Trace& one : may_call_) {
            if (one) {
                try {
                    sum = one(sum);
                } catch (const heddle::unavailable&) {
                    log().debug("an optional one has just gone");
                }
            }
        }
        return sum;
    }

    bool wait(std::string_view name) const { return latch::wait(name); }
    bool hold(std::string_view name) { return latch::wait(name); }
    bool hold_theirs(std::string_view name) { return their_hold_.at(0)(name); }

    // Calls itself through the host, `deep` times; the same chain of calls may.
    std::uint64_t reenter(std::uint64_t deep) { return deep == 0 ? count() : own_reenter_(deep - 1); }
    void end_itself() { request_stop(); }

    const Config config_;
    heddle::function<std::uint64_t(std::uint64_t)> own_reenter_;
    std::vector<Trace> needs_;
    std::vector<Trace> may_call_;
    std::vector<heddle::function<bool(std::string_view)>> their_hold_;
    std::uint64_t count_ = 0;
};

HEDDLE_PLUGIN(Node, "node", "1.0.0", "Does what a test asks of it")

}  // namespace
