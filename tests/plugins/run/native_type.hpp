// A type that is not described, so that a signature with it binds only within one toolchain.
#pragma once

namespace native {

struct Thing {
    int value = 0;
};

}  // namespace native
