// bad_signature: calls node.add as what it is not.
#include <heddle/heddle.hpp>

namespace {

class BadSignature : public heddle::module {
public:
    explicit BadSignature(heddle::context& ctx) : module(ctx) {}

private:
    heddle::function<double(double, double)> add_{*this, "node.add"};
};

HEDDLE_PLUGIN(BadSignature, "bad_signature", "1.0.0", "Calls a function by another signature")

}  // namespace
