// Callbacks: functions that travel as arguments. The host's side of the extension "heddle.callbacks/1" (heddle/abi.h).
//
// A callback has a link of its own, which leads to its maker's code while the maker is there and to nothing afterwards.
// Copies are counted. Whoever lets go of the last one ends the callable, inside of a frame of that link, so that the
// maker's code stays as long; where that cannot be just now, because a thread is inside of it, a message for it is on
// its way or its maker is stopping, the maker's next callback or its end does so.
// Thread-safety: any thread, but where a function says otherwise. Ownership: those who hold a copy, together.
#pragma once

#include <heddle/abi.h>

#include "plane/links.hpp"

namespace heddle::plane {

const heddle_callbacks& callbacks_table() noexcept;

/// Nobody gets into the module through a callback from here on. [control thread]
void shut_callbacks(const heddle_module& module, Gate why);
/// Ends the callables of the module's callbacks. [module thread, at its end: nobody is
/// inside of them, and no message for them is left]
void end_callbacks(const heddle_module& module);

}  // namespace heddle::plane
