// native_caller: calls native_provider.take. A test patches the toolchain in the record of a copy of this file.
#include <heddle/heddle.hpp>

#include "native_type.hpp"

namespace {

class NativeCaller : public heddle::module {
public:
    explicit NativeCaller(heddle::context& ctx) : module(ctx) {
        provide<&NativeCaller::hand_over>("hand_over", heddle::concurrent);
    }

private:
    int hand_over(int value) const { return take_(native::Thing{value}); }

    heddle::function<int(const native::Thing&)> take_{*this, "native_provider.take"};
};

HEDDLE_PLUGIN(NativeCaller, "native_caller", "1.0.0", "Hands over a type of its toolchain")

}  // namespace
