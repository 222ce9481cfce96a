// bad_throw_*: throws TEST_WHAT at one moment of its life, TEST_WHERE.
#include <sys/eventfd.h>
#include <unistd.h>

#include <heddle/heddle.hpp>
#include <stdexcept>

namespace {

enum class Where { constructor, start, run, function, timer, watch, stop };
constexpr Where where = Where::TEST_WHERE;

class BadThrow : public heddle::module {
public:
    explicit BadThrow(heddle::context& ctx) : module(ctx) {
        provide<&BadThrow::speak>("speak");
        provide<&BadThrow::whisper>("whisper", heddle::concurrent);
        if (where == Where::timer) {
            after(std::chrono::milliseconds(1), [this] { fail_at(Where::timer); });
        }
        if (where == Where::watch) {
            watch(always_readable_, heddle::readable, [this] { fail_at(Where::watch); });
        }
        fail_at(Where::constructor);
    }
    ~BadThrow() override { close(always_readable_); }
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
    int always_readable_ = eventfd(1, EFD_CLOEXEC);
};

HEDDLE_PLUGIN(BadThrow, TEST_NAME, "1.0.0", "Throws")

}  // namespace
