"""An interrupt ends a run soon, keeps what had finished, and breaks nothing later."""

import json
import signal

import pytest

from .processes import comes_true, marked, start_script

BACKENDS = ["isolated", "loky", "multiprocessing", "threading", "sequential"]

LONG_TASKS = """
import json, os, signal, tempfile, threading, time
import parallel_nb as pnb
from tests.engine import chores

os.setpgrp()
sent = 0.0

def interrupt(folder, n_running):
    global sent
    for key in "abc":
        chores.wait_for(folder, key)
    while chores.marks(folder)["long"] < n_running:
        time.sleep(0.01)
    time.sleep(0.2)
    sent = time.perf_counter()
    if WHOM == "the group":
        os.killpg(os.getpgrp(), 2)
    else:
        os.kill(os.getpid(), 2)

def work(folder, key, seconds):
    chores.leave_mark(folder, key)
    time.sleep(seconds)
    return key

def report(backend):
    folder = tempfile.mkdtemp()
    n_running = 1 if backend == "sequential" else 2
    threading.Thread(target=interrupt, args=(folder, n_running)).start()
    tasks = [pnb.Task(work, folder, key, 0) for key in "abc"]
    tasks += [pnb.Task(work, folder, "long", 20) for _ in range(6)]
    try:
        pnb.run(tasks, n_jobs=2, backend=backend)
    except BaseException as error:
        raised, elapsed = type(error).__name__, time.perf_counter() - sent
    run = pnb.last_run()
    again = pnb.run(chores.double, [1, 2, 3], n_jobs=2, backend=backend)
    return {
        "raised": raised,
        "elapsed": elapsed,
        "ended_by": run.meta.ended_by,
        "statuses": run.tasks["status"].tolist(),
        "n_started": int(run.tasks["started"].notna().sum()),
        "results": run.results_or(None),
        "again": again.results,
    }

print(json.dumps({backend: report(backend) for backend in BACKENDS}))
"""


@pytest.fixture(scope="module", params=["the process", "the group"])
def reports(request):
    program = start_script(LONG_TASKS, BACKENDS=BACKENDS, WHOM=request.param)
    out, err = program.communicate(timeout=120)
    assert program.returncode == 0, err
    return json.loads(out.splitlines()[-1])


@pytest.mark.parametrize("backend", BACKENDS)
class TestLongTasks:
    def test_end_soon(self, reports, backend):
        # Each would last twenty seconds.
        assert reports[backend]["elapsed"] < 3
        assert reports[backend]["raised"] == "KeyboardInterrupt"

    def test_leave_a_partial_run(self, reports, backend):
        report = reports[backend]
        assert report["ended_by"] == "interrupt"
        assert report["results"] == ["a", "b", "c"] + [None] * 6
        assert report["statuses"] == ["done"] * 3 + ["cancelled"] * 6

    def test_are_known_to_have_started(self, reports, backend):
        # Elsewhere a worker does not say what it has begun.
        n_running = {"isolated": 2, "sequential": 1}
        if backend in n_running:
            assert reports[backend]["n_started"] == 3 + n_running[backend]

    def test_the_next_run_works(self, reports, backend):
        assert reports[backend]["again"] == [2, 4, 6]


TINY_TASKS = """
import itertools, json, os, signal, threading, time
import parallel_nb as pnb

N = 120_000
wrong = []

def interrupt(delay):
    time.sleep(delay)
    os.kill(os.getpid(), 2)

def interrupted(backend, make_inputs, delay):
    # Others may have the cores: the seconds of this process say whether it ends soon,
    # those of the clock only that it ends.
    while True:
        sender = threading.Thread(target=interrupt, args=(delay,))
        label = f"{backend} {delay}"
        began, cpu = time.perf_counter(), time.process_time()
        sender.start()
        try:
            pnb.run(abs, make_inputs(), n_jobs=2, backend=backend, label=label)
            sender.join()
            time.sleep(1)
        except KeyboardInterrupt:
            took = time.perf_counter() - began - delay
            cpu = time.process_time() - cpu - delay
        run = pnb.last_run()
        if run.meta.label == label:
            return run, took, cpu
        delay *= 2  # it came before the run had begun

def check(backend, make_inputs, delay):
    run, took, cpu = interrupted(backend, make_inputs, delay)
    tasks, results = run.tasks, run.results_or(None)
    is_done = tasks["status"].eq("done").to_numpy()
    yield took < 40 and cpu < 3
    yield run.meta.ended_by in ("interrupt", "completion")
    yield len(run.attempts) == len(tasks) == len(results)
    yield tasks["status"].isin(["done", "cancelled"]).all()
    yield all((r == i) == d for i, (r, d) in enumerate(zip(results, is_done)))

def endless():
    return map(int.__neg__, itertools.count())

def some():
    return range(0, -N, -1)

for backend in BACKENDS:
    pnb.run(abs, [0, 0], n_jobs=2, backend=backend)
    for i in range(4):
        make_inputs = endless if i % 2 else some
        try:
            claims = list(check(backend, make_inputs, 0.05 + 0.013 * i))
        except BaseException as error:
            claims = [f"{type(error).__name__}: {error}"]
        if not all(claim is True or claim == True for claim in claims):
            wrong.append([backend, i, list(map(str, claims))])
print(json.dumps(wrong))
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_interrupt_among_tiny_tasks_loses_no_row(script, backend):
    assert script(TINY_TASKS, BACKENDS=[backend]) == []


AGAIN_AND_AGAIN = """
import json, os, signal, tempfile, threading, time
import parallel_nb as pnb
from tests.engine import chores

def interrupt(folder, pause):
    chores.wait_for(folder, "began")
    for _ in range(3):
        os.kill(os.getpid(), 2)
        time.sleep(pause)

def work(folder, key, seconds):
    chores.leave_mark(folder, "began")
    time.sleep(seconds)
    return key

def quiet(sender):
    signal.signal(2, signal.SIG_IGN)
    sender.join()
    signal.signal(2, signal.default_int_handler)

wrong = []
pnb.run(abs, [1], n_jobs=2, backend=BACKEND, label="older")
for pause in [0, 0.001, 0.01, 0.1]:
    folder, label = tempfile.mkdtemp(), f"pause {pause}"
    sender = threading.Thread(target=interrupt, args=(folder, pause))
    sender.start()
    tasks = [pnb.Task(work, folder, key, 20 * (key > 0)) for key in range(6)]
    began = time.perf_counter()
    try:
        try:
            pnb.run(tasks, n_jobs=2, backend=BACKEND, label=label)
        finally:
            quiet(sender)  # the last ones may come when the run is over
    except KeyboardInterrupt:
        quiet(sender)
    run = pnb.last_run()
    claims = {
        "newest": run.meta.label == label,
        "ended_by": run.meta.ended_by == "interrupt",
        "rows": len(run.attempts) == len(run.tasks) == 6,
        "cancelled": set(run.tasks["status"]) <= {"done", "cancelled"},
        "soon": time.perf_counter() - began < 10,
    }
    if not all(claims.values()):
        wrong.append([label, [claim for claim, holds in claims.items() if not holds]])
print(json.dumps(wrong))
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_who_interrupts_three_times_has_the_newest_run(script, backend):
    assert script(AGAIN_AND_AGAIN, BACKEND=backend) == []


RUN_AND_WAIT = """
import tempfile, os
import parallel_nb as pnb
from tests.engine import chores

def work(_):
    os.write(1, b"working\\n")
    chores.nap(60)

pnb.run([pnb.Task(work, 0), pnb.Task(work, 0)], n_jobs=2)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_kernel_ends_its_lanes(number, request):
    mark = request.node.nodeid
    with start_script(RUN_AND_WAIT, mark) as program:
        for _ in range(2):
            assert program.stdout.readline() == "working\n", program.stderr.read()
        program.send_signal(number)
        program.wait(timeout=10)
        assert comes_true(lambda: not marked(mark), seconds=2)


INTERRUPTED_COMMAND = """
import json, os, threading, time
import psutil
import parallel_nb as pnb

def commands():
    children = psutil.Process().children()
    return [child for child in children if "sleep" in child.cmdline()]

def interrupt():
    while not commands():
        time.sleep(0.01)
    time.sleep(0.1)
    os.kill(os.getpid(), 2)

threading.Thread(target=interrupt).start()
try:
    pnb.run([pnb.shell("exec sleep 30")], backend=BACKEND, n_jobs=2)
except KeyboardInterrupt:
    run = pnb.last_run()
left = [child.status() for child in commands()]
print(json.dumps([run.tasks["status"].tolist(), left]))
"""


@pytest.mark.parametrize("backend", ["sequential", "threading"])
def test_an_interrupted_command_is_ended_and_reaped(script, backend):
    statuses, left = script(INTERRUPTED_COMMAND, BACKEND=backend)
    assert (statuses, left) == (["cancelled"], [])
