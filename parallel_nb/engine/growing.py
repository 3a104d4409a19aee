"""How much more there was to do for more workers, where the batch grows with them.

Knows what each input took; refuses to know what was made of it.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from ..runs import Run


def growth(
    runs: Sequence[Run], inputs: Sequence[Sequence], backends: Sequence[str]
) -> list[float]:
    """The work of each Run's batch over that of one worker's, by measured durations.

    An input that several numbers of workers had counts as it took with the fewest of
    them, so that what slows many workers down is not taken for more work.

    Parameters
    ----------
    runs : sequence of Run
    inputs : sequence of list
        Of each Run.
    backends : sequence of str
        Of each Run; each is measured by its own.

    Returns
    -------
    list of float
        Where one worker was not measured, the fewest count as so many times one.
    """
    found = [0.0] * len(runs)
    for backend in dict.fromkeys(backends):
        at = [i for i, each in enumerate(backends) if each == backend]
        works = _works([runs[i] for i in at], [inputs[i] for i in at])
        n = np.array([runs[i].meta.n_workers for i in at])
        fewest = n.min()
        of_n = {each: float(np.median(works[n == each])) for each in set(n.tolist())}
        of_one = of_n[fewest] / fewest
        for i in at:
            found[i] = of_n[runs[i].meta.n_workers] / of_one
    return found


def _works(runs: list[Run], inputs: list) -> np.ndarray:
    """What one worker would need for each batch, in seconds."""
    seconds = [_durations(run) for run in runs]
    known: dict[Hashable, tuple[int, list[float]]] = {}
    for run, took, batch in zip(runs, seconds, inputs, strict=True):
        n = run.meta.n_workers
        for value, each in zip(batch, took, strict=True):
            key = _key(value)
            if key is None:
                continue
            fewest, of_key = known.get(key, (n, []))
            if n < fewest:
                of_key = []
            if n <= fewest:
                of_key.append(each)
                known[key] = n, of_key
    usual = {key: float(np.median(of_key)) for key, (_, of_key) in known.items()}
    return np.array(
        [
            sum(
                usual.get(_key(value), each)
                for value, each in zip(batch, took, strict=True)
            )
            for took, batch in zip(seconds, inputs, strict=True)
        ]
    )


def _durations(run: Run) -> list[float]:
    tasks = run.tasks.sort_values("task")
    return (tasks["ended"] - tasks["started"]).tolist()


def _key(value) -> Hashable | None:
    try:
        hash(value)
    except TypeError:
        return None
    return type(value), value
