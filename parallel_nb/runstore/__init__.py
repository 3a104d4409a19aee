"""Floor 6: past runs in a folder that many may write to at once.

`stores.py` is the RunStore; `folders.py` is where files lie, here or far away,
`rows.py` what a file says of its run, `describing.py` what is added to it, `index.py`
what was read of it before, `pruning.py` what may go, `querying.py` SQL over all
attempts. Refuses to know what the numbers mean. A run is one immutable file, written in
one step, so nobody has to lock anything.
"""

from .stores import RunStore

__all__ = ["RunStore"]
