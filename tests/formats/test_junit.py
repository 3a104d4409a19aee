import numpy as np
import pytest

from parallel_nb.errors import FormatError
from parallel_nb.reading import read
from tests.formats.making import MADE, notes, text
from tests.formats.samples import JUNIT

LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<testsuite><testcase name="&b;" time="1"/></testsuite>"""


def test_a_real_report_of_two_workers_has_two_lanes():
    run = read(MADE / "xdist.xml")
    assert run.meta.n_workers == 2
    assert run.meta.lacks == ("starts",)
    assert run.tasks["status"].value_counts()[
        ["done", "failed", "skipped"]
    ].to_list() == [
        4,
        1,
        1,
    ]
    assert run.meta.host == "vm"
    assert run.errors["error"].iloc[1] == "assert (1 + 1) == 3"
    busy = run.attempts.query("worker >= 0").groupby("worker")["ended"].max()
    assert busy.to_list() == pytest.approx([0.096, 0.105])


def test_tests_are_laid_end_to_end_and_said_to_be():
    run = text(JUNIT)
    assert run.tasks["name"].to_list() == ["pkg.A.one", "two", "three"]
    assert run.tasks["started"].to_list()[:2] == [0.0, 1.5]
    assert run.meta.lacks == ("starts", "workers")
    assert "end to end" in notes(run)


def test_failures_and_skipped_tests_are_told_apart():
    run = text(JUNIT)
    assert run.tasks["status"].to_list() == ["done", "failed", "skipped"]
    assert run.errors["error"].to_list() == ["E: no", "later"]
    assert run.tracebacks[1, 1] == "trace"
    assert np.isnan(run.tasks["started"].iloc[2])


def test_suites_that_took_less_than_their_tests_are_named():
    told = notes(text(JUNIT))
    assert "'inner' add up to 2 s, more than the 1 s" in told
    assert "'outer' add up to 3.5 s, more than the 3 s" in told


def test_suites_that_took_longer_than_their_tests_are_not():
    assert "add up" not in notes(
        text(JUNIT.replace('"1.0"', '"2"').replace("3.0", "9"))
    )


@pytest.mark.parametrize(
    ("told", "seconds"), [("1,234.5", 1234.5), ("0,25", 0.25), ("1,234", 1234.0)]
)
def test_commas_are_read_as_java_writes_them(told, seconds):
    run = text(f'<testsuite>\n<testcase name="x" time="{told}"/></testsuite>')
    assert run.summary()["work"][0] == seconds


def test_a_suite_tells_the_worker_of_its_tests():
    xml = "".join(
        f'<testsuite name="{w}"><properties><property name="worker" value="{w}"/>'
        f'</properties><testcase name="x" time="2"/></testsuite>'
        for w in ("gw0", "gw1")
    )
    run = text(f"<testsuites>{xml}</testsuites>")
    assert run.meta.n_workers == 2
    assert run.tasks["ended"].to_list() == [2.0, 2.0]


def test_a_namespace_and_an_encoding_change_nothing():
    xml = JUNIT.replace("<testsuites>", '<testsuites xmlns="urn:x">')
    xml = xml.replace("utf-8", "utf-16")
    assert read(xml.encode("utf-16")).n_tasks == 3


def test_a_test_without_time_counts_as_nothing_and_is_said():
    run = text(JUNIT.replace(' time="1.5"', ""))
    assert run.tasks["ended"].iloc[0] == 0.0
    assert "1 tests have no time" in notes(run)


@pytest.mark.parametrize(
    ("xml", "told"),
    [
        (LAUGHS, "entities"),
        (JUNIT.replace("2.0", "soon"), r"testcase 2 \(two\): time: .*'soon'"),
        (JUNIT.replace("2.0", "NaN"), "testcase 2"),
        (JUNIT[:-40], "line 10, column"),
        ("<html><testcase/></html>", "expected an element testsuites"),
        ("<testsuite></testsuite>", "no task"),
        ('<testsuite><testcase name="a"/></testsuite>', "attribute time"),
        ("<testsuite>" * 300, "200 elements"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(xml, told):
    with pytest.raises(FormatError, match=told):
        text(xml, "junit")


def suites(*told):
    """Suites of (timestamp, seconds of each test)."""
    return (
        "<testsuites>"
        + "".join(
            f'<testsuite name="s{at}" timestamp="{stamp}">'
            + "".join(f'<testcase name="t" time="{time}"/>' for time in times)
            + "</testsuite>"
            for at, (stamp, times) in enumerate(told)
        )
        + "</testsuites>"
    )


def test_suites_with_timestamps_lie_where_they_say():
    run = text(
        suites(
            ("2025-01-31T12:00:00Z", [3.0, 2.0]),
            ("2025-01-31T12:00:02Z", [1.0]),
            ("2025-01-31T12:00:07Z", [1.0]),
        )
    )
    assert run.tasks["started"].to_list() == [0.0, 3.0, 2.0, 7.0]
    assert run.tasks["worker"].to_list() == [0, 0, 1, 0]
    assert run.meta.lacks == ("workers",)
    assert run.meta.started_at == "2025-01-31T12:00:00+00:00"


def test_what_stamps_lose_to_the_second_makes_no_overlap():
    # One process: 12:00:00.9 + 1.5 s, then 12:00:02.4 + 1.5 s
    run = text(
        suites(("2025-01-31T12:00:00", [1.5, 0.9]), ("2025-01-31T12:00:02", [1.5]))
    )
    assert run.meta.n_workers == 1
    assert run.tasks["ended"].iloc[2] == pytest.approx(3.9)
    assert run.meta.started_at == ""  # the zone is not told


def test_stamps_that_are_all_the_same_place_nothing():
    stamp = "2025-01-31T12:00:00Z"
    run = text(suites((stamp, [1.0]), (stamp, [2.0])))
    assert run.meta.lacks == ("starts", "workers")
    assert run.meta.started_at == "2025-01-31T12:00:00+00:00"


def test_stamps_of_the_writing_place_nothing():
    run = text(suites(*((f"2025-01-31T12:00:0{at}Z", [20.0]) for at in range(3))))
    assert run.tasks["started"].to_list() == [0.0, 20.0, 40.0]


def cases(*told):
    return (
        "<testsuite>"
        + "".join(
            f'<testcase name="t" timestamp="2025-01-31T12:00:{stamp}Z" time="{time}"/>'
            for stamp, time in told
        )
        + "</testsuite>"
    )


def test_tests_with_timestamps_are_measured():
    run = text(cases(("00.000", 2.0), ("00.500", 1.0), ("01.500", 1.0)))
    assert run.tasks["started"].to_list() == [0.0, 0.5, 1.5]
    assert run.tasks["worker"].to_list() == [0, 1, 1]
    assert run.meta.lacks == ("workers",)


def test_stamps_that_fit_as_ends_only_are_ends():
    run = text(cases(("10", 9.0), ("11", 1.0), ("12", 1.0)))
    assert run.tasks["started"].to_list() == [0.0, 9.0, 10.0]
    assert "as their ends" in notes(run)


def test_a_time_below_zero_counts_as_nothing_and_is_said():
    run = text(JUNIT.replace("2.0", "-2"))
    assert run.summary()["work"][0] == 1.5
    assert "1 tests have a time below 0" in notes(run)


def test_a_line_before_the_first_element_is_no_harm():
    assert read(b"\n\n" + JUNIT.encode()).n_tasks == 3
