// bad_greedy: wants more handles than a process has links.
#include <heddle/heddle.hpp>
#include <vector>

namespace {

class BadGreedy : public heddle::module {
public:
    explicit BadGreedy(heddle::context& ctx) : module(ctx) {
        for (int i = 0; i < 70000; ++i) {
            handles_.emplace_back(*this, "node.add", heddle::optional);
        }
    }

private:
    std::vector<heddle::function<std::uint64_t(std::uint64_t, std::uint64_t)>> handles_;
};

HEDDLE_PLUGIN(BadGreedy, "bad_greedy", "1.0.0", "Wants all links there are and more")

}  // namespace
