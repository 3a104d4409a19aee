"""Run or record a batch of tasks and see where the worker-seconds went.

Make a Run
    run               a function over inputs, or a list of tasks, on any joblib backend
    Task              one call with a name and arguments of its own
    shell             one shell command as a task
    Agent             a kind of worker, with slots and perhaps a set-up of its own
    plan              whether tasks may run together, in which rounds, for how long
    record            every joblib call made inside a ``with`` block, by any library
    start             the same in the background: a handle to wait for or to cancel
    sweep             a batch under several numbers of workers, measured again and again
    status            one row per task of a run, also while it goes on
    gather            tasks, and one more that is passed all their results
    rounds            a batch made from the results of another
    Event             what ``run(on_event=...)`` is told
    StatusBoard       shows events on a terminal: who does what, and what came of it
    observe           what tasks really read and write, and which disturb each other
    rerun             what a run left undone, in one Run with what it did
    recover           the Run that a journal tells of, whatever became of its process
    last_run          the latest Run of this process
    load              a Run or a Sweep from a file of ours
    read              a Run from whatever another tool wrote, or from a file of ours
    register_backend  makes "isolated" known to joblib code of your own

Read it
    RunStore          past runs in a folder: add, runs(), load, latest, query by SQL
    Run               attempts, tasks, agents, results, errors, summary(), from_frame()
    Meta              what is true of a whole Run: workers, backend, host, versions
    Plan              rounds, conflicts, edges, critical path; what run() executes
    Sweep             one batch measured with several numbers of workers; from_frame()
    fit               which law a Sweep follows, how surely, what to measure next
    ledger            where the worker-seconds of a Run went, in parts that add up
    Ledger            those parts by worker, by agent, over time
    findings          what is wrong with a Run, what to do, what that would save
    Findings          those, ranked: a sequence with text and a table
    efficiencies      why a Run is not n times as fast, in factors that multiply
    simulate          the Run that it would be on other workers, or in another order
    compare           what changed between Runs, repeats or sweeps, how surely, and why
    Comparison        that verdict, with parts, factors and tasks
    history           past runs of a batch: changes of level, regressions, trend
    predict           what other numbers of workers would take, and how far to trust it

Show it, keep it
    draw              plots that take a Run and give back matplotlib Axes
    explore           a Run or a Sweep to turn over: zoom, pick tasks, laws, what if
    browse            the runs kept in a folder: filter, explore one, compare two
    laws_lab          Amdahl, Gustafson and USL to play with
    schedule_lab      a toy scheduler: orders, bounds, Graham's anomaly
    report            what came of a Run and what would help, in markdown or HTML
    to_html           one self-contained page
    to_notebook       a notebook that walks through it, ready to go on with
    save              a Run, or a Sweep and its Runs, into one Parquet file
    write             a Run as a Chrome trace for Perfetto, a job log or a table

When something is wrong
    TasksFailed       results were asked for and some tasks are not done
    ResultsNotKept    results were asked for and the Run does not carry them
    InputsFailed      the iterable of inputs raised while it was read
    ArgumentError     an argument is not allowed; nothing was started
    PlanError         tasks wait in a circle, or for something that is not there
    SchemaError       a frame is not what a Run is made of
    StoreError        a run file cannot be written or read
    FormatError       another tool's file is not what its format says
    BackendError      a backend is unknown, missing or unable
    ParallelNbError   all of these

``%load_ext parallel_nb`` adds the ``%%record`` cell magic.
"""

import sys as _sys
from importlib import import_module as _import_module

__version__ = "0.1.0.dev0"

# Top floor: knows the public names and where they live, and imports none of them before
# it is asked to, because workers import this file too and their start-up is measured.
_HOMES = {
    "run": "engine.running",
    "last_run": "engine.running",
    "rerun": "engine.rerunning",
    "recover": "engine.journals.recovering",
    "start": "engine.starting",
    "status": "engine.starting",
    "sweep": "engine.sweeping",
    "gather": "engine.patterns",
    "rounds": "engine.patterns",
    "Event": "engine.events",
    "StatusBoard": "board.showing",
    "record": "engine.recording",
    "observe": "engine.observation.observing",
    "register_backend": "engine.isolated",
    "Task": "tasks",
    "shell": "tasks",
    "Agent": "tasks",
    "plan": "planning.making",
    "Plan": "planning.plans",
    "simulate": "simulation",
    "predict": "simulation",
    "Run": "runs",
    "Meta": "meta",
    "Sweep": "sweeps",
    "fit": "fitting",
    "RunStore": "runstore.stores",
    "save": "store",
    "write": "writing",
    "load": "store",
    "read": "reading",
    "ledger": "accounting.making",
    "Ledger": "accounting.ledgers",
    "efficiencies": "accounting.factors",
    "compare": "comparison.making",
    "Comparison": "comparison.results",
    "history": "comparison.past",
    "findings": "diagnosis.making",
    "Findings": "diagnosis.results",
    "draw": "draw",
    "explore": "widgets.exploring",
    "browse": "widgets.browsing",
    "laws_lab": "widgets.law_lab",
    "schedule_lab": "widgets.toy_scheduler",
    "report": "debrief.writing",
    "to_html": "reporting",
    "to_notebook": "walkthrough.making",
    "TasksFailed": "errors",
    "ResultsNotKept": "errors",
    "InputsFailed": "errors",
    "ArgumentError": "errors",
    "PlanError": "errors",
    "SchemaError": "errors",
    "StoreError": "errors",
    "FormatError": "errors",
    "BackendError": "errors",
    "ParallelNbError": "errors",
}

__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name):
    try:
        home = _HOMES[name]
    except KeyError:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message, name=name, obj=_sys.modules[__name__]) from None
    module = _import_module(f"{__name__}.{home}")
    value = module if home == name else getattr(module, name)
    globals()[name] = value  # the next access does not come here again
    return value


def __dir__():
    return __all__


def load_ipython_extension(shell):
    """Rich displays and the ``%%record`` cell magic, for ``%load_ext parallel_nb``."""
    from . import magics

    _show_richly(shell)
    _show_live()
    magics.load(shell)


# Types that `display` knows how to show, by module; naming them imports nothing.
_SHOWN = {
    ("parallel_nb.runs", "Run"),
    ("parallel_nb.planning.plans", "Plan"),
    ("parallel_nb.engine.recording", "Log"),
    ("parallel_nb.engine.observation.results", "Observation"),
    ("parallel_nb.engine.starting", "Handle"),
    ("parallel_nb.sweeps", "Sweep"),
    ("parallel_nb.fitting.fits", "Fit"),
    ("parallel_nb.fitting.choosing", "Fits"),
    ("parallel_nb.accounting.ledgers", "Ledger"),
    ("parallel_nb.diagnosis.results", "Findings"),
    ("parallel_nb.comparison.results", "Comparison"),
    ("parallel_nb.comparison.past", "History"),
}


def _show_richly(shell):
    """Have `display` loaded and registered by the first object that is shown."""
    bundles = shell.display_formatter.mimebundle_formatter

    def first(shown):
        for module, name in _SHOWN:
            bundles.pop(f"{module}.{name}", None)
        _import_module(f"{__name__}.display").register(shell)
        return bundles(shown)

    for module, name in _SHOWN:
        bundles.for_type_by_name(module, name, first)


def _show_live():
    """Have a run in a notebook show itself while it goes on."""

    def opened(watched):
        return _import_module(f"{__name__}.widgets.monitor").opened(watched)

    _import_module(f"{__name__}.engine.progress").offer(opened)


def _running_shell():
    """The IPython shell that this process has, found without importing IPython."""
    get_ipython = getattr(_sys.modules.get("IPython"), "get_ipython", None)
    return get_ipython() if get_ipython is not None else None


if (_shell := _running_shell()) is not None:
    _show_richly(_shell)
    _show_live()
del _shell
