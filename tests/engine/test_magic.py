"""``%%record`` in a real IPython: a cell's joblib calls, and nothing else changed."""

SHELL = """
import json
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
outcomes = []
for cell in CELLS:
    outcome = shell.run_cell(cell)
    error = outcome.error_before_exec or outcome.error_in_exec
    outcomes.append(repr(outcome.result if error is None else error))
print()
print(json.dumps(outcomes))
"""
LOAD = "%load_ext parallel_nb"
SEARCH = """
from joblib import Parallel, delayed
def square(x): return x * x
squares = Parallel(2, BACKEND)(delayed(square)(x) for x in range(5))
"""


def cells(script, *texts):
    """What each cell of a fresh shell evaluates to, or raises."""
    return script(SHELL, CELLS=[LOAD, *texts])


def test_a_cells_calls_are_recorded_with_functions_of_the_notebook(script):
    look = "squares, len(log), set(log[0].tasks['name']), log[0].meta.backend"
    for_loky = SEARCH.replace("BACKEND", "'loky'")
    *_, seen = cells(script, f"%%record\n{for_loky}", look)
    assert seen == "([0, 1, 4, 9, 16], 1, {'square'}, 'loky')"


def test_two_recorded_cells_have_logs_of_their_own(script):
    threads = SEARCH.replace("BACKEND", "'threading'")
    *_, lengths = cells(
        script,
        f"%%record first\n{threads}",
        f"%%record second\n{threads}\n{threads}",
        "len(first), len(second)",
    )
    assert lengths == "(1, 2)"


def test_a_cell_that_raises_is_undone_in_joblib_and_logged(script):
    *_, error, seen = cells(
        script,
        "import joblib; before = joblib.Parallel.__call__",
        f"%%record\n{SEARCH.replace('BACKEND', repr('threading'))}\n1 / 0",
        "len(log), joblib.Parallel.__call__ is before",
    )
    assert error == "ZeroDivisionError('division by zero')"
    assert seen == "(1, True)"


def test_a_recorded_cell_may_run_batches_of_our_own(script):
    *_, seen = cells(
        script,
        "import parallel_nb as pnb",
        "%%record\nrun = pnb.run(lambda x: x + 1, [1, 2], n_jobs=2)",
        "run.results, len(log)",
    )
    assert seen == "([2, 3], 0)"
