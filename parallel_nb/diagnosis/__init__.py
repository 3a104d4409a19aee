"""Floor 4: what would make a Run shorter or cheaper, and by how much.

findings(run)   → Findings: a ranked list of what is wrong, with remedies

`case.py` is a Run with what several findings ask of it, `replaying.py` schedules its
attempts again, `thresholds.py` says from when on something is worth a sentence. Each
other file has the findings of one subject; none of them knows how they are shown.
"""

from .making import findings
from .results import Finding, Findings

__all__ = ["Finding", "Findings", "findings"]
