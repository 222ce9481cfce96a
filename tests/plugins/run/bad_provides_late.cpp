// bad_provides_late: provides a function when everything is bound already.
#include <heddle/heddle.hpp>

namespace {

class BadProvidesLate : public heddle::module {
public:
    explicit BadProvidesLate(heddle::context& ctx) : module(ctx) {}
    void start() override { provide<&BadProvidesLate::speak>("speak"); }

private:
    int speak() { return 1; }
};

HEDDLE_PLUGIN(BadProvidesLate, "bad_provides_late", "1.0.0", "Provides a function too late")

}  // namespace
