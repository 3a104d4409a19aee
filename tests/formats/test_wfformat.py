import json

import pytest

from parallel_nb.errors import FormatError
from parallel_nb.simulation import simulate
from tests.formats.making import notes, text
from tests.formats.samples import WFFORMAT, WFFORMAT_OLD


def changed(**tasks):
    document = json.loads(WFFORMAT)
    for task in document["workflow"]["specification"]["tasks"]:
        task.update(tasks.get(task["id"], {}))
    return json.dumps(document)


def test_an_instance_has_work_span_and_edges_but_no_places():
    run = text(WFFORMAT)
    assert run.tasks["name"].to_list() == ["end", "begin", "left", "right"]
    assert run.summary()["work"][0] == 7.0
    assert run.summary()["span"][0] == 5.0
    assert sorted(run.edges.to_numpy().tolist()) == [[0, 2], [0, 3], [2, 1], [3, 1]]
    assert run.meta.lacks == ("starts", "workers")
    assert run.meta.backend == "pegasus"


def test_tasks_are_laid_out_as_their_edges_allow():
    run = text(WFFORMAT)
    tasks = run.tasks
    for task, after in run.edges.to_numpy().tolist():
        assert tasks["started"][task] >= tasks["ended"][after]


def test_with_workers_enough_it_takes_its_span():
    assert simulate(text(WFFORMAT), n_workers=2).summary()["makespan"][0] == 5.0


def test_a_makespan_that_runtimes_do_not_explain_is_said():
    told = notes(text(WFFORMAT))
    assert "makespan of 100 s on 1 machines with 4 cores" in told
    assert "explain little" in told
    assert "explain" not in notes(text(WFFORMAT.replace("100.0", "6.0")))


def test_older_schemas_have_one_list_and_name_parents_by_name():
    run = text(WFFORMAT_OLD)
    assert run.summary()["span"][0] == 5.0
    assert run.edges.to_numpy().tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (changed(a={"parents": ["d"]}), "circle"),
        (changed(b={"parents": ["z"]}), "task 3: parents: .*'z'"),
        (changed(b={"id": "c"}), "task 4: id: got 'c' twice"),
        (changed(b={"id": "x"}), "expected|got"),
        (WFFORMAT.replace("2.0", "-2.0"), "task 3 .*no negative time"),
        (WFFORMAT.replace("2.0", '"x"'), "task 3 .*runtimeInSeconds: .*'x'"),
        (WFFORMAT.replace('"execution"', '"plan"'), "nobody ran"),
        (WFFORMAT.replace('"specification"', '"plan"'), "specification.tasks"),
        ('{"workflow": 3}', "workflow: expected an object"),
    ],
)
def test_what_cannot_be_is_told_with_its_task(content, told):
    with pytest.raises(FormatError, match=told):
        text(content, "wfformat")
