// bad_hang_*: does not return from one moment of its life, TEST_WHERE, before the test opens the latch of its name (or
// a minute has passed, so that no process is kept for ever).
#include <heddle/heddle.hpp>

#include "heddle_test/latch.hpp"

namespace {

enum class Where { constructor, start, run, stop, destructor };
constexpr Where where = Where::TEST_WHERE;

class BadHang : public heddle::module {
public:
    explicit BadHang(heddle::context& ctx) : module(ctx) {
        provide<&BadHang::speak>("speak");
        hang_at(Where::constructor);
    }
    ~BadHang() override { hang_at(Where::destructor); }
    void start() override { hang_at(Where::start); }
    void run(heddle::stop_token stop) override {
        hang_at(Where::run);  // which ignores the token
        module::run(stop);
    }
    void stop() override { hang_at(Where::stop); }

private:
    std::uint64_t speak() { return 1; }
    void hang_at(Where here) const {
        if (here == where) {
            log().warn("hangs now");
            heddle::test::latch::wait(TEST_NAME);
        }
    }
};

HEDDLE_PLUGIN(BadHang, TEST_NAME, "1.0.0", "Hangs")

}  // namespace
