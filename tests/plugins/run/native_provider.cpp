// native_provider: provides a function whose argument only the same toolchain lays out alike.
#include <heddle/heddle.hpp>

#include "native_type.hpp"

namespace {

class NativeProvider : public heddle::module {
public:
    explicit NativeProvider(heddle::context& ctx) : module(ctx) {
        provide<&NativeProvider::take>("take", heddle::concurrent);
    }

private:
    int take(const native::Thing& thing) const { return thing.value; }
};

HEDDLE_PLUGIN(NativeProvider, "native_provider", "1.0.0", "Takes a type of its toolchain")

}  // namespace
