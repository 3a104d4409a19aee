"""The house stands: imports run downwards, and what must stay light is light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "parallel_nb"

# A file imports only from lower floors; a package is one room, whose files may import
# each other. CONTRIBUTING.md shows the same table to people, and a test compares them.
FLOORS = {
    "errors": 0,
    "schema": 0,
    "metrics": 0,
    "attachments": 1,
    "laws": 1,
    "measurements": 1,
    "meta": 1,
    "oneline": 1,
    "scheduling": 1,
    "tables": 1,
    "totals": 1,
    "tasks": 2,
    "runs": 2,
    "sweeps": 2,
    "planning": 3,
    "accounting": 3,
    "simulation": 3,
    "fitting": 3,
    "comparison": 4,
    "diagnosis": 4,
    "store": 4,
    "formats": 4,
    "engine": 5,
    "draw": 5,
    "reading": 6,
    "runstore": 6,
    "writing": 6,
    "debrief": 7,
    "reporting": 7,
    "walkthrough": 7,
    "display": 7,
    "board": 7,
    "magics": 7,
    "widgets": 7,
    "workloads": 7,
    "cli": 8,
    "__init__": 9,
    "__main__": 10,
}
# Every room raises the package's exceptions, the other one on the ground floor too.
SIDEWAYS = {("schema", "errors")}
# A constant of the package, set before anything else is imported.
ALWAYS_THERE = {"__version__"}
# Where a library may be imported, and nowhere else.
HOMES = {
    "joblib": {"engine"},
    "loky": {"engine"},
    "cloudpickle": {"engine", "store"},
    "matplotlib": {"draw"},
    "ipywidgets": {"widgets"},
}
HEAVY = {"IPython", "ipywidgets", "joblib", "matplotlib", "numpy", "pandas", "scipy"}


def room_of(module):
    """The file or package directly under parallel_nb that a dotted name lies in."""
    return module.split(".")[1] if "." in module else "__init__"


def imports_of(path, module, modules):
    """Every (line, dotted module, imported name) of a file, inside functions too."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, ""
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield node.lineno, inner if inner in modules else base, alias.name
        elif isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            target = getattr(node.args[0], "value", None)
            if name in {"import_module", "__import__"} and isinstance(target, str):
                if target.startswith("."):
                    target = package + "." + target.lstrip(".")
                yield node.lineno, target, ""


def violations(package_folder):
    """What in a package breaks the floors, one sentence each."""
    name = package_folder.name
    files = {}
    for path in sorted(package_folder.rglob("*.py")):
        parts = path.relative_to(package_folder.parent).with_suffix("").parts
        files[".".join(parts).removesuffix(".__init__")] = path
    found = []
    for module, path in files.items():
        here = room_of(module)
        if here not in FLOORS:
            found.append(
                f"{module}: has no floor; give it one in {Path(__file__).name}"
            )
            continue
        for line, target, imported in imports_of(path, module, files):
            where = f"{module}, line {line}"
            if target.split(".")[0] != name:
                homes = HOMES.get(target.split(".")[0])
                if homes is not None and here not in homes:
                    rooms = " and ".join(sorted(homes))
                    found.append(f"{where}: {target} may be imported in {rooms} only")
                continue
            there = room_of(target)
            if there == here or (here, there) in SIDEWAYS:
                continue
            if there == "__init__" and imported in ALWAYS_THERE:
                continue
            if there not in FLOORS:
                found.append(f"{where}: {target} has no floor")
            elif FLOORS[there] == FLOORS[here]:
                found.append(f"{where}: sideways import of {target}")
            elif FLOORS[there] > FLOORS[here]:
                found.append(f"{where}: upward import of {target}")
    return found


def loaded_by(statement):
    """Top-level modules that a statement adds to those of a fresh interpreter."""
    code = (
        "import sys; before = set(sys.modules)\n"
        f"{statement}\n"
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


# --- the package ---


def test_imports_run_downwards_only():
    assert violations(ROOT / PACKAGE) == []


def test_contributing_shows_the_same_floors():
    shown = {}
    for line in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0].isdigit():
            for room in cells[1].split(" · "):
                shown[room.strip("`/").removesuffix(".py")] = int(cells[0])
    assert shown == FLOORS


@pytest.mark.parametrize("module", ["worker", "serve"])
def test_a_worker_loads_nothing_heavy(module):
    loaded = loaded_by(f"import parallel_nb.engine.{module}")
    assert PACKAGE in loaded
    assert loaded & HEAVY == set()


def test_importing_the_package_loads_the_standard_library_only():
    loaded = loaded_by("import parallel_nb; dir(parallel_nb); parallel_nb.__version__")
    assert loaded - sys.stdlib_module_names == {PACKAGE}


# --- the checker itself ---


def check(tmp_path, **files):
    """Violations of a tree with the given files; `a__b` stands for a/b.py."""
    package = tmp_path / PACKAGE
    for name, text in {"init": "", **files}.items():
        path = package.joinpath(*name.split("__")).with_suffix(".py")
        if path.stem == "init":
            path = path.with_name("__init__.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return violations(package)


def test_downward_imports_pass(tmp_path):
    assert (
        check(
            tmp_path,
            errors="",
            schema="from .errors import SchemaError",
            runs="import numpy\nfrom . import schema\nfrom . import __version__",
            engine__init="",
            engine__lanes="import joblib\nfrom . import worker\nfrom ..runs import Run",
            engine__worker="from parallel_nb.errors import BackendError",
            init="from importlib import import_module",
        )
        == []
    )


@pytest.mark.parametrize(
    "text",
    [
        "from .engine import running",
        "from . import engine",
        "from .engine.running import run",
        "import parallel_nb.engine.running",
        "from parallel_nb.engine import running",
        "def late():\n    from . import engine",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import engine",
        "from importlib import import_module\nimport_module('parallel_nb.engine')",
        "import importlib\nimportlib.import_module('.engine', __package__)",
    ],
)
def test_an_upward_import_is_found_however_it_is_written(tmp_path, text):
    (found,) = check(tmp_path, runs=text, engine__init="", engine__running="")
    assert found.startswith("parallel_nb.runs, line ")
    assert "upward import of parallel_nb.engine" in found


def test_names_of_the_top_floor_are_out_of_reach(tmp_path):
    (found,) = check(tmp_path, store="from parallel_nb import run")
    assert "upward import of parallel_nb" in found


@pytest.mark.parametrize(
    ("here", "there"), [("tasks", "runs"), ("runs", "tasks"), ("errors", "schema")]
)
def test_a_sideways_import_is_found(tmp_path, here, there):
    (found,) = check(tmp_path, **{here: f"from .{there} import it", there: ""})
    assert f"sideways import of parallel_nb.{there}" in found


def test_rooms_of_one_floor_do_not_know_each_other(tmp_path):
    (found,) = check(
        tmp_path,
        engine__init="",
        engine__running="from ..draw import timeline",
        draw__init="",
    )
    assert "sideways import of parallel_nb.draw" in found


@pytest.mark.parametrize(
    ("room", "library"),
    [
        ("runs", "joblib"),
        ("store", "loky"),
        ("display", "matplotlib.figure"),
        ("reporting", "ipywidgets"),
    ],
)
def test_a_library_outside_its_room_is_found(tmp_path, room, library):
    (found,) = check(tmp_path, **{room: f"def late():\n    import {library}"})
    assert f"line 2: {library} may be imported in" in found


def test_a_module_without_a_floor_is_found(tmp_path):
    (found,) = check(tmp_path, helpers="")
    assert "parallel_nb.helpers: has no floor" in found
