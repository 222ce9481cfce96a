/* The thread record: the only thing in libheddle-rt. Host and plugins are both linked to this library, so that the
 * record is in the static thread-local block of every thread and a call reaches it with two loads. */
#include "heddle/abi.h"

HEDDLE_THREAD_LOCAL heddle_thread heddle_current = {0};
