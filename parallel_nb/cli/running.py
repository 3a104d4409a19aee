"""`run`: commands of the shell as a batch, with a board while it runs.

Knows what is asked of a batch on a command line; refuses to know how it is executed.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import click

from . import lines
from .showing import printable

_COMMANDS_OR_INPUTS = (
    "expected a command and inputs, as in `parallel-nb run gzip {} ::: a.log b.log`, "
    "or a file of commands, one per line"
)


_HELP = """Run a COMMAND for each input, or a file of commands, in parallel.

\b
COMMAND {} ::: INPUTS        a command for each input
COMMAND {} :::: FILE         inputs from a file, one per line; - is stdin
COMMAND {}                   inputs from stdin
FILE                         commands, one per line; - is stdin

In a command, {} is the input, quoted for the shell; {.} is it without its ending,
{/} without its folder, {//} its folder, {/.} its name alone, {#} the number of the
job. Without any, the input stands at the end. Several ::: combine, as {1} {2}.
"""


class _Limit(click.ParamType):
    """Seconds, or how many times the median: the library judges what it is."""

    name = "SECONDS"

    def convert(self, value, param, ctx):
        """A number if it is one."""
        try:
            return float(value)
        except ValueError:
            return value


@click.command(
    context_settings={"allow_interspersed_args": False},
    help=_HELP,
    epilog="""\b
Examples:
  parallel-nb run -j 4 -- gzip -k {} ::: *.log
  parallel-nb run convert {} {.}.png ::: *.jpg
  parallel-nb run --timeout 60 --retries 2 --save run.parquet commands.txt
  parallel-nb run --joblog-compatible -a urls.txt curl -sO {}
  ls *.csv | parallel-nb run wc -l {}
""",
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND ...]")
@click.option("-j", "--jobs", type=int, help="Workers.  [default: all cores]")
@click.option("--backend", help="Of joblib; commands run the same beside any.")
@click.option("--timeout", type=_Limit(), help='For each command, or as "3x median".')
@click.option("--retries", type=int, default=0, help="How often to try again.")
@click.option("--deadline", type=float, metavar="SECONDS", help="For all of it.")
@click.option(
    "--on-failure",
    type=click.Choice(["continue", "stop"]),
    default="continue",
    show_default=True,
)
@click.option("-a", "--arg-file", metavar="FILE", help="Inputs, one per line.")
@click.option("-0", "--null", is_flag=True, help="Inputs end with NUL, not a line.")
@click.option("--label", help="Of the run.  [default: the command]")
@click.option("--save", metavar="FILE", help="Keep the run, *.parquet.")
@click.option("--store", metavar="FOLDER", help="Keep the run among others.")
@click.option("--joblog", metavar="FILE", help="Write a log as GNU parallel does.")
@click.option(
    "--joblog-compatible",
    is_flag=True,
    help="Print what commands print, each as it ends, and nothing else.",
)
@click.option("--quiet", is_flag=True, help="No board while it runs.")
@click.pass_context
def run(context, words, arg_file, null, joblog_compatible, quiet, **options):
    """Run a COMMAND for each input, or a file of commands; `_HELP` says how."""
    commands, label = _commands(words, arg_file, null)
    if not commands:
        raise click.UsageError(f"there is no command to run: {_COMMANDS_OR_INPUTS}")
    options["label"] = options["label"] if options["label"] is not None else label
    code = _run(commands, joblog_compatible, quiet, **options)
    context.exit(code)


def _commands(words, arg_file, by_null) -> tuple[list[str], str]:
    """The lines to run, and what to call them together."""
    command, given = lines.split(words)
    sources = []
    for separator, each in given:
        if separator == ":::":
            sources.append(each)
        else:
            sources += [_records(name, by_null) for name in each]
    if arg_file is not None:
        sources.insert(0, _records(arg_file, by_null))
    if not sources and len(command) == 1 and _holds_commands(command[0]):
        name = command[0]
        return lines.lines([], [_records(name, by_null)]), Path(name).name
    if not sources:
        if sys.stdin is None or sys.stdin.isatty():
            raise click.UsageError(_COMMANDS_OR_INPUTS)
        sources = [_records("-", by_null)]
    return lines.lines(command, sources), " ".join(command)


def _holds_commands(word: str) -> bool:
    """Whether a lone word is a file of commands rather than a command."""
    return word == "-" or (os.path.isfile(word) and not os.access(word, os.X_OK))


def _records(name: str, by_null: bool) -> list[str]:
    with click.open_file(name, "rb") as file:
        text = file.read().decode("utf-8", "surrogateescape")
    return list(lines.records(text, by_null=by_null))


def _run(commands, is_compatible, quiet, *, jobs, save, store, joblog, **options):
    """Run them and leave what was asked for; the exit code."""
    from ..board import StatusBoard
    from ..engine.running import last_run
    from ..engine.running import run as run_batch
    from ..runstore.stores import RunStore
    from ..tasks import shell
    from .outputs import Outputs

    _check_folders(save=save, joblog=joblog)
    before = last_run()
    with contextlib.ExitStack() as stack:
        outputs = stack.enter_context(Outputs()) if is_compatible else None
        board = None if quiet or is_compatible else stack.enter_context(StatusBoard())
        tasks = [
            shell(
                outputs.redirected(at, line) if outputs else line,
                name=line,
                summary=_last_line,
            )
            for at, line in enumerate(commands)
        ]
        try:
            made = run_batch(
                tasks,
                n_jobs=jobs,
                path=save,
                store=None if store is None else RunStore(store),
                on_event=outputs.hear if outputs else board,
                progress=False,
                **options,
            )
        except KeyboardInterrupt:
            made = last_run()
            if made is not None and made is not before:
                _log(made, joblog)
            raise
    _log(made, joblog)
    if outputs is None:
        from ..debrief.writing import report

        click.echo(printable(report(made)))
    elif outputs.has_no_reader:
        raise BrokenPipeError
    return int((made.tasks["status"] != "done").any())


def _check_folders(**paths) -> None:
    """An hour's work is not to end in a misspelled folder."""
    for option, path in paths.items():
        if path is not None and not Path(path).absolute().parent.is_dir():
            raise click.UsageError(
                f"--{option} must be in a folder that is there; got {path}"
            )


def _last_line(result) -> str:
    """What a board and a report say of a command that is done."""
    from ..tasks.printed import last_words

    return last_words("", result.stdout)


def _log(made, joblog) -> None:
    if joblog is not None:
        from ..writing import write

        write(made, joblog, format="joblog")
