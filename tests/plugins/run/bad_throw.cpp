// bad_throw_*: throws TEST_WHAT at one moment of its life, TEST_WHERE.
#include <heddle/heddle.hpp>
#include <stdexcept>

namespace {

enum class Where { constructor, start, run, function, timer, stop };
constexpr Where where = Where::TEST_WHERE;

class BadThrow : public heddle::module {
public:
    explicit BadThrow(heddle::context& ctx) : module(ctx) {
        provide<&BadThrow::speak>("speak");
        provide<&BadThrow::whisper>("whisper", heddle::concurrent);
        if (where == Where::timer) {
            after(std::chrono::milliseconds(1), [this] { fail_at(Where::timer); });
        }
        fail_at(Where::constructor);
    }
    void start() override { fail_at(Where::start); }
    void run(heddle::stop_token stop) override {
        fail_at(Where::run);
        module::run(stop);
    }
    void stop() override { fail_at(Where::stop); }

private:
    std::uint64_t speak() {
        fail_at(Where::function);
        return 1;
    }
    std::uint64_t whisper() const {
        fail_at(Where::function);
        return 2;
    }
    void fail_at(Where here) const {
        if (here == where) {
            throw TEST_WHAT;
        }
    }
};

HEDDLE_PLUGIN(BadThrow, TEST_NAME, "1.0.0", "Throws")

}  // namespace
