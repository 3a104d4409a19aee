"""Pictures of Runs, Sweeps and plans: each function gives back matplotlib Axes.

Floor 5, the only place that imports matplotlib.

timeline(run)        a lane for each worker, a block for each attempt
utilization(run)     how many workers were busy, over time
ledger(run)          from n workers to the speedup: what took how much of it
plan(plan)           which tasks wait for which, round by round
speedup(sweep)       what more workers bring, measured and by laws; also efficiency(…)
karp_flatt(sweep)    the serial fraction that each measurement implies
work_inflation(sweep)  how much longer the same tasks take beside others
compare(comparison)  two sides cut into parts, or their ratio per number of workers
history(past)        past runs over time, their levels, where they changed
predict(frame)       what other numbers of workers would take, and the bounds
caption(ax)          the picture in words

Each draws into the Axes that it is given, or into a figure of its own that a notebook
shows, and gives the Axes back.
"""

from importlib import import_module as _import_module

# Found when first asked for: a notebook's card takes its pixels from `paint.py`, and
# should not wait for matplotlib.
_HOMES = {
    "caption": "pictures",
    "compare": "difference",
    "efficiency": "scaling",
    "history": "levels",
    "karp_flatt": "scaling",
    "ledger": "waterfall",
    "plan": "graph",
    "predict": "projection",
    "speedup": "scaling",
    "timeline": "lanes",
    "utilization": "busy",
    "work_inflation": "scaling",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(_import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return __all__
