"""What the project says about itself in several places agrees."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml

import parallel_nb

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CORE = PROJECT["project"]["dependencies"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "data/README.md"]
# Where what is imported and what is installed are spelled differently.
DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "IPython": "ipywidgets",  # which brings it
    "PIL": "matplotlib",  # which brings it
    "traitlets": "ipywidgets",  # which brings it
    "distributed": "dask",
    "yaml": "pyyaml",
}


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def name_of(requirement):
    return re.match(r"[A-Za-z0-9_.-]+", requirement)[0].lower()


def extra(name):
    """Names of the distributions of an extra, those of the extras in it included."""
    names = set()
    for requirement in EXTRAS[name]:
        if name_of(requirement) == PROJECT["project"]["name"]:
            for inner in re.search(r"\[(.+)\]", requirement)[1].split(","):
                names |= extra(inner.strip())
        else:
            names.add(name_of(requirement))
    return names


def third_party(path, *, top_level_only):
    """Distributions that a file imports, when it is imported itself or at all."""
    tree = ast.parse(read(path))
    for node in tree.body if top_level_only else ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        for name in (name.split(".")[0] for name in names):
            if name not in sys.stdlib_module_names | {"parallel_nb", "tests"}:
                yield DISTRIBUTIONS.get(name, name).lower()


def printed_command(name):
    done = subprocess.run(
        ["bash", ".ci/run", "--print", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


# --- dependencies ---


def test_the_conda_environment_installs_what_pyproject_says():
    environment = yaml.safe_load(read("environment.yml"))
    python, *others = environment["dependencies"]
    assert python == "python" + PROJECT["project"]["requires-python"]
    assert others == ["pip", {"pip": ["-e .[test]"]}]


def test_the_test_extra_contains_what_the_notebooks_need():
    assert extra("lab") <= extra("test")


def test_every_requirement_has_a_lower_bound():
    for requirement in [*CORE, *(each for names in EXTRAS.values() for each in names)]:
        assert ">=" in requirement or requirement.startswith("parallel-nb["), (
            requirement
        )


def test_importing_any_module_needs_core_dependencies_only():
    core = {name_of(requirement) for requirement in CORE}
    for path in sorted((ROOT / "parallel_nb").rglob("*.py")):
        needed = set(third_party(path, top_level_only=True))
        assert needed <= core, path.relative_to(ROOT)


def test_whatever_the_library_imports_later_is_in_some_extra():
    declared = {name_of(requirement) for requirement in CORE}
    declared |= {name for each in EXTRAS for name in extra(each)}
    for path in sorted((ROOT / "parallel_nb").rglob("*.py")):
        needed = set(third_party(path, top_level_only=False))
        assert needed <= declared, path.relative_to(ROOT)


def test_importing_any_test_needs_the_test_extra_only():
    installed = {name_of(requirement) for requirement in CORE} | extra("test")
    for path in sorted((ROOT / "tests").rglob("*.py")):
        needed = set(third_party(path, top_level_only=True))
        assert needed <= installed, path.relative_to(ROOT)


def test_the_version_is_said_once():
    assert "version" in PROJECT["project"]["dynamic"]
    path = PROJECT["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{parallel_nb.__version__}"' in read(path)
    try:
        installed = metadata.version("parallel-nb")
    except metadata.PackageNotFoundError:
        pytest.skip("parallel-nb is on the path, but not installed")
    assert installed == parallel_nb.__version__, (
        "install again: the version has changed"
    )


def test_ruff_is_the_same_everywhere():
    (ruff,) = (each for each in EXTRAS["test"] if name_of(each) == "ruff")
    assert ruff == "ruff" + PROJECT["tool"]["ruff"]["required-version"]
    (repository,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    for hook in repository["hooks"]:
        assert hook["additional_dependencies"] == [ruff]


# --- the README's commands ---


@pytest.mark.parametrize("name", ["demo", "test"])
def test_a_command_is_one_line_to_paste(name):
    assert read("README.md").count(f"<!-- command: {name} -->") == 1
    (line,) = printed_command(name).splitlines()
    assert line.startswith("python3 -m venv .venv && .venv/bin/pip install ")
    assert f"\n```sh\n{line}\n```\n" in read("README.md")


def test_ci_runs_the_test_command_of_the_readme_and_what_failed_once_more():
    script = read(".ci/run")
    assert "test_command=$(readme_command test)" in script
    assert re.search(r'^if ! within \d+ "\$test_command"; then$', script, re.MULTILINE)
    assert set(re.findall(r"-m pytest(.*)", script)) <= {
        ' tests/browser"',
        " --last-failed --last-failed-no-failures=none'",
    }


def test_the_test_command_covers_docstrings_tests_and_notebooks():
    assert (
        printed_command("test")
        .rstrip()
        .endswith("'.[test]' && .venv/bin/python -m pytest")
    )
    options = PROJECT["tool"]["pytest"]
    assert options["testpaths"] == ["parallel_nb", "tests", "notebooks"]
    assert {"--doctest-modules", "--nbval-lax", "--nbval-current-env"} <= set(
        options["addopts"]
    )


def test_ci_can_be_executed():
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=True)


# --- the pages ---


def test_the_example_of_the_readme_runs(tmp_path):
    (example,) = re.findall(
        r"<!-- example -->\n```python\n(.*?)```", read("README.md"), re.DOTALL
    )
    assert sum(bool(line.strip()) for line in example.splitlines()) <= 15
    script = tmp_path / "example.py"
    script.write_text(example, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    run = parallel_nb.load(tmp_path / "search.parquet")
    assert len(run.tasks) == 15  # three candidates, five folds
    assert set(run.tasks.status) == {"done"}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_of_the_project_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)", read(page)):
        if "://" not in target:
            assert (ROOT / page).parent.joinpath(target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_a_gap_to_fill(page):
    assert re.findall(r"<!-- FILL \S+", read(page)) == []


def test_every_recorded_run_can_be_loaded_and_says_how_it_was_made():
    rows = re.findall(r"^\| `([^`]+)` \|", read("data/README.md"), re.MULTILINE)
    data = ROOT / "data"
    files = sorted(data.glob("*.parquet"))
    logs = sorted((data / "logs").iterdir())
    everything = [file.relative_to(data).as_posix() for file in (*files, *logs)]
    assert sorted(rows) == sorted(everything)
    assert sum(file.stat().st_size for file in (*files, *logs)) <= 5e6
    for file in files:
        kept = parallel_nb.load(file)
        for run in getattr(kept, "runs", [kept]):
            assert run.meta.label, file.name
            assert run.meta.cpu_count, file.name
            made = f"python -m data.make {file.stem}"
            assert any(made in note for note in run.meta.notes), file.name


def test_the_changelog_knows_this_version():
    released = ".dev" not in parallel_nb.__version__
    heading = f"## [{parallel_nb.__version__}]" if released else "## [Unreleased]"
    assert heading in read("CHANGELOG.md")


def test_the_licence_is_the_one_that_is_declared():
    assert PROJECT["project"]["license"] == "BSD-3-Clause"
    assert "parallel_nb contributors" in read("LICENSE")
    assert "Neither the name of the copyright holder" in read("LICENSE")
