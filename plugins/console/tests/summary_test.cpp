#include "core/summary.hpp"

#include <gtest/gtest.h>

#include "sample_view.hpp"

namespace console {
namespace {

View at_time(View view) {
    view.time = "2026-11-23T05:02:11Z";
    return view;
}

TEST(Summary, SaysEverythingInOneLine) {
    View view = at_time(sample_view());
    EXPECT_EQ(summary_line(view),
              "2026-11-23T05:02:11Z cpu 37.4% (p90 71.2%) | mem 14.5% of 23.5 GiB | load 0.42 12.31 0.20 | "
              "net in 3.4 MiB/s out 100 KiB/s | disk read 0 B/s write 2.1 MiB/s | alerts none");
    view.alerts = {sample_alert("cpu_high", "m", 1), sample_alert("a\nb", "m", 1)};
    EXPECT_EQ(summary_line(view).substr(summary_line(view).find("alerts")), "alerts cpu_high, a?b");
}

TEST(Summary, WithoutDataSaysSo) {
    View view = at_time(View{});
    EXPECT_EQ(summary_line(view),
              "2026-11-23T05:02:11Z cpu - (p90 -) | mem - of - | load - - - | net in - out - | disk read - write - | "
              "alerts none");
    view.trouble = "stats.summary is unavailable";
    EXPECT_EQ(summary_line(view), "2026-11-23T05:02:11Z no data: stats.summary is unavailable");
}

TEST(Summary, AnAlertIsALineOfItsOwn) {
    const Alert alert = sample_alert("cpu_high", "cpu.busy.p90 is 97.5\x1b[2J", 1);
    EXPECT_EQ(alert_line("T", alert, true), "T ALERT: cpu_high: cpu.busy.p90 is 97.5?[2J");
    EXPECT_EQ(alert_line("T", alert, false), "T alert over: cpu_high: cpu.busy.p90 is 97.5?[2J");
}

}  // namespace
}  // namespace console
