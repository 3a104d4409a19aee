"""What observed tasks do, importable by a lane without loading a test module."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path


def nothing(*_):
    return None


def append(path, text="x"):
    with open(path, "a") as file:
        file.write(text)


def write(path, text="x"):
    Path(path).write_text(text)
    return str(path)


def read(path, *_):
    return Path(path).read_text()


def read_twice(path):
    return read(path) + read(path)


def update(path):
    with open(path, "r+") as file:
        file.write(file.read().upper())


def open_by_number(path, flags):
    os.close(os.open(path, flags))


def names_in(folder):
    return os.listdir(folder)


def walk(folder):
    return [name for _, _, names in os.walk(folder) for name in names]


def remove(path):
    os.remove(path)


def remove_tree(path):
    shutil.rmtree(path)


def rename(source, target):
    os.replace(source, target)


def replace_whole(path, text):
    """As careful programs write: beside it first, then in its place."""
    with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(path), delete=False) as f:
        f.write(text)
    os.replace(f.name, path)


def make_folder(path):
    os.mkdir(path)


def write_in_folder(folder, name):
    os.makedirs(folder, exist_ok=True)
    return write(os.path.join(folder, name))


def link(source, target):
    os.link(source, target)


def symlink(source, target):
    os.symlink(source, target)


def change_rights_and_times(path):
    os.chmod(path, 0o600)
    os.utime(path)
    os.truncate(path, 0)


def use_temporary_files():
    with tempfile.TemporaryDirectory() as folder:
        write(os.path.join(folder, "a"))
        names_in(folder)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("x")
    with tempfile.TemporaryFile() as file:
        file.write(b"x")


def use_as_temporary(path):
    write(path)
    os.remove(path)


def write_relative(name, folder=None):
    if folder is not None:
        os.chdir(folder)
    return write(name)


def there_and_back(folder):
    here = os.getcwd()
    os.chdir(folder)
    os.chdir(here)


def write_by_folder_descriptor(folder, name, other):
    fd = os.open(folder, os.O_RDONLY)
    os.remove(name, dir_fd=fd)
    os.mkdir(other, dir_fd=fd)
    os.listdir(fd)
    os.close(fd)


def set_variable(name, value):
    os.environ[name] = value


def set_variable_for_a_while(name):
    os.environ[name] = "once"
    del os.environ[name]


def run_command(words, **kwargs):
    return subprocess.run(words, check=True, capture_output=True, **kwargs).returncode


def run_by_system(command):
    return os.system(command)


def write_in_fork(path):
    if (pid := os.fork()) == 0:
        write(path)
        os._exit(0)
    os.waitpid(pid, 0)


def write_in_thread(path):
    thread = threading.Thread(target=write, args=(path,))
    thread.start()
    thread.join()


def leave_a_thread():
    threading.Thread(target=threading.Event().wait, daemon=True).start()


def leave_a_process(seconds):
    return subprocess.Popen(["sleep", str(seconds)]).pid


def write_then(path, deed):
    write(path)
    END[deed]()


def return_unpicklable(path):
    write(path)
    return threading.Lock()


def close_all_descriptors(path):
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    write(path)


def keep_table(path):
    with sqlite3.connect(path) as base:
        base.execute("create table if not exists t (x)")
        base.execute("insert into t values (1)")
    base.close()


def count_table(path):
    base = sqlite3.connect(path)
    (n,) = base.execute("select count(*) from t").fetchone()
    base.close()
    return n


def save_array(path):
    import numpy as np

    np.save(path, np.arange(3))


def load_array(path):
    import numpy as np

    return np.load(path).sum()


def save_frame(path):
    import pandas as pd

    pd.DataFrame({"x": [1]}).to_csv(path)


def talk_to(port):
    with socket.create_connection(("localhost", port)):
        pass


def talk_within_folder(path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)


def listen_on(port):
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen()


def import_from(folder, name):
    sys.path.insert(0, folder)
    return __import__(name).VALUE


def read_missing(path):
    try:
        read(path)
    except FileNotFoundError:
        return None


def create_or_give_up(path):
    try:
        with open(path, "x"):
            return True
    except FileExistsError:
        return False


def sleep(seconds):
    threading.Event().wait(seconds)


def add(*numbers):
    return sum(numbers)


def one():
    return 1


def read_deeply(path, depth):
    """Read where the stack is nearly used up, as the hook needs some of it, too."""
    if depth:
        return read_deeply(path, depth - 1)
    return read(path)


def _raise():
    raise ValueError("as asked")


END = {
    "raise": _raise,
    "exit": lambda: sys.exit(2),
    "_exit": lambda: os._exit(3),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "sleep": lambda: sleep(60),
}
