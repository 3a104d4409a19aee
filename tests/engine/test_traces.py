"""What strace writes, as touches; lines as versions 4 to 6 of it print them."""

import os

import pytest

from parallel_nb.engine.observation.auditing import address
from parallel_nb.engine.observation.traces import read_trace


@pytest.fixture
def touches(tmp_path):
    """The touches of processes, whose lines are given by number."""

    def read(lines, root=None, folder="/start"):
        for pid, text in lines.items():
            (tmp_path / f"trace.{pid}").write_text(text)
        found, n_missed = read_trace(str(tmp_path / "trace"), folder, root)
        assert n_missed == 0
        return [(t.op, t.resource, t.was) for t in found]

    return read


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            'openat(AT_FDCWD</w>, "x", O_RDONLY|O_CLOEXEC) = 3</w/real>',
            [("read", "/w/real", "file")],
        ),
        ('open("x", O_RDONLY) = 3', [("read", "/start/x", "file")]),
        ('open("/a/x", O_WRONLY|O_APPEND) = 3', [("write", "/a/x", "file")]),
        (
            'openat(AT_FDCWD, "/a/x", O_RDWR|O_CREAT, 0666) = 3</a/x>',
            [("read", "/a/x", "?"), ("write", "/a/x", "?")],
        ),
        (
            'openat(AT_FDCWD, "/a/x", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</a/x>',
            [("write", "/a/x", "?")],
        ),
        (
            'openat(5</a>, "x", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</a/x>',
            [("create", "/a/x", "")],
        ),
        ('creat("/a/x", 0644) = 3', [("write", "/a/x", "?")]),
        (
            'openat2(AT_FDCWD, "/a/x", {flags=O_WRONLY, resolve=0}, 24) = 3</a/x>',
            [("write", "/a/x", "file")],
        ),
        ('open("/a/x", O_RDONLY) = -1 ENOENT (No such file or directory)', []),
        ('openat(AT_FDCWD, "/a", O_RDONLY|O_DIRECTORY) = 3</a>', []),
        ('openat(AT_FDCWD, "/a", O_RDWR|O_TMPFILE, 0600) = 3</a/#12 (deleted)>', []),
        ("getdents64(3</a>, 0x55 /* 3 entries */, 32768) = 80", [("list", "/a", "")]),
        ('unlinkat(3</a>, "x", 0) = 0', [("delete", "/a/x", "file")]),
        ('rmdir("/a/d") = 0', [("delete", "/a/d", "folder")]),
        ('mkdir("/a/d", 0777) = 0', [("makedir", "/a/d", "")]),
        (
            'mkdir("/a/d", 0777) = -1 EEXIST (File exists)',
            [("makedir", "/a/d", "folder")],
        ),
        ('mkdir("/a/d", 0777) = -1 EACCES (Permission denied)', []),
        (
            'renameat2(AT_FDCWD</w>, "x", AT_FDCWD</w>, "y", RENAME_NOREPLACE) = 0',
            [("move", "/w/x", "file"), ("arrive", "/w/y", "?")],
        ),
        (
            'linkat(AT_FDCWD, "/a/x", AT_FDCWD, "/a/y", 0) = 0',
            [("read", "/a/x", "file"), ("link", "/a/y", "")],
        ),
        ('symlinkat("../x", 3</a>, "y") = 0', [("link", "/a/y", "")]),
        ("utimensat(0</a/x>, NULL, NULL, 0) = 0", [("write", "/a/x", "file")]),
        ('chmod("/a/x", 0600) = 0', [("write", "/a/x", "file")]),
        ('newfstatat(AT_FDCWD</w>, "x", {st_mode=S_IFREG}, 0) = 0', []),
        ('openat(AT_FDCWD, "/a/x", O_RDONLY <unfinished ...>', []),
        ("+++ exited with 0 +++", []),
        (
            "connect(3, {sa_family=AF_INET, sin_port=htons(80), "
            'sin_addr=inet_addr("10.0.0.1")}, 16) = -1 EINPROGRESS (Operation now)',
            [("connect", "tcp://10.0.0.1:80", "")],
        ),
        (
            "connect(3, {sa_family=AF_INET, sin_port=htons(80), "
            'sin_addr=inet_addr("10.0.0.1")}, 16) = -1 ECONNREFUSED (Connection)',
            [],
        ),
        (
            "bind(3, {sa_family=AF_INET, sin_port=htons(0), "
            'sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
            [],
        ),
        (
            "bind(3, {sa_family=AF_INET, sin_port=htons(8080), "
            'sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
            [("serve", "tcp://localhost:8080", "")],
        ),
        (
            'connect(3, {sa_family=AF_UNIX, sun_path="/a/socket"}, 110) = 0',
            [("connect", "/a/socket", "")],
        ),
        (
            'connect(3, {sa_family=AF_UNIX, sun_path=@"abstract"}, 12) = 0',
            [("connect", "unix://abstract", "")],
        ),
    ],
)
def test_a_call_is_a_touch_unless_it_failed(touches, line, expected):
    assert touches({7: f"{line}\n"}) == expected


def test_what_cannot_be_made_out_is_counted(tmp_path):
    (tmp_path / "trace.7").write_text('unlink(0x7ffe) = 0\nunlink("x") = 0\n')
    trace = read_trace(str(tmp_path / "trace"), "/")
    assert trace.n_missed == 1
    assert [touch.resource for touch in trace.touches] == ["/x"]


def test_names_are_unescaped(touches):
    line = r'unlink("/a/\303\251 \"<>,\n) = 1") = 0'
    assert touches({7: line}) == [("delete", '/a/é "<>,\n) = 1', "file")]


def test_a_socket_is_known_by_how_it_was_made(touches):
    lines = (
        "socket(AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 4<socket:[12]>\n"
        "connect(4<socket:[12]>, {sa_family=AF_INET6, sin6_port=htons(53), "
        'sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "fe80::1", &sin6_addr), '
        "sin6_scope_id=0}, 28) = 0\n"
    )
    assert touches({7: lines}) == [("connect", "udp://[fe80::1]:53", "")]


def test_children_start_where_their_parents_are(touches):
    lines = {
        7: 'chdir("sub") = 0\nvfork() = 8\nchdir("/else") = 0\nunlink("a") = 0\n',
        8: 'execve("/bin/tool", ["tool"], 0x7 /* 3 vars */) = 0\nunlink("b") = 0\n',
    }
    found = touches(lines)
    assert ("delete", "/start/sub/b", "file") in found
    assert ("delete", "/else/a", "file") in found


def test_processes_whose_beginning_was_missed_are_read_as_well(touches):
    assert touches({7: "", 9: 'unlink("a") = 0\n'}, root=7) == [
        ("delete", "/start/a", "file")
    ]


def test_a_search_for_modules_is_not_a_listing(touches):
    text = (
        'execve("/bin/python", ["python"], 0x7 /* 3 vars */) = 0\n'
        'openat(AT_FDCWD, "/l/encodings/__init__.py", O_RDONLY) = '
        "3</l/encodings/__init__.py>\n"
        'openat(AT_FDCWD, "/p/__pycache__/m.pyc", O_RDONLY) = 3</p/__pycache__/m.pyc>\n'
        "getdents64(3</start>, 0x5, 32768) = 80\n"
        "getdents64(3</p>, 0x5, 32768) = 80\n"
        "getdents64(3</data>, 0x5, 32768) = 80\n"
    )
    listed = [resource for op, resource, _ in touches({7: text}) if op == "list"]
    assert listed == ["/data"]


def test_every_way_to_say_this_machine_is_one():
    hosts = ("localhost", "127.0.0.1", "0.0.0.0", "::1", "::")
    assert {address("tcp", host, 1) for host in hosts} == {"tcp://localhost:1"}


def test_links_on_the_way_are_followed(touches, tmp_path):
    (tmp_path / "real").mkdir()
    os.symlink("real", tmp_path / "link")
    ((_, resource, _),) = touches({7: 'unlink("link/x") = 0\n'}, folder=str(tmp_path))
    assert resource == str(tmp_path.resolve() / "real" / "x")
