// The monitor in one line, for pipes and files. Pure.
#pragma once

#include <string>

#include "core/view.hpp"

namespace console {

// "2026-11-23T05:00:00Z cpu 12.0% (p90 40.0%) | mem ...", plain ASCII but for names, without a line end.
std::string summary_line(const View& view);

// "2026-11-23T05:00:00Z ALERT rule: message" or "... alert over: rule: message".
std::string alert_line(const std::string& time, const Alert& alert, bool raised);

}  // namespace console
