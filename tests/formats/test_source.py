"""Whatever a reader is given comes as text, lines or bytes, never too much of it."""

import bz2
import gzip
import io
import lzma
import random

import pyarrow as pa
import pytest

from parallel_nb.errors import ArgumentError, FormatError, StoreError
from parallel_nb.formats import source as room
from parallel_nb.formats.finding import formats, read_foreign
from parallel_nb.formats.source import Source


@pytest.mark.parametrize("pack", [gzip, bz2, lzma], ids=lambda each: each.__name__)
def test_compressed_content_is_unfolded(pack):
    assert Source(pack.compress(b"a\nb\n")).text() == "a\nb\n"


def zstd(content):
    return pa.compress(content, "zstd", asbytes=True)


def test_zstd_is_unfolded_whole_in_pieces_and_never_torn():
    packed = zstd(b"a\n" * 9000)
    assert Source(packed + packed).content() == b"a\n" * 18000
    # More than what is looked at first, lest it be refused before it is read.
    torn = Source(zstd(random.Random(1).randbytes(200_000))[:-9])
    with pytest.raises(FormatError, match="torn or damaged"):
        torn.content()
    assert torn.is_torn


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(encoding):
    source = Source("é\nb\n".encode(encoding))
    assert list(source.lines()) == [(1, "é"), (2, "b")]
    assert source.head == "é\nb\n".encode()
    assert source.utf8().read() == "é\nb\n".encode()


def test_lines_end_as_in_any_system_and_nowhere_else():
    assert [line for _, line in Source(b"a\r\nb\rc\x0cd\nlast").lines()] == [
        "a",
        "b",
        "c\x0cd",
        "last",
    ]


def test_bytes_that_are_no_text_stay_visible():
    assert Source(b"a\xffb\n").text() == "a\\xffb\n"


def test_binary_content_is_refused_with_its_line():
    with pytest.raises(FormatError, match="line 2: expected text; got a NUL"):
        list(Source(b"a\nb\0c\n").lines())


@pytest.mark.parametrize("n_less", [1, 8, 12])
def test_a_torn_archive_is_told(n_less):
    packed = gzip.compress(b"abc\n" * 1000)
    with pytest.raises(FormatError, match="torn or damaged"):
        Source(packed[:-n_less]).content()


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_a_bomb_is_not_unfolded(monkeypatch, pack):
    monkeypatch.setattr(room, "ALWAYS_FINE", 1 << 20)
    monkeypatch.setattr(room, "MOST_TIMES", 2)
    bomb = pack(b"\0" * (8 << 20))
    with pytest.raises(FormatError, match="which no log does"):
        Source(bomb).content()


@pytest.mark.parametrize(
    ("content", "told"), [(b"PK\x03\x04abc", "zip"), (b"LZ4Block", "lz4")]
)
def test_what_cannot_be_unfolded_says_how_to(content, told):
    with pytest.raises(FormatError, match=told):
        Source(content)


def test_paths_texts_bytes_and_files_are_alike(tmp_path):
    path = tmp_path / "some.log"
    path.write_text("a\nb\n")
    sources = [
        path,
        str(path),
        "a\nb\n",
        b"a\nb\n",
        io.StringIO("a\nb\n"),
        path.open("rb"),
    ]
    assert {Source(each).text() for each in sources} == {"a\nb\n"}
    assert (Source(path).name, Source(path).stem) == ("some.log", "some")
    sources[-1].close()


def test_a_path_without_a_file_is_told_as_such(tmp_path):
    with pytest.raises(StoreError, match="told from a path by a line break"):
        Source(str(tmp_path / "absent.log"))


def test_a_folder_and_a_number_are_no_source(tmp_path):
    with pytest.raises(ArgumentError, match="is a folder"):
        Source(tmp_path)
    with pytest.raises(ArgumentError, match="got int"):
        Source(3)


def test_a_format_is_found_by_its_name_only_if_there_is_one():
    with pytest.raises(ArgumentError, match="joblog"):
        read_foreign(Source(b"a\n"), "jobllog")


def test_an_option_that_a_format_has_no_use_for_is_refused():
    with pytest.raises(ArgumentError, match="`columns` is not for a ninja log"):
        read_foreign(Source(b"# ninja log v5\n"), "ninja", columns={"a": "name"})


@pytest.mark.parametrize("content", [b"", b" \n\t\n", gzip.compress(b"")])
def test_nothing_is_no_format(content):
    with pytest.raises(FormatError, match="it is empty"):
        read_foreign(Source(content))


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\0\0",
        b"{",
        b"[",
        b"<",
        b"\xff\xfe",
        b"a" * 70_000,
        b"\n\n,;\t|",
    ],
)
def test_no_sniffer_falls_over_what_it_does_not_know(content):
    for each in formats():
        assert each.sniff(Source(content)) in {True, False}
