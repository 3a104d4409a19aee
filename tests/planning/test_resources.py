"""When two texts mean one resource."""

from pathlib import Path

from parallel_nb.tasks import shell
from tests.planning.making import made, reasons, task


def are_one(one, other, **declared):
    """Whether two texts or paths mean one resource, or one within the other."""
    return not made(
        task("A", writes=one), shell("true", writes=other, **declared)
    ).is_independent


def test_names_are_names_and_paths_are_paths(tmp_path):
    (tmp_path / "there").touch()
    assert are_one("database", "database")
    assert not are_one("database", "Database")
    assert are_one("./new.csv", "sub/../new.csv")
    assert are_one("there", tmp_path / "there")
    assert are_one(Path("new.csv"), "./new.csv")
    assert are_one("~/new.csv", Path.home() / "new.csv")
    assert not are_one("./new.csv", "./newer.csv")


def test_a_name_that_others_use_as_a_path_is_a_path(tmp_path):
    assert are_one("new.csv", "./new.csv")
    assert are_one("new.csv", tmp_path / "new.csv")
    assert are_one("reports", "reports/one.html")
    assert not are_one("users", "./elsewhere")
    assert not are_one("users", ".")  # a database, for all that is known


def test_a_folder_contains_its_files_and_not_its_neighbours(tmp_path):
    assert are_one("src/", "src/pkg/mod.py")
    assert are_one("src/pkg/mod.py", tmp_path / "src")
    assert are_one("./", "./any")
    assert not are_one("./src", "./src2/mod.py")
    assert not are_one("src/a.py", "src/b.py")
    assert are_one("/", "./new.csv")


def test_links_are_resolved(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "data").touch()
    (tmp_path / "shortcut").symlink_to("real/data")
    assert are_one("link/new", "real/new")
    assert are_one("shortcut", "real/data")
    assert are_one("link", "real/data")
    assert are_one("link/../new", "./new")


def test_relative_paths_of_a_command_count_from_its_working_directory(tmp_path):
    (tmp_path / "sub").mkdir()
    assert are_one("sub/new", "./new", cwd="sub")
    assert are_one("sub/new", "./new", cwd=tmp_path / "sub")
    assert not are_one("./new", "./new", cwd="sub")
    assert are_one("database", "database", cwd="sub")


def test_addresses_are_not_files_but_have_folders():
    assert are_one("s3://bucket/a/", "s3://bucket/a/b")
    assert not are_one("s3://bucket/a", "s3://bucket/b")
    assert not are_one("s3://bucket/a", "s3:/bucket/a")
    assert are_one("db://x", "db://x", cwd="/")


def test_a_reason_names_a_file_and_the_folder_it_is_in():
    made_plan = made(task("format", writes="src/"), task("docs", reads="src/a.py"))
    assert reasons(made_plan) == [
        "docs waits for format: docs reads src/a.py in src/, which format writes"
    ]
