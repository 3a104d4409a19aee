"""Every control of every widget, by keyboard, in JupyterLab."""

import pytest

from . import cells

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WORDS, PICTURES = ("words",), ("pictures",)
BOTH = ("words", "pictures")
NAMES = list(cells.WIDGETS)


def test_a_run_is_zoomed_coloured_and_asked(lab, shots):
    run = lab.output(NAMES.index("run"))
    assert "80 attempts on 4 workers" in run.seen()["words"]
    run.press("slider", "In view (s), from", *["ArrowRight"] * 3)
    run.press("slider", "In view (s), to", *["ArrowLeft"] * 3)
    for name in ("Zoom in", "Later", "Earlier", "Zoom in", "Zoom out", "Whole run"):
        run.press("button", name, "Enter")
    run.type("In view (s), typed", "2 - 9")
    run.press("button", "Whole run", "Space")
    for name in ("name", "agent", "duration", "status"):
        run.press("button", name, "Enter")
        run.says(f"Coloured by {name}.")
    run.press("spinbutton", "Task", "ArrowUp")
    now = run.press("combobox", "Failed or longest", "ArrowDown")
    assert "ValueError: too few" in now["words"]
    run.press("button", "Zoom to task", "Enter")
    run.shot(shots / "run-task.png")
    run.press("button", "Ledger", "Enter")
    run.shot(shots / "run-ledger.png")
    run.press("button", "Findings", "Enter")
    run.press("button", "What if", "Enter")
    run.press("slider", "Workers", "ArrowRight")
    run.press("combobox", "Order", "ArrowDown")
    now = run.type("Workers, typed", "7")
    assert "7 workers:" in now["words"]
    run.type("Workers, typed", "5")
    now = run.press("slider", "Handing over takes", "End")
    assert "5 workers:" in now["words"]
    run.shot(shots / "run-what-if.png")
    lab.assert_well()


def test_a_sweep_is_shown_by_laws_and_axes(lab, shots):
    sweep = lab.output(NAMES.index("sweep"))
    sweep.press("button", "efficiency", "Enter", changes=BOTH)
    sweep.press("button", "speedup", "Enter", changes=BOTH)
    for name, words in (
        ("95 % bands", "without their 95 % bands"),
        ("Logarithmic axes", "on logarithmic axes"),
    ):
        now = sweep.press("checkbox", name, "Space", changes=BOTH)
        assert words in now["words"]
    for name in ("USL", "Amdahl", "linear", "Amdahl + overhead"):
        now = sweep.press("checkbox", name, "Space", changes=BOTH)
        assert f"{name} " in now["words"] or name == "Amdahl"
    sweep.press("slider", "Laws up to (workers)", *["ArrowRight"] * 6)
    sweep.shot(shots / "sweep.png")
    lab.assert_well()


def test_laws_are_played_with_and_guessed(lab, shots):
    laws = lab.output(NAMES.index("laws"))
    laws.press("slider", "Workers", "ArrowRight")
    laws.press("slider", "Serial (%)", "ArrowRight")
    laws.press("button", "Gustafson", "Enter")
    laws.press("button", "USL", "Enter")
    laws.press("slider", "Coherency", "ArrowRight")
    laws.press("slider", "Contention (%)", "ArrowRight")
    now = laws.type("Contention (%), typed", "20")
    assert "contention 20 %" in now["words"]
    now = laws.press("button", "1,000 workers, 5 % serial", "Enter")
    assert "19.6× as fast as one" in now["words"]
    laws.shot(shots / "laws.png")
    now = laws.press("checkbox", "Challenge: guess the speedup first", "Space")
    assert "how many times as fast as one worker?" in now["words"]
    laws.press("button", "Another one", "Enter")
    laws.control("spinbutton", "Your guess (×)").fill("1.5")
    now = laws.press("button", "See it", "Enter")
    assert "You said 1.5×, it is" in now["words"]
    lab.assert_well()


def test_toy_schedules_are_made_and_compared(lab, shots):
    toy = lab.output(NAMES.index("schedules"))
    toy.press("slider", "Tasks", "ArrowLeft")
    toy.press("slider", "Workers", "ArrowRight")
    toy.press("combobox", "Order above", "ArrowDown")
    now = toy.type("Tasks, typed", "9")
    assert "9 tasks (skewed)" in now["words"]
    now = toy.type("Workers, typed", "2")
    assert "on 2 workers" in now["words"]
    toy.press("button", "Other durations", "Enter")
    toy.shot(shots / "schedules.png")
    now = toy.press("combobox", "Durations", "ArrowDown")
    assert "9 tasks (one giant)" in now["words"]
    now = toy.press("combobox", "Durations", "End")
    assert "Give it a worker more" in now["words"]
    for name in ("Each task 1 s shorter", "Two dependencies less"):
        now = toy.press("checkbox", name, "Space")
        assert "Graham's anomaly" in now["words"]
    toy.shot(shots / "graham.png")
    lab.assert_well()


def test_past_runs_are_found_opened_and_compared(lab, shots):
    past = lab.output(NAMES.index("past"))
    assert past.seen()["words"].startswith("3 runs in ")
    past.strike("textbox", "Filter", *"tues")
    past.says("1 of 3 files match “tues”")
    past.lists("listbox", "Run", "tuesday")
    past.strike("textbox", "Filter", *["Backspace"] * 4)
    past.says("3 runs in ")
    past.strike("combobox", "Order", "ArrowDown", "ArrowDown")
    past.lists("listbox", "Run", "monday", "wednesday", "tuesday")
    past.strike("listbox", "Run", "ArrowUp", "ArrowUp")
    past.lists("combobox", "Compare with", "choose", "wednesday", "tuesday")
    past.shot(shots / "past.png")
    past.press("button", "Explore", "Enter")
    past.says("Opened monday.")
    past.press("button", "Zoom in", "Enter")
    past.strike("combobox", "Compare with", "ArrowDown")
    past.press("button", "Compare", "Enter")
    past.says("monday beside wednesday.")
    past.shot(shots / "past-compared.png")
    lab.assert_well()


@pytest.mark.parametrize("name", NAMES)
def test_every_control_is_reached_by_tab_and_has_a_name(lab, name):
    output = lab.output(NAMES.index(name))
    controls = output.controls()
    assert len(controls) > 4
    assert all(controls)
    assert output.reached(len(controls)) == controls


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_widget_fits_into_a_narrow_window(lab, shots, name, theme):
    output = lab.output(NAMES.index(name))
    for width in (1300, 560):
        lab.look(f"JupyterLab {theme}", width)
        output.shot(shots / f"{name}-{theme.lower()}-{width}.png")
        output.assert_fits()
    lab.assert_well()
