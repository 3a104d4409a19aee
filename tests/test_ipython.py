"""In IPython: what importing and loading the package adds to a running shell."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# A real shell in a process of its own, because it takes over __main__ and displayhook.
SHELL = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
answers = []
for cell in json.load(sys.stdin):
    outcome = shell.run_cell(cell, store_history=False)
    error = outcome.error_before_exec or outcome.error_in_exec
    failure = f"{type(error).__name__}: {error}"
    answers.append(repr(outcome.result) if error is None else failure)
print("answers:", json.dumps(answers))
"""
LOAD = "%load_ext parallel_nb"
SQUARES = """\
import joblib, operator
square = joblib.delayed(operator.mul)
joblib.Parallel(2, "threading")(square(i, i) for i in range(4))"""


def shell_output(*cells):
    """What a fresh IPython prints while it runs the cells, and their outcomes."""
    done = subprocess.run(
        [sys.executable, "-c", SHELL],
        cwd=ROOT,
        input=json.dumps(cells),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    shown, _, answers = done.stdout.rpartition("answers:")
    return shown, json.loads(answers)


def run_cells(*cells):
    """The repr of what each cell evaluates to, or its error."""
    return shell_output(*cells)[1]


def shown_by(*cells):
    """What the cells print and display, as text."""
    return shell_output(*cells)[0]


def test_a_recorded_cell_binds_its_log():
    *_, n_runs, n_tasks = run_cells(
        LOAD, f"%%record\n{SQUARES}", "len(log)", "len(log[0].tasks)"
    )
    assert (n_runs, n_tasks) == ("1", "4")


def test_the_log_can_have_another_name():
    *_, n_runs, is_bound = run_cells(
        LOAD, f"%%record search\n{SQUARES}", "len(search)", "'log' in globals()"
    )
    assert (n_runs, is_bound) == ("1", "False")


def test_a_cell_that_raises_stops_the_notebook_and_keeps_what_was_recorded():
    *_, error, n_runs = run_cells(LOAD, f"%%record\n{SQUARES}\n1 / 0", "len(log)")
    assert (error, n_runs) == ("ZeroDivisionError: division by zero", "1")


@pytest.mark.parametrize("last", ["40 + 2", "1 / 0"])
def test_a_recorded_cell_shows_its_value_or_its_error_once(last):
    plain = shown_by(LOAD, f"{SQUARES}\n{last}")
    recorded = shown_by(LOAD, f"%%record\n{SQUARES}\n{last}")
    assert recorded.count("42") == plain.count("42")
    assert recorded.count("Traceback") == plain.count("Traceback")


def test_a_cell_defines_variables_and_may_use_magics():
    *_, value = run_cells(LOAD, "%%record\nx = 3\n%time y = x + 1", "x + y")
    assert value == "7"


def test_a_log_needs_a_variable_name():
    *_, error = run_cells(LOAD, "%%record two words\n1")
    assert "the name of a variable for the log; got 'two words'" in error


SHOWN = "sorted(get_ipython().display_formatter.format(run)[0])"
MAKE = (
    "import pandas as pd\nfrom parallel_nb.runs import Run\nrun = Run.from_frame("
    "pd.DataFrame({'task': [0], 'started': [0.0], 'ended': [1.0]}))"
)


@pytest.mark.parametrize("first", ["import parallel_nb", LOAD])
def test_a_run_shows_itself_richly_without_being_asked_to(first):
    *_, shown = run_cells(first, MAKE, SHOWN)
    assert shown == "['text/html', 'text/plain']"


def test_importing_in_a_running_shell_stays_light():
    heavy = "sorted({'numpy', 'pandas', 'matplotlib', 'joblib'} & set(sys.modules))"
    *_, loaded = run_cells("import parallel_nb, sys", heavy)
    assert loaded == "[]"


REGISTERED = """
from parallel_nb import _SHOWN, display
display.register(get_ipython())
keys = set()
display_formatter = get_ipython().display_formatter
formatters = [*display_formatter.formatters.values()]
for formatter in [*formatters, display_formatter.mimebundle_formatter]:
    types = formatter.type_printers
    keys |= {*formatter.deferred_printers}
    keys |= {(type.__module__, type.__name__) for type in types}
{key for key in keys if key[0].startswith("parallel_nb")} == _SHOWN"""


def test_every_type_that_is_shown_richly_is_announced_to_a_running_shell():
    assert run_cells(REGISTERED) == ["True"]
