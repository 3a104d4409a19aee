"""What comes with attempts must fit them; what does not is told."""

import json
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from parallel_nb.attachments import checked_details
from parallel_nb.errors import SchemaError
from parallel_nb.runs import Run

from .making import run_of, two_done


def test_an_attempt_beyond_the_last_lane_is_refused():
    told = r"column 'worker': expected lanes below meta.n_workers = 1; got 1 in row 1"
    with pytest.raises(SchemaError, match=told):
        two_done(n_workers=1)


def test_an_attempt_that_ran_must_have_a_lane():
    with pytest.raises(SchemaError, match=r"expected a lane wherever.*got -1 in row 0"):
        run_of((0, 1, "done", -1, 0.0, 1.0))


def test_an_attempt_that_never_ran_needs_no_lane():
    run = run_of((0, 1, "skipped", -1, np.nan, np.nan))
    assert run.tasks["status"].to_list() == ["skipped"]


def test_the_metadata_must_be_a_meta():
    with pytest.raises(SchemaError, match="meta: expected a Meta; got dict"):
        Run(two_done().attempts, {})


@pytest.mark.parametrize(
    ("edges", "told"),
    [
        ({"task": [1], "before": [0]}, "edges: expected the columns"),
        ({"task": [1.0], "after": [0]}, "edges.task: expected int64; got float64"),
        ({"task": [2], "after": [0]}, "edges: expected tasks 0 ... 1; got 0 ... 2"),
        ({"task": [0], "after": [0]}, "edges: `edges` lets tasks wait in a circle"),
        (
            {"task": [0, 1], "after": [1, 0]},
            "edges: `edges` lets tasks wait in a circle",
        ),
    ],
    ids=["names", "dtype", "range", "self", "circle"],
)
def test_edges_are_checked(edges, told):
    with pytest.raises(SchemaError) as caught:
        two_done(edges=pd.DataFrame(edges))
    assert str(caught.value).startswith(told)


def test_startups_are_of_workers_that_there_were():
    startups = pd.DataFrame(
        {
            "worker": np.array([2], np.int32),
            "pid": [1],
            "started": [0.0],
            "ended": [1.0],
        }
    )
    with pytest.raises(SchemaError, match=r"expected lanes 0 \.\.\. 1; got 2"):
        two_done(startups=startups)


# Details


class Odd:
    """A value whose text cannot be had."""

    def __str__(self):
        raise RuntimeError("no")


def test_details_are_as_json_holds_them_and_come_back_the_same():
    circle = []
    circle.append(circle)
    context = {
        "limits": (1, 2.5, None, True),
        "where": Path("a/b"),
        "expected": np.int64(3),
        "values": np.array([1.0, 2.0]),
        7: {"inner": {("a", 1): "x"}},
        "proxy": MappingProxyType({"a": Path("b")}),
        "circle": circle,
        "odd": Odd(),
        "half": "\udcff",
    }
    details = checked_details({np.int64(0): {"context": context}}, n_tasks=1)
    assert details[0]["context"] == {
        "limits": [1, 2.5, None, True],
        "where": "a/b",
        "expected": 3,
        "values": [1.0, 2.0],
        "7": "{'inner': {('a', 1): 'x'}}",
        "proxy": {"a": "b"},
        "circle": "[[...]]",
        "odd": "<Odd>",
        "half": "\udcff",
    }
    again = {int(k): v for k, v in json.loads(json.dumps(dict(details))).items()}
    assert checked_details(again, n_tasks=1) == details


def test_details_that_say_nothing_are_left_out():
    said = {
        "context": None,
        "summary": "",
        "is_aggregate": np.bool_(False),
        "is_checked": np.bool_(False),
    }
    assert checked_details({0: said, 1: {"summary": "x", **said}}, 2) == {}
    assert checked_details(None, 2) == {}
    assert repr(checked_details({1: {"summary": "x"}}, 2)) == "{1: {'summary': 'x'}}"


@pytest.mark.parametrize(
    ("details", "told"),
    [
        ([], "details: expected a mapping of tasks; got list"),
        ({2: {}}, "details: expected tasks 0 ... 1; got 2"),
        ({True: {}}, "details: expected tasks 0 ... 1; got True"),
        ({"0": {}}, "details: expected tasks 0 ... 1; got '0'"),
        ({0: "text"}, "details[0]: expected a mapping; got 'text'"),
        ({0: {"sumary": "x"}}, "got 'sumary'. Did you mean 'summary'?"),
        ({0: {"summary": 3}}, "details[0]['summary']: expected a str; got 3"),
        ({0: {"context": "x"}}, "details[0]['context']: expected a mapping; got 'x'"),
        ({1: {"is_aggregate": 1}}, "details[1]['is_aggregate']: expected a bool"),
    ],
)
def test_details_of_another_shape_are_refused(details, told):
    with pytest.raises(SchemaError) as caught:
        two_done(details=details)
    assert told in str(caught.value)
