"""Records of other tools, damaged: they are read, or a FormatError says why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats import samples
from tests.formats.fuzzing import check, check_encodings, damaged, fuzzed
from tests.formats.making import MADE

GOOD = {
    "airflow": [samples.AIRFLOW.encode()],
    "cargo": [(MADE / "cargo-timing.html").read_bytes()],
    "dask": [
        (MADE / "dask-stream.json").read_bytes(),
        (MADE / "dask-report.html").read_bytes(),
        (MADE / "dask-report-2022.html").read_bytes(),
    ],
    "github_actions": [samples.GITHUB.encode()],
    "hyperfine": [(MADE / "hyperfine.json").read_bytes()],
    "junit": [samples.JUNIT.encode(), (MADE / "xdist.xml").read_bytes()],
    "nextflow": [samples.NEXTFLOW.encode()],
    "parsl": [(MADE / "parsl.db").read_bytes()],
    "pytest_benchmark": [(MADE / "pytest-benchmark.json").read_bytes()],
    "snakemake": [
        (MADE / "snakemake-stats.json").read_bytes(),
        (MADE / "snakemake-benchmark.tsv").read_bytes(),
    ],
    "spark": [samples.SPARK.encode()],
    "wfformat": [samples.WFFORMAT.encode(), samples.WFFORMAT_OLD.encode()],
}
IN_TEXT = ("airflow", "cargo", "dask", "github_actions", "hyperfine", "nextflow",
           "pytest_benchmark", "snakemake", "spark", "wfformat")  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_what_is_whole_is_taken_for_what_it_is(name):
    for content in GOOD[name]:
        got = check(content)
        made_by = getattr(getattr(got, "meta", None), "source", name)
        assert made_by == name


@pytest.mark.parametrize("name", GOOD)
@fuzzed
@given(data=st.data())
def test_what_is_damaged_is_read_or_refused(name, data):
    content = data.draw(damaged(*GOOD[name]))
    check(content, name if data.draw(st.booleans()) else None)


@pytest.mark.parametrize("name", IN_TEXT)
def test_an_encoding_with_a_mark_changes_nothing(name):
    for content in GOOD[name]:
        check_encodings(content, name)
