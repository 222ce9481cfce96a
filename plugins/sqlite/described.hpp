// The types that cross to other modules or come from the configuration, described for the SDK.
#pragma once

#include <boost/describe.hpp>

#include "settings.hpp"
#include "store.hpp"

namespace sqlite {

BOOST_DESCRIBE_ENUM(Synchronous, normal, full)
BOOST_DESCRIBE_STRUCT(Settings, (), (path, batch, flush, retention, synchronous, busy_timeout, max_pending))
BOOST_DESCRIBE_STRUCT(Sample, (), (time_ns, value))
BOOST_DESCRIBE_STRUCT(Stats, (),
                      (samples_written, alerts_written, rows_pending, rows_dropped, batches, failures, is_failing,
                       last_error))

}  // namespace sqlite
