// sounder: a module that raises events, as often as it is asked to.
#include <heddle/heddle.hpp>
#include <string>

#include "heddle_test/latch.hpp"

namespace {

namespace latch = heddle::test::latch;

struct Reading {
    std::uint64_t number = 0;
    double value = 0;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (number, value))

class Sounder : public heddle::module {
public:
    explicit Sounder(heddle::context& ctx) : module(ctx) {
        provide<&Sounder::raise>("raise", heddle::concurrent);
        provide<&Sounder::raise_many>("raise_many", heddle::concurrent);
        provide<&Sounder::say>("say", heddle::concurrent);
        provide<&Sounder::read>("read", heddle::concurrent);
        provide<&Sounder::is_heard>("is_heard", heddle::concurrent);
        provide<&Sounder::raise_twice>("raise_twice", heddle::concurrent);
        provide<&Sounder::held>("held");
    }

private:
    void raise(std::uint64_t x) { changed_(x); }
    /// 1 ... count, one after the other.
    void raise_many(std::uint64_t count) {
        for (std::uint64_t x = 1; x <= count; ++x) {
            changed_(x);
        }
    }
    void say(std::string_view text) {
        const std::string own(text);  // gone when this returns
        said_(own, own, own);
    }
    void read(std::uint64_t number) { read_(Reading{number, 0.5}); }
    bool is_heard() { return static_cast<bool>(changed_); }
    /// Waits between the two.
    void raise_twice(std::uint64_t x) {
        changed_(x);
        latch::wait("between raises");
        changed_(x);
    }
    /// Raises while this module is held.
    void held(std::uint64_t x) { changed_(x); }

    heddle::event<std::uint64_t> changed_{*this, "changed"};
    heddle::event<std::string_view, const std::string&, std::string> said_{*this, "said"};
    heddle::event<const Reading&> read_{*this, "read"};
};

}  // namespace

HEDDLE_PLUGIN(Sounder, "sounder", "1.0.0", "For tests of events: raises them")
