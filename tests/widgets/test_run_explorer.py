"""Each control of a Run's explorer, operated as a browser does it: by its value."""

import math
import sys
import types

import matplotlib.style
import numpy as np
import pandas as pd
import pytest

import parallel_nb as pnb
from parallel_nb import schema
from parallel_nb.runs import Run

from ..making import agents_run, meta, run_of
from .making import seen, size_of, uneven


@pytest.fixture
def page():
    return pnb.explore(uneven())


def test_only_a_run_or_a_sweep_can_be_explored():
    with pytest.raises(pnb.ArgumentError, match="`run` must be a Run or a Sweep"):
        pnb.explore(pd.DataFrame())


# --- the timeline ---


def test_the_first_view_is_the_whole_run_with_its_words(page):
    assert page.window.value == (page.window.min, page.window.max)
    words = page.timeline.words
    assert words.startswith("Timeline of run “uneven”: 4 attempts on 2 workers in 8 s")
    assert "4 attempts (1 not done), on average 1.5 of 2 workers busy (75 %)" in words
    width, height = size_of(page.timeline.picture.value)
    assert page.timeline.picture.layout.width == f"{width // 2}px"
    assert height > 300


def test_moving_the_slider_changes_the_picture_and_what_is_said(page):
    before = seen(page.timeline)
    page.window.value = (0.0, 2.0)
    after = seen(page.timeline)
    assert before[0] != after[0]
    assert "In view, 0.00 to 2.00 s: 3 attempts, on average 2 of 2" in after[1]


@pytest.mark.parametrize("color", ["name", "agent", "duration"])
def test_each_colouring_is_another_picture(page, color):
    before = seen(page.timeline)[0]
    page.color.value = color
    assert seen(page.timeline)[0] != before


def test_coming_back_gives_the_same_picture(page):
    before = seen(page.timeline)
    page.color.value = "name"
    page.window.value = (2.0, 3.0)
    page.whole.click()
    page.color.value = "status"
    assert seen(page.timeline) == before


def test_buttons_move_and_scale_the_window(page):
    full = page.window.value
    page.zoom_in.click()
    left, right = page.window.value
    assert right - left == pytest.approx((full[1] - full[0]) / 2)
    page.earlier.click()
    assert page.window.value[0] == full[0]
    page.later.click()
    page.later.click()
    assert page.window.value[1] == pytest.approx(full[1])
    page.zoom_out.click()
    assert page.window.value == pytest.approx(full)


def test_one_can_zoom_in_further_than_the_slider_has_steps(page):
    for _ in range(20):
        page.zoom_in.click()
    left, right = page.window.value
    assert 0 < right - left < 1e-5
    assert page.window.step < right - left


def test_edges_of_the_window_that_meet_are_no_error(page):
    page.window.value = (3.0, 3.0)
    assert "In view" in page.timeline.words


# --- tasks ---


def test_a_task_is_told_with_error_and_traceback_as_they_are(page):
    page.task.task.value = 3
    told = page.task.text.value
    assert "Task 3 <b>job-3</b>: failed" in told
    assert "attempt 1 failed on worker 1" in told
    assert "started at 3 s" in told
    assert "CPU time 5 s" in told
    assert "Traceback of attempt 1" in told
    assert told.count("ValueError: no &lt;b&gt; such thing") == 2


def test_a_picked_task_is_ringed_in_the_picture(page):
    first = page.timeline.picture.value
    page.task.task.value = 3
    second = page.timeline.picture.value
    page.section.value = "Ledger"
    without = page.timeline.picture.value
    assert len({first, second, without}) == 3


def test_failures_come_first_among_tasks_worth_a_look(page):
    labels = [label for label, _ in page.task.notable.options]
    assert labels[1] == "3 job-3, failed: ValueError: no <b> such thing"
    assert labels[2] == "0 job-0, 4 s"
    page.task.notable.value = 3
    assert page.task.task.value == 3


def test_one_can_zoom_to_a_task(page):
    page.task.task.value = 2
    page.task.zoom.click()
    assert page.window.value == pytest.approx((0.0, 5.0))


def test_all_attempts_of_a_task_are_told():
    shown = pnb.explore(
        run_of((0, 1, "timeout", 0, 0.0, 1.0), (0, 2, "done", 1, 2.0, 3.0))
    )
    assert "attempt 1 timeout on worker 0" in shown.task.text.value
    assert "attempt 2 done on worker 1" in shown.task.text.value


def test_what_was_said_of_a_task_is_told():
    details = {0: {"context": {"limit": 3}, "summary": "all <well>"}}
    shown = pnb.explore(uneven(details=details))
    assert "limit: 3" in shown.task.text.value
    assert "summary: all &lt;well&gt;" in shown.task.text.value


# --- the ledger and findings ---


def test_the_ledger_is_drawn_when_it_is_asked_for(page):
    assert page.ledger.framed.words == ""
    assert page.ledger.layout.display == "none"
    page.section.value = "Ledger"
    assert page.ledger.layout.display == ""
    assert page.task.layout.display == "none"
    assert page.ledger.framed.words.startswith("Ledger of run “uneven” on 2 workers")


def test_findings_are_shown_where_there_are_any(monkeypatch):
    module = types.ModuleType("parallel_nb.diagnosis.making")
    module.findings = lambda run: ["bad <order>: 8 s → 6 s\n  Do: sort"]
    monkeypatch.setitem(sys.modules, "parallel_nb.diagnosis.making", module)
    page = pnb.explore(uneven())
    page.section.value = "Findings"
    (findings,) = (c for c in page.children if type(c).__name__ == "FindingsSection")
    assert "<b>bad &lt;order&gt;: 8 s → 6 s</b><br>  Do: sort" in findings.text.value


def test_what_is_found_is_told():
    pytest.importorskip("parallel_nb.diagnosis.making")
    page = pnb.explore(pnb.simulate([1.0] * 30 + [20.0], n_workers=4))
    page.section.value = "Findings"
    (findings,) = (c for c in page.children if type(c).__name__ == "FindingsSection")
    assert "<b>a task is too long" in findings.text.value


def test_without_findings_there_is_no_such_section(monkeypatch):
    monkeypatch.setitem(sys.modules, "parallel_nb.diagnosis.making", None)
    assert "Findings" not in pnb.explore(uneven()).section.options


# --- what if ---


@pytest.fixture
def what_if(page):
    page.section.value = "What if"
    return page.what_if


def test_what_is_recorded_comes_first_with_the_model_error(what_if):
    assert "<b>2 workers: 8 s</b> (predicted) instead of 8 s" in what_if.answer.value
    assert "Model error: ±0 %" in what_if.answer.value
    assert what_if.recorded.words.startswith("Recorded: 2 workers, 8 s.")


def test_workers_change_the_schedule_and_not_the_record(what_if):
    before = seen(what_if.simulated)
    what_if.workers.value = 3
    assert "<b>3 workers: 6 s</b>" in what_if.answer.value
    assert "No order on 3 workers beats 5 s" in what_if.answer.value
    after = seen(what_if.simulated)
    assert before[0] != after[0]
    assert "Re-scheduled: 3 workers, as recorded, 6 s" in after[1]


def test_the_order_changes_the_schedule(what_if):
    what_if.order.value = "longest_first"
    assert "<b>2 workers: 6 s</b>" in what_if.answer.value
    assert "1.33× as fast" in what_if.answer.value


def test_the_cost_of_handing_over_changes_the_schedule(what_if):
    what_if.dispatch.value = 1.0
    assert "<b>2 workers: 11 s</b>" in what_if.answer.value
    assert "1.38× as long" in what_if.answer.value


def test_orders_are_offered_where_they_differ():
    free = pnb.explore(uneven()).what_if.order.options
    assert "critical_path" not in dict(free).values()
    edges = pd.DataFrame({"task": [3], "after": [0]})
    bound = pnb.explore(uneven(edges=edges)).what_if.order.options
    assert "critical_path" in dict(bound).values()


def test_a_run_that_holds_no_durations_says_so():
    page = pnb.explore(run_of((0, 1, "skipped", -1, math.nan, math.nan)))
    page.section.value = "What if"
    assert "must hold durations" in page.what_if.answer.value
    # A picture that is none would be shown as one that is lacking.
    assert page.what_if.recorded.layout.display == "none"
    page.what_if.workers.value = 3
    assert "Task 0" in page.task.text.value


def test_a_run_without_tasks_can_be_shown():
    nothing = schema.coerce({"task": [], "started": [], "ended": []})
    page = pnb.explore(Run(nothing, meta()))
    for section in page.section.options:
        page.section.value = section
    assert "no tasks" in page.task.text.value
    assert "it has no tasks" in page.timeline.words


def test_agents_of_few_slots_hold_in_what_if():
    rows = [(task, 1, "tester", "done", task % 2, 0.0, 1.0) for task in range(2)]
    page = pnb.explore(agents_run(*rows, agents={"tester": 1}))
    page.section.value = "What if"
    page.what_if.workers.value = 4
    assert "<b>4 workers: 2 s</b>" in page.what_if.answer.value


# --- for everyone ---


def controls_of(widget):
    """All that can be operated in a widget."""
    for child in getattr(widget, "children", ()):
        yield from controls_of(child)
        if hasattr(child, "disabled"):
            yield child


def test_every_control_has_a_label(page):
    found = list(controls_of(page))
    assert len(found) >= 13
    assert all(control.description for control in found)


def test_every_picture_has_a_name_and_words_in_a_live_region(page):
    for section in page.section.options:
        page.section.value = section
    pictures = [page.timeline, page.ledger.framed]
    pictures += [page.what_if.recorded, page.what_if.simulated]
    for framed in pictures:
        assert framed.picture.tooltip
        assert framed.picture.description == ""  # or the page shows no tooltip
        assert 'role="status"' in framed.caption.value


@pytest.mark.parametrize("section", ["Task", "Ledger", "What if"])
def test_a_saved_notebook_keeps_pictures_and_words(page, section):
    page.section.value = section
    kept = page._repr_mimebundle_()
    assert kept["text/plain"] == "<Explorer of run “uneven”: 4 tasks on 2 workers>"
    assert "application/vnd.jupyter.widget-view+json" in kept
    assert 'alt="Timeline of run “uneven”' in kept["text/html"]
    images = {"Task": 1, "Ledger": 2, "What if": 3}
    assert kept["text/html"].count("data:image/png;base64,") == images[section]


def test_exploring_leaves_pyplot_alone(page):
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


@pytest.mark.parametrize("style", ["dark_background", "Solarize_Light2"])
def test_the_style_of_the_notebook_is_honoured(style):
    plain = pnb.explore(uneven()).timeline.picture.value
    rc = {"figure.autolayout": True, "figure.facecolor": "none"}
    with matplotlib.style.context([style, rc]):
        page = pnb.explore(uneven())
        page.zoom_in.click()
        page.whole.click()
        assert page.timeline.picture.value != plain
        assert size_of(page.timeline.picture.value) == size_of(plain)


# --- many attempts ---


def many(n, n_workers):
    rng = np.random.default_rng(0)
    durations = rng.lognormal(0.0, 1.0, n)
    return pnb.simulate(durations, n_workers=n_workers)


@pytest.mark.parametrize("order", ["given", "longest_first", "shortest_first"])
def test_a_schedule_in_pieces_is_that_of_attempts(order):
    from parallel_nb.widgets.what_if import WhatIf

    run = many(30_000, 8)
    answer = WhatIf(run).ask(5, order)
    exact = pnb.simulate(run, n_workers=5, order=order).summary()["makespan"][0]
    assert 0 < answer.n_pieces < 30_000
    assert answer.makespan == pytest.approx(exact, rel=1e-3)
    busy = answer.blocks.ended - answer.blocks.started
    assert busy.sum() == pytest.approx(run.summary()["work"][0])


def test_pieces_are_owned_up_to():
    page = pnb.explore(many(30_000, 8))
    page.section.value = "What if"
    assert "pieces of the list" in page.what_if.answer.value
