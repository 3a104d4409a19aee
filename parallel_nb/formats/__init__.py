"""Floor 4: what other tools write about their runs → Runs and Sweeps, and back out.

One small file a format. `source.py` is what all of them read from, `assembling.py` what
all of them build with, `finding.py` tells the formats apart. Refuses to know our own
files (`store.py`, the journal) and what becomes of a Run.
"""
