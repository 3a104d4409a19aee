"""The page of what each backend does in each fault, and its short form, from outcomes.

Outcomes in, Markdown out, and the words back out of the Markdown.
"""

from .catalogue import BACKENDS, BY_CHANCE, FAULTS, GROUPS, NOT_PROMISED

START, END = "<!-- faults: start -->", "<!-- faults: end -->"

_PAGE = """\
# What one bad task can cost

Made by `python -m tests.faults`, which causes every fault for real, in every backend,
in a kernel of its own, and writes down what happened; a test fails when that is no
longer what this page says. Two workers, Linux{versions}.

For `dask`, they are a `LocalCluster` that gives a task up when two of its processes
have died with it (`distributed.scheduler.allowed-failures: 1`); for `ray`, a
`ray.init(num_cpus=2)`.

The culprit is one of some seventeen tasks: some had finished before, some travelled
with it, one was at work beside it when it acted, some came after. Executions were
counted by the tasks themselves. Right afterwards, the backend had to serve another run,
and when the kernel had ended, no process might be left after two seconds; those of a
cluster end in their own time. Cells of a cluster that leave it as it was share one.

{legend}

{table}

A task that leaves threads, changes the working directory or closes files of its process
does so for whatever that worker executes later; in `threading` and `sequential`, that
process is the kernel. What Ray leaves when its kernel is killed are two agents of its
own, for half a minute and more; its workers are gone.
"""

_WORDS = {
    "no harm": "all tasks are done, each was executed once",
    "failed": "the culprit's row says so; all others are done, each was executed once",
    "crashed": "the same; the row has the exit code or the signal by name",
    "timeout": "the same; the attempt was ended, or in `threading` left behind",
    "at most …": "the same, if the culprit was not done by then",
    "others again": "all others are done; some were executed a second time",
    "others perhaps again": "all others are done; chance decides whether some were",
    "refused": "an error before any work starts: this backend cannot keep the limit",
    "stops, keeps its rows": "the run ends soon; what had finished is there, the rest "
    "is `cancelled`",
    "kernel dies": "and the run with it",
    "journal kept": "the run had a `journal=`, and `recover` found in it whatever had "
    "ended a second before",
    "hangs": "the run, or the next one, until somebody ends the kernel",
    "kernel does not end": "it waits for a worker that was stopped; chance decides",
    "leaves processes": "processes that a task started outlive the kernel",
    "then unusable": "for as long as what was cancelled goes on: nobody can end it "
    "but the cluster",
    "not promised": "there, the cluster's own ways decide",
}


def page(outcomes, versions=""):
    """The whole page.

    Parameters
    ----------
    outcomes : iterable of Outcome
        One for each fault and backend.
    """
    words = {(o.fault, o.backend): told(o) for o in outcomes}
    versions = f":\n{versions}" if versions else ""
    return _PAGE.format(versions=versions, legend=legend(), table=table(words))


def told(outcome):
    """An outcome's word; where chance decides, both words, whichever it was."""
    cell = outcome.fault, outcome.backend
    words = FAULTS[outcome.fault].promises[outcome.backend], BY_CHANCE.get(cell)
    if words[1] is not None and outcome.word in words:
        return " or ".join(words)
    return outcome.word


def legend():
    """What the words mean."""
    return "\n".join(f"- **{word}**: {meaning}" for word, meaning in _WORDS.items())


def table(words, faults=FAULTS):
    """One line a fault, one column a backend."""
    head = ["a task, or what happens around it", *(f"`{b}`" for b in BACKENDS)]
    lines = [head, ["---"] * len(head)]
    for name in faults:
        cells = [words.get((name, backend), NOT_PROMISED) for backend in BACKENDS]
        lines.append([FAULTS[name].text, *cells])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def words_of(text):
    """``{(fault, backend): word}`` of a page that `page` made."""
    names = {fault.text: name for name, fault in FAULTS.items()}
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if cells[0] in names:
            for backend, word in zip(BACKENDS, cells[1:], strict=True):
                if word != NOT_PROMISED:
                    found[names[cells[0]], backend] = word
    return found


def short(outcomes):
    """A table for the README: faults that differ little share a line."""
    words = {(o.fault, o.backend): told(o) for o in outcomes}
    head = ["a task …", *(f"`{b}`" for b in BACKENDS)]
    lines = [head, ["---"] * len(head)]
    for text, names in GROUPS.items():
        cells = [
            "; or ".join(
                dict.fromkeys(words[n, backend] for n in names if (n, backend) in words)
            )
            for backend in BACKENDS
        ]
        lines.append([text, *cells])
    inside = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{START}\n{inside}\n{END}"
