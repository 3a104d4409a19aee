import json

import pytest

from parallel_nb.errors import ArgumentError, FormatError
from parallel_nb.reading import read
from tests.formats.making import MADE, notes, text


def result(times, codes=None, **parameters):
    return {
        "command": "make",
        "mean": sum(times) / len(times),
        "times": times,
        "exit_codes": codes or [0] * len(times),
        "parameters": {name: str(value) for name, value in parameters.items()},
    }


def hyperfine(*results):
    return json.dumps({"results": list(results)})


def benchmark(name, params, stats, **extra):
    return {"name": f"{name}[x]", "params": params, "stats": stats, "extra_info": extra}


def pytest_benchmark(*benchmarks):
    return json.dumps({"machine_info": {"node": "x"}, "benchmarks": list(benchmarks)})


def test_a_real_export_of_hyperfine_is_a_sweep():
    sweep = read(MADE / "hyperfine.json")
    assert sweep.n_workers.tolist() == [1, 2]
    assert len(sweep) == 6
    assert sweep.table["makespan"].iloc[0] == pytest.approx(0.038121072)


def test_real_benchmarks_of_pytest_are_a_sweep():
    sweep = read(MADE / "pytest-benchmark.json")
    assert sweep.n_workers.tolist() == [1, 2]
    assert len(sweep) == 6
    assert sweep.backends == ["test_pauses"]
    assert sweep.table["makespan"].min() < 0.01


def test_other_parameters_are_series():
    sweep = text(
        hyperfine(
            result([4.0], jobs=1, how="fast"),
            result([2.0], jobs=2, how="fast"),
            result([8.0], jobs=1, how="slow"),
        )
    )
    assert sweep.backends == ["how=fast", "how=slow"]
    assert sweep.table["speedup"].to_list() == [1.0, 2.0, 1.0]


def test_runs_that_failed_are_left_out():
    sweep = text(hyperfine(result([4.0, 0.1], [0, 1], threads=1)))
    assert sweep.table["makespan"].to_list() == [4.0]
    with pytest.raises(FormatError, match="result 1: every run of it failed"):
        text(hyperfine(result([4.0], [1], threads=1)))


def test_a_parameter_of_another_name_is_asked_for_and_can_be_named():
    content = hyperfine(result([4.0], size=1), result([2.0], size=2))
    assert "columns={'size': 'n_workers'}" in notes(text(content))
    assert text(content, columns={"size": "n_workers"}).n_workers.tolist() == [1, 2]
    with pytest.raises(ArgumentError, match="'sice'; the parameters are 'size'"):
        text(content, columns={"sice": "n_workers"})
    with pytest.raises(ArgumentError, match="n_workers"):
        text(content, "hyperfine", columns={"size": "started"})


def test_without_a_number_of_workers_each_repeat_is_a_task():
    run = text(hyperfine(result([4.0, 3.0], size=1), result([2.0], size=2)))
    assert run.tasks["started"].to_list() == [0.0, 4.0, 7.0]
    assert run.tasks["name"].to_list() == ["make"] * 3
    assert run.meta.lacks == ("starts",)
    assert run.meta.n_workers == 1


def test_a_size_of_a_problem_is_no_number_of_workers():
    run = text(hyperfine(result([4.0], n=100000), result([2.0], n=10)))
    assert run.n_tasks == 2
    sweep = text(hyperfine(result([4.0], n=1), result([2.0], n=2)))
    assert sweep.n_workers.tolist() == [1, 2]


def test_without_single_rounds_the_median_counts():
    content = pytest_benchmark(
        benchmark("test_it", {"n_jobs": 1}, {"median": 2.0, "mean": 9.0, "rounds": 5}),
        benchmark("test_it", None, {"median": 1.0, "mean": 9.0}, n_jobs=2),
    )
    assert text(content).table["makespan"].to_list() == [2.0, 1.0]


def test_the_mean_of_early_versions_counts():
    sweep = text(
        json.dumps(
            {
                "results": [
                    {"command": "x", "mean": 3.0, "stddev": 1, "parameters": {"j": "1"}}
                ]
            }
        )
    )
    assert sweep.table["makespan"].to_list() == [3.0]


@pytest.mark.parametrize(
    ("content", "format", "told"),
    [
        (hyperfine(), "hyperfine", "no measurements"),
        (hyperfine(result([-1.0])), "hyperfine", "result 1: .*no negative time"),
        (
            hyperfine(result([1.0], jobs="many")),
            "hyperfine",
            "result 1: jobs: .*'many'",
        ),
        (hyperfine(result([1.0], jobs=1.5)), "hyperfine", "result 1: jobs"),
        (hyperfine(result([0.0], jobs=1)), "hyperfine", "positive"),
        (
            hyperfine(result([1.0], jobs=1), result([1.0])),
            "hyperfine",
            "result 2: .*jobs",
        ),
        ('{"results": 3}', "hyperfine", "results: expected an array"),
        ("{", "hyperfine", "line 1: expected JSON"),
        (pytest_benchmark({"name": "x"}), "pytest_benchmark", "stats: expected"),
        (
            pytest_benchmark(benchmark("x", {"n": 1}, {})),
            "pytest_benchmark",
            "'median' or 'mean'",
        ),
    ],
)
def test_what_cannot_be_is_told_with_its_place(content, format, told):
    with pytest.raises(FormatError, match=told):
        text(content, format)
