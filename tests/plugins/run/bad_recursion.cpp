// bad_recursion: each of its functions calls itself, through the host, for ever.
#include <heddle/heddle.hpp>

namespace {

class BadRecursion : public heddle::module {
public:
    explicit BadRecursion(heddle::context& ctx) : module(ctx) {
        provide<&BadRecursion::again>("again");
        provide<&BadRecursion::again_at_once>("again_at_once", heddle::concurrent);
    }

private:
    std::uint64_t again(std::uint64_t deep) { return again_(deep + 1); }
    std::uint64_t again_at_once(std::uint64_t deep) const { return at_once_(deep + 1); }

    heddle::function<std::uint64_t(std::uint64_t)> again_{*this, "bad_recursion.again"};
    heddle::function<std::uint64_t(std::uint64_t)> at_once_{*this, "bad_recursion.again_at_once"};
};

HEDDLE_PLUGIN(BadRecursion, "bad_recursion", "1.0.0", "Calls itself for ever")

}  // namespace
