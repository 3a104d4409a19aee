import json

import pytest

from parallel_nb.errors import FormatError
from parallel_nb.reading import read
from tests.formats.making import MADE, notes, text


def page(units, jobs=2):
    return (
        "<html><head><title>Cargo Build Timings</title></head>\n"
        "<tr><td>Fresh units:</td><td>3</td></tr>\n"
        f"<tr><td>Max concurrency:</td><td>2 (jobs={jobs} ncpu=8)</td></tr>\n"
        "<tr><td>Build start:</td><td>2025-01-31T12:00:00Z</td></tr>\n"
        f"<script>const UNIT_DATA = {json.dumps(units)};\n"
        "const CPU_USAGE = [];</script>"
    )


def unit(i, start, duration, full=(), early=(), **more):
    return {
        "i": i,
        "name": f"u{i}",
        "version": "1.0.0",
        "target": "",
        "start": start,
        "duration": duration,
        "unblocked_units": list(full),
        "unblocked_rmeta_units": list(early),
        **more,
    }


def edges(run):
    return sorted(map(tuple, run.edges.to_numpy().tolist()))


def test_a_real_report_has_its_units_jobs_and_edges():
    run = read(MADE / "cargo-timing.html")
    assert sorted(run.tasks["name"]) == [
        "goods v0.1.0",
        "prices v0.1.0",
        "shop v0.1.0",
        "shop v0.1.0 build-script",
        "shop v0.1.0 build-script (run)",
    ]
    assert run.meta.n_workers == 2
    names = run.tasks["name"]
    assert {(names[task], names[after]) for task, after in edges(run)} == {
        ("shop v0.1.0 build-script (run)", "shop v0.1.0 build-script"),
        ("shop v0.1.0", "shop v0.1.0 build-script (run)"),
    }


def test_who_waits_for_metadata_waits_for_all_that_made_them_possible():
    #  0 → 1 by its end; 1 → 2 and 2 → 3 by metadata: 2 and 3 start after 0 at least.
    run = text(
        page(
            [
                unit(0, 0.0, 1.0, full=[1]),
                unit(1, 1.0, 2.0, early=[2], rmeta_time=0.5),
                unit(2, 1.5, 2.0, early=[3]),
                unit(3, 2.0, 1.0),
            ]
        )
    )
    assert edges(run) == [(1, 0), (2, 0), (3, 0)]
    assert "2 dependencies" in notes(run)
    assert "3 fresh units" in notes(run)
    assert run.details[1]["context"] == {
        "rmeta_time": 0.5,
        "unblocked_by_rmeta": ["u2 v1.0.0"],
    }


def test_the_span_is_never_longer_than_the_build():
    run = read(MADE / "cargo-timing.html")
    assert run.summary()["span"][0] <= run.summary()["makespan"][0] + 0.02


def test_older_names_of_the_same_fields_are_read():
    old = unit(0, 0.0, 1.0)
    old["unlocked_units"] = [1]
    del old["unblocked_units"], old["unblocked_rmeta_units"]
    assert edges(text(page([old, unit(1, 1.0, 1.0)]))) == [(1, 0)]


def test_units_that_were_not_compiled_are_no_edges():
    assert edges(text(page([unit(0, 0.0, 1.0, full=[7])]))) == []


def test_more_units_at_once_than_jobs_are_said():
    run = text(page([unit(0, 0.0, 1.0), unit(1, 0.0, 1.0)], jobs=1))
    assert run.meta.n_workers == 2
    assert "jobs=1, but 2" in notes(run)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (page([unit(0, 0, 1)])[:-90], "UNIT_DATA: expected JSON"),
        (page([unit(0, 0, 1), unit(0, 1, 1)]), "unit 2: i: got 0 twice"),
        (page([{"i": 0, "name": "x", "start": 0}]), "unit 1: .*'duration'"),
        (page([unit(0, 0, -1)]), "unit 1: .*end after the start"),
        (page([unit(0, 0, 1, [1]), unit(1, 1, 1, [0])]), "wait in a circle"),
        (page([3]), "unit 1: UNIT_DATA: expected an object"),
        (page([]), "no task"),
        ("<html>Cargo Build Timings</html>", "constant UNIT_DATA"),
    ],
)
def test_what_cannot_be_is_told_with_its_unit(content, told):
    with pytest.raises(FormatError, match=told):
        text(content, "cargo")


def test_what_rounding_to_hundredths_lets_overlap_needs_no_further_job():
    units = [unit(0, 0.0, 0.1), unit(1, 0.1, 0.21), unit(2, 0.3, 0.4), unit(3, 0, 0.7)]
    run = text(page(units))
    assert run.meta.n_workers == 2
    assert run.attempts["ended"].max() == 0.7


def test_more_units_at_once_than_jobs_are_told():
    run = text(page([unit(number, 0.0, 1.0) for number in range(3)]))
    assert run.meta.n_workers == 3
    assert "jobs=2, but 3 units were compiled at once" in notes(run)


@pytest.mark.parametrize("name", ["frontend", "Frontend"])
def test_sections_tell_when_metadata_were_ready(name):
    sections = [
        [name, {"start": 0.0, "end": 0.4}],
        ["codegen", {"start": 0.4, "end": 1}],
    ]
    run = text(page([unit(0, 0.0, 1.0, early=[1], sections=sections), unit(1, 0.4, 1)]))
    assert run.details[0]["context"]["rmeta_time"] == 0.4
