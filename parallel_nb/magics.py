"""The ``%%record`` cell magic: `record` around a notebook cell.

Knows how IPython runs a cell and that a cell can be recorded; refuses to know what a
log holds or how it is shown.
"""

import ast

from .engine.recording import record
from .errors import ArgumentError


def load(shell):
    """Register the magic with an IPython shell."""

    def record_cell(line, cell):
        """Run the cell; every joblib call made in it becomes a Run.

        Use: ``%%record`` or ``%%record name``. The log is bound to `name`, by default
        ``log``, also when the cell raises; ``log[0]`` is the Run of the first call.
        The cell ends as it would have without: its last value is shown, an error
        stops the notebook. Magics work in it, ``await`` at its top level does not.
        """
        name = line.strip() or "log"
        if not name.isidentifier():
            raise ArgumentError(
                f"%%record takes the name of a variable for the log; got {name!r}"
            )
        with record() as log:
            shell.user_ns[name] = log
            return _run(shell, cell)

    shell.register_magic_function(record_cell, "cell", "record")


def _run(shell, cell):
    """Execute a cell in the user's namespace and give back its last value, or None.

    Not by `shell.run_cell`, which shows an error and goes on: raising it afterwards
    shows it twice.
    """
    code = shell.transform_cell(cell)
    source = shell.compile.cache(code, raw_code=cell)  # tracebacks show these lines
    tree = shell.transform_ast(shell.compile.ast_parse(code))
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = tree.body.pop()
    exec(shell.compile(tree, source, "exec"), shell.user_ns)
    if last is None:
        return None
    expression = ast.Expression(last.value)
    return eval(shell.compile(expression, source, "eval"), shell.user_ns)
