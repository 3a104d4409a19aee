"""How long other tools' largest logs take to read, and how much memory.

    python -m tests.benchmarks.reading [--size SHARE]

Makes a Chrome trace of 1 GB and a job log of 5,000,000 lines (or that share of both) in
a temporary folder and reads each in a process of its own. What was promised is ≤ 60 s
and a peak of ≤ 4 times the file's size, Python and pandas included.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TRACE_BYTES = 1_000_000_000
LOG_LINES = 5_000_000
N_LANES = 64
MOST_SECONDS, MOST_TIMES = 60.0, 4.0


def make_trace(path, n_bytes):
    """A build on many threads, each action with a step inside of it."""
    chance = random.Random(1)
    free = [0] * N_LANES
    with path.open("w") as file:
        file.write('{"otherData": {"build_id": "1"}, "traceEvents": [\n')
        for lane in range(N_LANES):
            file.write(
                f'{{"name":"thread_name","ph":"M","pid":1,"tid":{lane},'
                f'"args":{{"name":"worker {lane}"}}}},\n'
            )
        at = 0
        while file.tell() < n_bytes:
            for _ in range(1000):
                lane, length = at % N_LANES, chance.randrange(10, 3000)
                start = free[lane]
                free[lane] += length + 5
                file.write(
                    f'{{"name":"compile module_{at}.cc","cat":"build","ph":"X",'
                    f'"ts":{start},"dur":{length},"pid":1,"tid":{lane},'
                    f'"args":{{"target":"//library:module_{at}"}}}},\n'
                    f'{{"name":"parse","cat":"step","ph":"X","ts":{start + 1},'
                    f'"dur":{length // 2},"pid":1,"tid":{lane}}},\n'
                )
                at += 1
        file.write('{"name":"end","ph":"i","ts":0,"pid":1,"tid":0}\n]}\n')
    return at


def make_log(path, n_lines):
    """A batch of commands on as many slots."""
    chance = random.Random(1)
    free = [1.7e9] * N_LANES
    with path.open("w") as file:
        file.write("Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal")
        file.write("\tCommand\n")
        for at in range(n_lines):
            lane, length = at % N_LANES, chance.random() * 3
            failed = int(chance.random() < 0.01)
            file.write(
                f"{at + 1}\t:\t{free[lane]:.3f}\t{length:10.3f}\t0\t0\t{failed}\t0\t"
                f"python simulate.py --seed {at} --out results/{at}.json\n"
            )
            free[lane] += length
    return n_lines


def read_alone(path):
    """Read in this process: what it took, as JSON."""
    from parallel_nb.reading import read

    began, cpu = time.perf_counter(), time.process_time()
    run = read(path)
    found = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "n_tasks": len(run.tasks),
    }
    print(json.dumps(found))


def measure(name, path, n_tasks):
    command = [sys.executable, "-m", "tests.benchmarks.reading", "--read", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["n_tasks"] == n_tasks, (found, n_tasks)
    size = path.stat().st_size
    times = found["peak"] / size
    keeps = found["seconds"] <= MOST_SECONDS and times <= MOST_TIMES
    print(
        f"{name:12} {size / 1e6:8,.0f} MB {n_tasks:10,} tasks",
        f"{found['seconds']:7.1f} s ({found['cpu']:.1f} s CPU)",
        f"{found['peak'] / 1e6:8,.0f} MB, {times:.1f} × the file",
        "kept" if keeps else "NOT KEPT",
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--size", type=float, default=1.0, help="share of the full size"
    )
    parser.add_argument("--read", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.read:
        read_alone(chosen.read)
        return
    os.chdir(Path(__file__).parents[2])
    print(
        f"limits: {MOST_SECONDS:g} s and {MOST_TIMES:g} × the file's size, at full size"
    )
    with tempfile.TemporaryDirectory() as folder:
        trace, log = Path(folder) / "trace.json", Path(folder) / "joblog.txt"
        n_tasks = make_trace(trace, int(TRACE_BYTES * chosen.size))
        measure("Chrome trace", trace, n_tasks)
        trace.unlink()
        measure("job log", log, make_log(log, int(LOG_LINES * chosen.size)))


if __name__ == "__main__":
    main()
