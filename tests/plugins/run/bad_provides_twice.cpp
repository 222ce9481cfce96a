// bad_provides_twice: provides two functions under one name.
#include <heddle/heddle.hpp>

namespace {

class BadProvidesTwice : public heddle::module {
public:
    explicit BadProvidesTwice(heddle::context& ctx) : module(ctx) {
        provide<&BadProvidesTwice::one>("speak");
        provide<&BadProvidesTwice::two>("speak");
    }

private:
    int one() { return 1; }
    int two() { return 2; }
};

HEDDLE_PLUGIN(BadProvidesTwice, "bad_provides_twice", "1.0.0", "Provides two functions of one name")

}  // namespace
