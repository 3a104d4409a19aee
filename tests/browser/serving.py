"""A Jupyter server on 127.0.0.1, with folders of its own.

Knows how it is started, what must not be asked of the network, and how all of it ends;
refuses to know notebooks and pages.
"""

import importlib.util
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import psutil

_NEEDED = ("playwright", "jupyterlab", "notebook", "voila")
_SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


def chromium():
    """Where Chromium is, or None."""
    return shutil.which("chromium")


def lacking():
    """What is not installed, in words; nothing if all is there."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    told = [f"the extra `browser` (no {' and no '.join(missing)})"] * bool(missing)
    if chromium() is None:
        told.append("Chromium (apt-get install chromium)")
    return " and ".join(told)


# Whoever kills pytest ends the server as well, and that its kernels.
_START = """
import ctypes, os, runpy, signal, sys
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
if os.getppid() != int(sys.argv.pop(1)):
    sys.exit("whoever started this has gone")
runpy.run_module("jupyterlab", run_name="__main__", alter_sys=True)
"""


class Server:
    """JupyterLab, Notebook 7 and Voilà behind one port."""

    def __init__(self, folder):
        self.root = folder / "root"
        self._token, self._log = secrets.token_hex(8), folder / "server.log"
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def __enter__(self):
        self.root.mkdir()
        settings = self._folder / "settings"
        for name, values in _SETTINGS.items():
            file = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "IPYTHONDIR": "ipython",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        }
        environ = {key: str(self._folder / name) for key, name in own.items()}
        # Coverage, proxies and the user's own notebooks are no part of the test.
        environ = {**os.environ, **environ, "PYTHONWARNINGS": "default"}
        self._output = self._log.open("w")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", _START, str(os.getpid())),
                *("--no-browser", "--allow-root"),
                *("--ip=127.0.0.1", f"--port={self.port}", "--port-retries=0"),
                f"--IdentityProvider.token={self._token}",
                f"--ServerApp.root_dir={self.root}",
                "--expose-app-in-browser",
                "--JupyterNotebookApp.expose_app_in_browser=True",
                "--VoilaConfiguration.show_tracebacks=True",
            ],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        for _ in range(1200):  # two minutes: machines can be busy
            try:
                self.ask("api/status")
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                try:
                    self._process.wait(0.1)
                except subprocess.TimeoutExpired:
                    continue
                break
            return self
        self.__exit__()
        raise RuntimeError(f"Jupyter did not start:\n{self._log.read_text()[-2000:]}")

    def __exit__(self, *_):
        own = psutil.Process(self._process.pid)
        started = own.children(recursive=True)
        try:
            self.end_kernels()
        except (urllib.error.URLError, ConnectionError):
            pass  # then it is dead already
        own.terminate()
        _, left = psutil.wait_procs([own, *started], timeout=10)
        for process in left:
            process.kill()
        self._process.wait()
        self._output.close()

    def ask(self, path, method="GET"):
        """What the server answers, read as JSON."""
        request = urllib.request.Request(self.address(path), method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def address(self, path):
        """Of a page; the token is in it."""
        return f"http://127.0.0.1:{self.port}/{path}?token={self._token}"

    def end_kernels(self):
        """End every kernel, and wait for that."""
        for kernel in self.ask("api/kernels"):
            self.ask(f"api/kernels/{kernel['id']}", "DELETE")
