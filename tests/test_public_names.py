"""The top of the package: every public name, found lazily, none hidden by a module."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest

import parallel_nb

PACKAGE = Path(__file__).parents[1] / "parallel_nb"


@pytest.mark.parametrize("name", parallel_nb.__all__)
def test_every_public_name_is_there_and_documented(name):
    value = getattr(parallel_nb, name)
    assert value is getattr(parallel_nb, name)
    if name != "__version__":
        assert inspect.getdoc(value)


def test_the_docstring_maps_every_public_name_on_one_screen():
    lines = inspect.getdoc(parallel_nb).splitlines()
    mapped = [line.split()[0] for line in lines if line.startswith("    ")]
    assert len(lines) <= 72
    assert sorted([*mapped, "__version__"]) == parallel_nb.__all__


def test_every_exception_of_the_package_is_public():
    errors = import_module("parallel_nb.errors")
    raised = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.ParallelNbError)
    }
    assert raised <= set(parallel_nb.__all__)


def test_no_module_bears_a_public_name():
    # Importing parallel_nb.plan would put the module where users expect the function.
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    modules |= {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert modules & set(parallel_nb.__all__) == {"draw"}


def test_no_module_of_draw_bears_the_name_of_a_plot():
    modules = {path.stem for path in (PACKAGE / "draw").glob("*.py")}
    assert modules & set(parallel_nb.draw.__all__) == set()


def test_an_unknown_name_is_an_attribute_error_naming_both():
    with pytest.raises(AttributeError, match=r"'parallel_nb' has no attribute 'runn'"):
        _ = parallel_nb.runn
