"""Lessons keep to one form: a question first, exercises last, solutions that run.

That their cells run is tested where pytest runs the notebooks themselves.
"""

import ast
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
INDEX = FOLDER / "00_index.ipynb"
LESSONS = sorted(p for p in FOLDER.glob("*.ipynb") if p != INDEX)
# A row of the index's tables, or of the README's: number, title and link, minutes.
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (\d+) min \|", re.MULTILINE)
FOLDED = {"outputs_hidden": True, "source_hidden": True}

each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
each_notebook = pytest.mark.parametrize(
    "path", [INDEX, *LESSONS], ids=lambda path: path.stem
)


def cells_of(path):
    return nbformat.read(path, as_version=4).cells


def prose_of(path):
    return "\n".join(c.source for c in cells_of(path) if c.cell_type == "markdown")


def readme_section():
    _, found, rest = (ROOT / "README.md").read_text().partition("\n## Lessons\n")
    assert found, "README.md has no section `Lessons`"
    return rest.partition("\n## ")[0]


# --- the course ---


def linked_in(text):
    """File names of the lessons that a text links to."""
    names = re.findall(r"\]\((?:notebooks/)?(\d\d_\w+\.ipynb)\)", text)
    return [name for name in names if name != INDEX.name]


def test_lessons_are_numbered_from_one_without_a_gap():
    numbers = [int(number) for number, _, _ in ROW.findall(prose_of(INDEX))]
    assert numbers == [*range(1, len(numbers) + 1)]


def test_every_lesson_is_listed_under_its_number():
    there = [path.name for path in LESSONS]
    assert linked_in(prose_of(INDEX)) == there
    for number, title, _ in ROW.findall(prose_of(INDEX)):
        assert all(name.startswith(f"{int(number):02d}_") for name in linked_in(title))


def test_the_readme_lists_the_same_lessons_as_the_index():
    assert linked_in(readme_section()) == linked_in(prose_of(INDEX))


@each_lesson
def test_index_and_readme_call_a_lesson_by_its_title(path):
    title = cells_of(path)[0].source.partition("\n")[0].removeprefix("# ").strip()
    for text in prose_of(INDEX), readme_section():
        said = re.search(rf"\[([^]]+)\]\((?:notebooks/)?{path.name}\)", text)[1]
        assert title.startswith(said), (title, said)


def test_index_and_readme_tell_the_same_minutes_and_they_make_two_afternoons():
    told = ROW.findall(prose_of(INDEX))
    minutes = [int(length) for _, _, length in told]
    assert minutes == [int(length) for _, _, length in ROW.findall(readme_section())]
    assert sum(minutes) <= 2 * 4 * 60


@each_notebook
def test_relative_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]+)", prose_of(path)):
        if "://" not in target:
            assert (FOLDER / target).resolve().exists(), target


# --- one lesson ---


@each_lesson
def test_a_lesson_has_at_most_fifteen_cells(path):
    assert len(cells_of(path)) <= 15


@each_lesson
def test_a_lesson_opens_with_a_title_a_question_and_a_guess(path):
    first = cells_of(path)[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert "?" in first.source
    assert "**Guess" in first.source


@each_lesson
def test_a_lesson_ends_with_exercises_and_their_solutions_folded(path):
    *_, exercises, solutions = cells_of(path)
    assert exercises.cell_type == "markdown"
    asked = re.findall(r"\((\d)\)", exercises.source.partition("**Try:**")[2])
    assert asked, "no exercises after **Try:**"
    assert solutions.cell_type == "code"
    assert solutions.metadata.get("jupyter") == FOLDED
    assert {"hide-input", "hide-output"} <= set(solutions.metadata.get("tags", ()))
    solved = re.findall(r"^# \((\d)\)", solutions.source, re.MULTILINE)
    assert solved == sorted(set(asked))


@each_notebook
def test_a_notebook_is_valid_and_its_cells_have_names_that_stay(path):
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    names = [cell.id for cell in notebook.cells]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", name), name


@each_notebook
def test_a_notebook_is_kept_as_if_it_never_ran(path):
    notebook = nbformat.read(path, as_version=4)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@each_notebook
def test_every_code_cell_is_plain_python(path):
    for cell in cells_of(path):
        if cell.cell_type == "code":
            lines = [x for x in cell.source.split("\n") if not x.startswith("%")]
            ast.parse("\n".join(lines))
