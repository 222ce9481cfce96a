"""bench/report.py: what it makes of a run, in figures that can be checked by hand (small_run.json)."""
import contextlib
import copy
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).resolve().parent
SCRIPT = HERE.parent.parent / "bench" / "report.py"
sys.path.insert(0, str(SCRIPT.parent))
import report  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
PAGE = """# A page

Before.

<!-- report table call -->
old
<!-- end of report -->

Between.

<!-- report plot post -->
<!-- end of report -->
"""


def small_run():
    return json.loads((HERE / "small_run.json").read_text(encoding="utf-8"))


def results(run=None):
    return report.Results(run or small_run())


class Figures(unittest.TestCase):
    def test_are_medians_and_ratios_of_medians(self):
        row = results().rows["call/concurrent"]
        self.assertEqual((row.median, row.least, row.most), (2.5, 2.4, 2.6))
        self.assertEqual(row.ratio_to(results().rows["call/raw_pointer"]), 1.25)

    def test_of_several_placements_are_the_median_over_them(self):
        measured = results()
        boost, moodycamel = (measured.rows[f"post/{name}/producers:1/bytes:8"] for name in ("boost_lockfree", "moodycamel"))
        self.assertEqual(boost.placements.keys(), {"0-1", "1-2"})
        self.assertEqual(boost.median, (4.0 + 7.0) / 2)
        self.assertEqual(moodycamel.ratio_to(boost), (12 / 4 + 14 / 7) / 2)

    def test_leave_aggregates_out(self):
        self.assertEqual(len(results().rows["call/raw_pointer"].placements[""]), 3)

    def test_are_said_with_three_digits_and_the_unit_that_fits(self):
        said = [report.duration(value) for value in (0.00284, 0.934, 12.34, 999.4, 999.9, 41234, 2.5e6)]
        self.assertEqual(said, ["0.0028 ns", "0.93 ns", "12.3 ns", "999 ns", "1.00 µs", "41.2 µs", "2.50 ms"])


class Tables(unittest.TestCase):
    def test_hold_each_row_against_the_yardstick_of_its_variant(self):
        self.assertEqual(report.table(results(), ["call"]), "\n".join([
            "| time per call | 1 thread |  | 4 threads |  |",
            "| --- | ---: | ---: | ---: | ---: |",
            "| `call/raw_pointer` | 2.00 ns |  | 2.00 ns |  |",
            "| **`call/concurrent`** | 2.50 ns | 1.25 x raw_pointer | 2.20 ns | 1.10 x raw_pointer |",
        ]))

    def test_hold_posts_against_the_fastest_and_say_their_rate(self):
        self.assertEqual(report.table(results(), ["post"]), "\n".join([
            "| time per message | 1 producer, 8 B |  | least | most |",
            "| --- | ---: | ---: | ---: | ---: |",
            "| `post/boost_lockfree` | 5.50 ns, 182 M/s | fastest | 3.00 ns | 8.00 ns |",
            "| `post/moodycamel` | 13.0 ns, 76.9 M/s | 2.50 x fastest | 12.0 ns | 14.0 ns |",
        ]))

    def test_show_each_placement(self):
        self.assertEqual(report.placements(results(), ["post"]), "\n".join([
            "| cores | 0-1 | 1-2 |",
            "| --- | ---: | ---: |",
            "| `post/boost_lockfree/producers:1/bytes:8` | 4.00 ns | 7.00 ns |",
            "| `post/moodycamel/producers:1/bytes:8` | 12.0 ns | 14.0 ns |",
        ]))

    def test_name_a_yardstick_of_another_group_in_full(self):
        run = small_run()
        for entry in run["benchmarks"]:
            entry["name"] = entry["name"].replace("call/concurrent", "exclusive/add")
        self.assertIn("| **`exclusive/add`** | 2.50 ns | 1.25 x call/raw_pointer | 2.20 ns |",
                      report.table(results(run), ["call", "exclusive"]))

    def test_lie_on_their_side_where_there_are_more_variants_than_mechanisms(self):
        self.assertEqual(report.table(results(), ["call/concurrent"]), "\n".join([
            "| time per call | **`call/concurrent`** |  |",
            "| --- | ---: | ---: |",
            "| 1 thread | 2.50 ns | 1.25 x raw_pointer |",
            "| 4 threads | 2.20 ns | 1.10 x raw_pointer |",
        ]))

    def test_of_counters_have_what_else_was_counted(self):
        run = small_run()
        for entry, worst in zip([e for e in run["benchmarks"] if e["name"] == "call/concurrent/real_time"], (30, 10, 20)):
            entry["worst us"] = worst
        self.assertEqual(report.counters(results(run), ["call"]),
                         "|  | worst us |\n| --- | ---: |\n| `call/concurrent` | 20.0 |")

    def test_of_aims_say_which_are_missed_and_which_were_not_measured(self):
        text = report.aims(results())
        self.assertIn("| a concurrent call | 1.15 x `call/raw_pointer` | 1.25 x | missed |", text)
        self.assertIn("| a concurrent call, 4 threads at once | 1.15 x `call/raw_pointer/threads:4` | 1.10 x | reached |", text)
        self.assertIn("| a post, 1 producer, 8 bytes | 1 x the fastest peer | not measured |  |", text)

    def test_of_aims_hold_a_post_of_ours_against_the_fastest_peer_and_not_against_itself(self):
        run = small_run()
        for entry in [copy.deepcopy(e) for e in run["benchmarks"] if "boost_lockfree" in e["name"]]:
            entry["name"] = entry["name"].replace("boost_lockfree", "heddle")
            entry["ns/message"] /= 2
            run["benchmarks"].append(entry)
        self.assertIn("| a post, 1 producer, 8 bytes | 1 x the fastest peer | 0.50 x `post/boost_lockfree` | reached |",
                      report.aims(results(run)))

    def test_say_what_it_ran_on(self):
        text = report.machine(results())
        for fact in ("| machine | A processor, 4 cores |", "| peers | libtbb-dev 1.2 |", "load of the machine before it: 0.01"):
            self.assertIn(fact, text)


class Plots(unittest.TestCase):
    def drawn(self, groups):
        return xml.fromstring(report.plot(results(), groups))

    def test_are_well_formed_and_stay_inside_of_their_frame(self):
        for groups in (["call"], ["post"], ["call", "post"]):
            picture = self.drawn(groups)
            width, height = (float(picture.get(side)) for side in ("width", "height"))
            self.assertEqual(picture.get("viewBox"), f"0 0 {width:g} {height:g}")
            for element in picture.iter():
                for name, limit in (("x", width), ("x1", width), ("x2", width), ("cx", width), ("y", height), ("cy", height)):
                    self.assertTrue(0 <= float(element.get(name, 0)) <= limit, xml.tostring(element))

    def test_have_a_marker_and_a_label_for_each_figure_and_a_legend(self):
        picture = self.drawn(["call"])
        labels = [text.text for text in picture.iter(SVG + "text")]
        for label in ("raw_pointer", "concurrent", "1 thread", "4 threads", "2.50 ns", "2.20 ns"):
            self.assertIn(label, labels)
        self.assertEqual(len(list(picture.iter(SVG + "circle"))), 3)  # two of one thread, and the legend's

    def test_put_the_slower_further_right(self):
        at = {circle.get("cy"): float(circle.get("cx")) for circle in self.drawn(["post"]).iter(SVG + "circle")}
        quick, slow = (at[y] for y in sorted(at, key=float))
        self.assertLess(quick, slow)


class Pages(unittest.TestCase):
    def write(self, page, run=None):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "costs.md"
            path.write_text(page, encoding="utf-8")
            self.pictures = {}
            try:
                report.write_page(results(run), path)
            finally:
                self.pictures = {file.name: file.read_text(encoding="utf-8") for file in path.with_suffix("").glob("*")}
                self.text = path.read_text(encoding="utf-8")
            return self.text

    def test_keep_what_stands_outside_of_the_marks(self):
        text = self.write(PAGE)
        self.assertNotIn("old", text)
        self.assertIn("# A page\n\nBefore.\n\n<!-- report table call -->\n\n| time per call |", text)
        self.assertIn("<!-- end of report -->\n\nBetween.\n\n<!-- report plot post -->\n\n![post: medians](costs/post.svg)", text)
        xml.fromstring(self.pictures["post.svg"])

    def test_are_the_same_when_written_again(self):
        once = self.write(PAGE)
        self.assertEqual(self.write(once), once)

    def expect_refused(self, page, text, run=None):
        with self.assertRaises(report.Problem) as refused:
            self.write(page, run)
        self.assertIn(text, str(refused.exception))
        self.assertEqual(self.text, page)

    def test_are_left_alone_when_the_run_lacks_a_group(self):
        self.expect_refused(PAGE.replace("plot post", "plot hop"),
                            "the run has nothing of hop; a report is made of one run of everything")

    def test_are_left_alone_when_a_mark_is_unknown_or_does_not_end(self):
        self.expect_refused(PAGE.replace("plot post", "graph post"), "costs.md: no such mark: report graph post")
        self.expect_refused(PAGE + "<!-- report machine -->\n", "costs.md: a mark of the report has no '<!-- end of report -->'")

    def test_are_not_made_of_a_run_in_which_a_benchmark_failed(self):
        run = small_run()
        run["benchmarks"][-1].update(error_occurred=True, error_message="a wrong answer came back")
        self.expect_refused(PAGE, "failed: a wrong answer came back", run)


class Program(unittest.TestCase):
    def test_runs_the_benchmarks_and_puts_the_circumstances_beside_the_figures(self):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "bench"
            program.write_text("#!/bin/sh\nfor argument; do case $argument in --benchmark_out=*) out=${argument#*=};; esac; done\n"
                               f"cp '{HERE / 'small_run.json'}' \"$out\"\n", encoding="utf-8")
            program.chmod(0o755)
            written = pathlib.Path(folder) / "results.json"
            with contextlib.redirect_stderr(io.StringIO()):
                report.run(program, written, ["--benchmark_filter=call/"])
            context = json.loads(written.read_text(encoding="utf-8"))["context"]
            self.assertTrue(context["arguments"].startswith("bench --benchmark_repetitions="))
            self.assertTrue(context["arguments"].endswith(" --benchmark_filter=call/"))
            self.assertRegex(context["machine"], r", \d+ cores")
            self.assertRegex(context["system"], r"Linux \d")

    def test_says_in_a_line_what_is_wrong(self):
        ended = subprocess.run([sys.executable, "-B", str(SCRIPT), "write", "/nowhere.json", "page.md"], capture_output=True,
                               text=True, check=False)
        self.assertEqual((ended.returncode, ended.stderr),
                         (1, "report: [Errno 2] No such file or directory: '/nowhere.json'\n"))


if __name__ == "__main__":
    unittest.main()
