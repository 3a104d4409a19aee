"""Floor 2: `Sweep`, one batch measured with several numbers of workers.

Knows measurements by number of workers, backend and repeat, and what each of them says
by itself; refuses to know laws that join them, drawing, and how they were measured. A
Run that it is given need only have `meta` and `summary()`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from . import laws, measurements
from .errors import ArgumentError, SchemaError, one_of
from .measurements import MEASURES

__all__ = ["Sweep"]

SCALES = ("strong", "weak")


class Sweep:
    """The same batch under several numbers of workers, each repeat kept.

    Made by `Sweep.from_frame` from measurements of anything, by `Sweep.from_runs` from
    Runs. Immutable; `only` gives a part of it.

    Parameters
    ----------
    rows : DataFrame
        One row per measurement, as `Sweep.rows` gives them.
    measure : {"makespan", "throughput", "speedup"}
        What their values are; makespans in s.
    scale : {"strong", "weak"}
        Whether the batch stayed the same, or grew with the workers.
    label : str
        What the measurements are called.
    runs : sequence of Run
        Of each row; none where only numbers are known.

    Examples
    --------
    >>> table = pd.DataFrame({"cores": [1, 2, 4], "seconds": [12.0, 7.2, 4.8]})
    >>> sweep = Sweep.from_frame(table, n="cores", time="seconds")
    >>> sweep.table[["n_workers", "makespan", "speedup", "efficiency", "karp_flatt"]]
       n_workers  makespan   speedup  efficiency  karp_flatt
    0          1      12.0  1.000000    1.000000         NaN
    1          2       7.2  1.666667    0.833333         0.2
    2          4       4.8  2.500000    0.625000         0.2
    """

    __slots__ = (
        "__weakref__",
        "_label",
        "_measure",
        "_n_workers",
        "_reference",
        "_rows",
        "_runs",
        "_scale",
        "_throughput",
    )

    def __init__(
        self,
        rows: pd.DataFrame,
        *,
        measure: str,
        scale: str = "strong",
        label: str = "",
        runs: Sequence[Any] = (),
    ):
        """Rows as `measurements` has them, checked; prefer `from_frame`."""
        put = object.__setattr__
        put(self, "_measure", one_of("measure", measure, MEASURES))
        put(self, "_scale", one_of("scale", scale, SCALES))
        put(self, "_label", str(label))
        put(self, "_rows", measurements.checked(rows, measure))
        put(self, "_runs", tuple(runs))
        if self._runs and len(self._runs) != len(self._rows):
            raise SchemaError(
                f"runs: expected one for each of the {len(self._rows)} measurements; "
                f"got {len(self._runs)}"
            )
        put(self, "_n_workers", np.unique(self._rows["n_workers"].to_numpy()))
        rate = measurements.throughput(self._rows, measure, scale)
        rate.flags.writeable = False
        put(self, "_throughput", rate)
        put(self, "_reference", measurements.reference(self._rows, measure, rate))

    def __setattr__(self, name, value):
        raise AttributeError(f"a Sweep is frozen: {name!r} cannot be set")

    def __delattr__(self, name):
        raise AttributeError(f"a Sweep is frozen: {name!r} cannot be deleted")

    def __getstate__(self):
        names = set(self.__slots__) - {"__weakref__"}
        return None, {name: getattr(self, name) for name in names}

    def __setstate__(self, state):
        for name, value in state[1].items():
            object.__setattr__(self, name, value)

    def __len__(self):
        return len(self._rows)

    def __repr__(self):
        told = "{:,}" if self.n_workers.dtype == np.int64 else "{:,.3g}"
        counts = measurements.listed(map(told.format, self.n_workers))
        of_each = self._rows.groupby(["backend", "n_workers"]).size()
        fewest, most = int(of_each.min()), int(of_each.max())
        repeats = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        parts = [
            f"{counts} worker{'s' * (list(self.n_workers) != [1])}",
            f"{repeats} repeat{'s' * (most != 1)} of each",
            f"{self._scale} scaling",
            f"{self._measure} measured",
        ]
        backends = [name for name in self.backends if name]
        if backends:
            parts.insert(1, measurements.listed(backends))
        head = f"{self._label!r} " if self._label else ""
        return f"<Sweep {head}{' · '.join(parts)}>"

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        n: str = "n_workers",
        time: str | None = None,
        throughput: str | None = None,
        speedup: str | None = None,
        backend: str | None = None,
        repeat: str | None = None,
        scale: str = "strong",
        label: str = "",
    ) -> Sweep:
        """A Sweep from measurements of anything, by column name.

        Parameters
        ----------
        frame : DataFrame
            One row per measurement; several rows of one `n` are repeats.
        n : str
            Workers: processes, threads, clients, machines; whole numbers from 1. With
            `throughput` it may be a load that has fractions, such as the mean number of
            busy sessions; above 0.
        time, throughput, speedup : str
            The column that was measured; exactly one. Times are makespans in seconds,
            or timedeltas.
        backend : str, optional
            What tells several series apart.
        repeat : str, optional
            Default: repeats are numbered as they come.
        scale : {"strong", "weak"}
            Whether the batch stayed the same, or grew in proportion to `n`, every
            part of it. Speedups of weak scaling are scaled ones: n T_1 / T_n. Where a
            part does not grow, that is too much: name as `throughput` what was done
            per second instead.
        label : str
            What the measurements are called in titles.

        Raises
        ------
        SchemaError
            If a column is absent or holds what is no such number.
        ArgumentError
            If not exactly one of `time`, `throughput`, `speedup` is named, or `scale`
            is neither.
        """
        told = {"makespan": time, "throughput": throughput, "speedup": speedup}
        rows, measure = measurements.of_frame(
            frame, n, told, backend=backend, repeat=repeat
        )
        return cls(rows, measure=measure, scale=scale, label=label)

    @classmethod
    def from_runs(
        cls,
        runs: Sequence[Any],
        *,
        scale: str = "strong",
        label: str = "",
        backends: Sequence[str] | None = None,
        growth: Sequence[float] | None = None,
    ) -> Sweep:
        """A Sweep of Runs of one batch; those with equal n_workers are repeats.

        Parameters
        ----------
        runs : sequence of Run
            In the order in which they were made.
        scale : {"strong", "weak"}
        label : str
        backends : sequence of str, optional
            Of each Run. Default: what it says itself, which for a single worker may be
            another one than was asked for.
        growth : sequence of float, optional
            Of weak scaling: what one worker would need for each Run's batch, over what
            it needs for its own. Default: as many times as there are workers.

        Raises
        ------
        ArgumentError
            If one of them has no makespan, or `growth` is of other runs.
        """
        rows = measurements.of_runs(runs, backends, growth)
        return cls(rows, measure="makespan", scale=scale, label=label, runs=runs)

    @property
    def measure(self) -> str:
        """What was measured: ``makespan``, ``throughput`` or ``speedup``."""
        return self._measure

    @property
    def scale(self) -> str:
        """``strong``: the batch stays the same; ``weak``: it grows with n."""
        return self._scale

    @property
    def label(self) -> str:
        """What the measurements are called."""
        return self._label

    @property
    def rows(self) -> pd.DataFrame:
        """What it is made of, as `Sweep` takes it; `table` is for reading.

        Returns
        -------
        DataFrame
            Columns ``n_workers``, ``backend``, ``repeat``, ``value`` (what was
            measured) and, of Runs, ``utilization``, ``load_balance``, ``work`` and,
            where it is known, ``growth``.
        """
        return self._rows.copy(deep=False)

    @property
    def runs(self) -> tuple:
        """The Run of each row of `table`; empty where only numbers are known."""
        return self._runs

    @property
    def n_workers(self) -> np.ndarray:
        """Each number of workers that was measured, ascending."""
        return self._n_workers.copy()

    @property
    def n_of_each(self) -> np.ndarray:
        """The number of workers of each row of `table`."""
        return self._rows["n_workers"].to_numpy()

    @property
    def backends(self) -> list[str]:
        """In the order in which they come; ``""`` where none was named."""
        return list(dict.fromkeys(self._rows["backend"]))

    @property
    def throughput(self) -> np.ndarray:
        """What was measured of each row of `table`, as work per time.

        Batches per second for makespans (of weak scaling: batches of one worker's
        size), else as measured.
        """
        return self._throughput

    def grown(self, n_workers) -> np.ndarray:
        """The batch of any number of workers, as a multiple of one worker's.

        1 in strong scaling; in weak scaling as many times as there are workers, or what
        `growth` told, in straight lines between and beyond the numbers measured.

        Parameters
        ----------
        n_workers : array of shape (n,)

        Returns
        -------
        array of shape (n,)
        """
        n = np.asarray(n_workers, dtype=float)
        return measurements.grown_at(self._rows, self._scale, n)

    @property
    def reference(self) -> Mapping[str, float]:
        """The throughput of one worker by backend, the median of its repeats.

        The median, as one disturbed repeat would bend all speedups. A backend that was
        not measured with one worker is not in it. Where speedups were measured, it is
        1: they have been divided already.
        """
        return dict(self._reference)

    @property
    def table(self) -> pd.DataFrame:
        """One row per measurement, in the order given. NaN: not known.

        Returns
        -------
        DataFrame
            - ``n_workers`` (int64; float64 of loads), ``backend`` (str), ``repeat``
              (int64, from 0)
            - ``makespan`` (s), ``throughput``: see `throughput`; NaN where speedups
              were measured
            - ``speedup``: throughput / that of one worker (`reference`); of weak
              scaling the scaled speedup n T_1 / T_n, with the batch's `growth` for n
              where that is known
            - ``efficiency``: speedup / n_workers
            - ``utilization``, ``load_balance``: of the Run
            - ``work_inflation``: work / (T_1, times the batch's growth in weak
              scaling): efficiency = utilization / work_inflation
            - ``karp_flatt``: serial fraction by this row alone (strong scaling)
            - ``scaled_serial_fraction``: Gustafson's (weak scaling); neither is ever
              given for the other
        """
        table = measurements.table(
            self._rows, self._measure, self._scale, self._reference
        )
        n, speedup = self.n_of_each, table["speedup"].to_numpy()
        unknown = np.full(len(table), np.nan)
        is_strong = self._scale == "strong"
        karp_flatt, scaled = laws.karp_flatt, laws.scaled_serial_fraction
        return table.assign(
            karp_flatt=karp_flatt(speedup, n) if is_strong else unknown,
            scaled_serial_fraction=unknown if is_strong else scaled(speedup, n),
        )

    def only(
        self, backend: str | None = None, *, n_workers: Sequence[int] | None = None
    ) -> Sweep:
        """The part with one backend, or with some numbers of workers.

        Raises
        ------
        ArgumentError
            If nothing is left.
        """
        kept = np.ones(len(self._rows), dtype=bool)
        if backend is not None:
            one_of("backend", backend, self.backends)
            kept &= (self._rows["backend"] == backend).to_numpy()
        if n_workers is not None:
            kept &= self._rows["n_workers"].isin(list(n_workers)).to_numpy()
        if not kept.any():
            known = measurements.listed(f"{n:g}" for n in self.n_workers)
            raise ArgumentError(
                f"`n_workers` must be among {known}; got {list(n_workers)}"
            )
        runs = [run for run, keep in zip(self._runs, kept, strict=False) if keep]
        return Sweep(
            self._rows[kept],
            measure=self._measure,
            scale=self._scale,
            label=self._label,
            runs=runs,
        )

    def precision(self, within: float = 0.05) -> pd.DataFrame:
        """How well repeats agree, and how many more there should be.

        Parameters
        ----------
        within : float
            The share to which a mean should be known, with 95 % confidence.

        Returns
        -------
        DataFrame
            One row per backend and number of workers: ``n_repeats``; ``mean`` of what
            was measured; ``cv``, standard deviation / mean; ``half_width``, half of the
            mean's 95 % interval / mean; ``needed``, repeats in all for `within`; and
            ``more``, those that are missing. One repeat says nothing of its precision:
            NaN, and at least one more.

        References
        ----------
        Georges, Buytaert, Eeckhout, "Statistically rigorous Java performance
        evaluation", *OOPSLA*, 2007: mean +/- t s / sqrt(r). `needed` is Stein's
        two-stage sample size, (t cv / within) ** 2: *Annals of Mathematical Statistics*
        16(3), 1945.

        Raises
        ------
        ArgumentError
            If `within` is not positive.

        Examples
        --------
        >>> table = pd.DataFrame({"n": [1, 1, 1], "s": [9.0, 10.0, 11.0]})
        >>> sweep = Sweep.from_frame(table, n="n", time="s")
        >>> sweep.precision()[
        ...     ["n_repeats", "cv", "half_width", "needed", "more"]
        ... ].round(2)
           n_repeats   cv  half_width  needed  more
        0          3  0.1        0.25      75    72
        """
        return measurements.precision(self._rows, within)
