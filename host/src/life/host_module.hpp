// The host as a module: what it shows and does, as functions under `host.` (heddle/host_functions.hpp).
//
// Thread-safety: its functions are concurrent. Requests for changes are put into the control thread's inbox and return
// at once; what it shows is the last published snapshot, read without a lock.
#pragma once

#include <heddle/abi.h>

namespace heddle::life {

/// The table of the host's own module, as a plugin's would be.
const heddle_plugin& host_module_table();

}  // namespace heddle::life
