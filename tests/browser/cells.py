"""Cells of the notebooks that are opened: what each widget is shown with."""

RUN = """
import numpy as np
import pandas as pd
import parallel_nb as pnb
from parallel_nb.scheduling import list_schedule

rng = np.random.default_rng(0)
lengths = rng.lognormal(0, 0.8, 80)
lanes = list_schedule(lengths, 4)
frame = pd.DataFrame({
    "task": np.arange(80),
    "name": [f"fit-{i % 3}" for i in range(80)],
    "agent": [["runner", "reviewer"][i % 2] for i in range(80)],
    "status": ["failed" if i % 20 == 7 else "done" for i in range(80)],
    "error": ["ValueError: too few" if i % 20 == 7 else None for i in range(80)],
    "started": lanes.started,
    "ended": lanes.ended,
    "worker": lanes.worker,
})
pnb.explore(pnb.Run.from_frame(frame, label="eighty fits"))
"""
SWEEP = """
import numpy as np
import pandas as pd
import parallel_nb as pnb

n = np.repeat([1, 2, 4, 8], 4)
seconds = 10 * (0.1 + 0.9 / n) * np.random.default_rng(0).normal(1, 0.02, len(n))
table = pd.DataFrame({"n": n, "seconds": seconds})
pnb.explore(pnb.Sweep.from_frame(table, n="n", time="seconds"))
"""
LAWS = "import parallel_nb as pnb\npnb.laws_lab()"
SCHEDULES = "import parallel_nb as pnb\npnb.schedule_lab()"
PAST = """
import tempfile
from pathlib import Path
import pandas as pd
import parallel_nb as pnb

folder = tempfile.TemporaryDirectory(prefix="past-")
for label, ended in (("monday", 4.0), ("tuesday", 2.0), ("wednesday", 3.0)):
    table = pd.DataFrame({"task": [0, 1], "started": [0, 0], "ended": [ended, 1.0]})
    table["worker"] = [0, 1]
    run = pnb.Run.from_frame(table, label=label)
    pnb.save(run, Path(folder.name, f"{label}.parquet"))
pnb.browse(folder.name)
"""
WIDGETS = {
    "run": RUN,
    "sweep": SWEEP,
    "laws": LAWS,
    "schedules": SCHEDULES,
    "past": PAST,
}
# Half of eight tasks end at once, the others when a file is there.
NAPS = """
import time
from pathlib import Path
import parallel_nb as pnb

def nap(task):
    while task >= 4 and not Path("{file}").exists():
        time.sleep(0.05)
    return task
"""
LIVE = (
    NAPS
    + """
run = pnb.run(nap, range(8), n_jobs=2, label="naps")
"""
)
LIVE_BEHIND = (
    NAPS
    + """
handle = pnb.start(nap, range(8), n_jobs=2, label="naps")
"""
)
