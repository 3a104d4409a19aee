"""Floor 3: where the worker-seconds of a Run went.

ledger(run)                 n_workers x makespan, cut into parts that add up
efficiencies(run)           the same as factors that multiply

`parts.py` names the parts, `spans.py` does arithmetic on intervals, `readiness.py`
finds when there was something to take, `lanes.py` cuts up one worker's time and
`slots.py` one agent's. None of them knows who made the Run or how it is shown.
"""

from .factors import efficiencies
from .ledgers import Ledger
from .making import ledger

__all__ = ["Ledger", "efficiencies", "ledger"]
