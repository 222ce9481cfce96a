/* odd_named_host: a plugin that has the name of the host's own module. */
#include "plugin_c.h"

TEST_PLUGIN("host")
