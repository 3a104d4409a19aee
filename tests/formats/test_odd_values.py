"""Documents whose fields hold what nobody expects: read, or refused in words."""

import copy
import json
import time

import pytest

from parallel_nb.reading import read
from tests.formats import samples, test_cargo, test_dask
from tests.formats.fuzzing import check
from tests.formats.making import MADE

ODD = {
    "null": None,
    "true": True,
    "-1": -1,
    "400 digits": 10**400,
    "NaN": float("nan"),
    "1e308": 1e308,
    "a number's text": "-1",
    "half of a character": "\ud800",
    "a long text": "é" * 3000,
    "an array of one": [1],
    "arrays in one another": [[[[[[[[1]]]]]]]],
    "an object of one": {"a": 1},
}
LONGEST = 5.0  # s for one document, on a machine however busy


def _of(name):
    return json.loads((MADE / name).read_text(encoding="utf-8"))


def _lines(document):
    documents = document if isinstance(document, list) else [document]
    return "\n".join(json.dumps(each) for each in documents)


def _smaller(document):
    """Without what no reader looks at, of which there is much."""
    return {**document, "machine_info": {}, "benchmarks": document["benchmarks"][:2]}


DOCUMENTS = {
    "airflow": ("airflow", json.loads(samples.AIRFLOW), json.dumps),
    "cargo": (
        "cargo",
        [
            test_cargo.unit(0, 0.0, 1.0, full=[1], early=[2], rmeta_time=0.5),
            test_cargo.unit(1, 1.0, 1.0, sections=[["frontend", {"end": 0.5}]]),
            test_cargo.unit(2, 0.5, 1.0),
        ],
        test_cargo.page,
    ),
    "dask report": (
        "dask",
        test_dask.columns(start=test_dask.packed([100_500.0, 102_000.0])),
        test_dask.report,
    ),
    "dask stream": ("dask", json.loads(json.dumps(samples.DASK_STREAM)), json.dumps),
    "github_actions": ("github_actions", json.loads(samples.GITHUB), json.dumps),
    "hyperfine": ("hyperfine", _of("hyperfine.json"), json.dumps),
    "pytest_benchmark": (
        "pytest_benchmark",
        _smaller(_of("pytest-benchmark.json")),
        json.dumps,
    ),
    "snakemake": ("snakemake", _of("snakemake-stats.json"), json.dumps),
    "spark": ("spark", [json.loads(x) for x in samples.SPARK.splitlines()], _lines),
    "viztracer": (
        "chrome",
        {
            "traceEvents": [
                {"ph": "M", "name": "thread_name", "pid": 1, "tid": 2,
                 "args": {"name": "main"}},
                {"ph": "X", "name": "f", "cat": "c", "ts": 1.0, "dur": 5.0,
                 "tdur": 2.0, "pid": 1, "tid": 2},
                {"ph": "B", "name": "g", "ts": 7.0, "pid": 1, "tid": 2},
                {"ph": "E", "ts": 8.0, "pid": 1, "tid": 2},
                {"ph": "b", "id": "7", "cat": "c", "name": "h", "ts": 7.0, "pid": 1},
                {"ph": "e", "id": "7", "cat": "c", "name": "h", "ts": 9.0, "pid": 1},
            ],
            "viztracer_metadata": {"version": "1", "baseTimeNanoseconds": 5},
        },
        json.dumps,
    ),
    "wfformat": ("wfformat", json.loads(samples.WFFORMAT), json.dumps),
    "wfformat, old": ("wfformat", json.loads(samples.WFFORMAT_OLD), json.dumps),
}  # fmt: skip


def _places(value, path=()):
    """The way to every field, and to the first two of every array."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from _places(value[key], (*path, key))
    elif isinstance(value, list):
        for at in range(min(len(value), 2)):
            yield from _places(value[at], (*path, at))


def _with(document, path, odd):
    """A copy with `odd` in that place."""
    if not path:
        return odd
    made = copy.deepcopy(document)
    _holder(made, path)[path[-1]] = odd
    return made


def _without(document, path):
    made = copy.deepcopy(document)
    del _holder(made, path)[path[-1]]
    return made


def _holder(document, path):
    for step in path[:-1]:
        document = document[step]
    return document


def _written(write, document):
    return write(document).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_are_read_as_they_are(name):
    made_by, document, write = DOCUMENTS[name]
    got = read(_written(write, document))
    assert getattr(getattr(got, "meta", None), "source", made_by) == made_by


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_whatever_a_field_holds_it_is_read_or_refused(name, odd):
    made_by, document, write = DOCUMENTS[name]
    for path in _places(document):
        try:
            content = _written(write, _with(document, path, ODD[odd]))
        except (TypeError, ValueError, KeyError, AttributeError):
            continue  # this test's own writer cannot write it
        before = time.process_time()
        check(content, made_by)
        assert time.process_time() - before < LONGEST, path


@pytest.mark.parametrize("name", DOCUMENTS)
def test_whatever_field_is_absent_it_is_read_or_refused(name):
    made_by, document, write = DOCUMENTS[name]
    for path in _places(document):
        if path:
            check(_written(write, _without(document, path)), made_by)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_however_deep_a_field_is_nested_it_is_read_or_refused(name):
    made_by, document, write = DOCUMENTS[name]
    for path in _places(document):
        content = _written(write, _with(document, path, "DEEP"))
        check(content.replace(b'"DEEP"', b"[" * 30_000 + b"]" * 30_000), made_by)
        check(content.replace(b'"DEEP"', b'{"a":' * 3000 + b"1" + b"}" * 3000), made_by)
