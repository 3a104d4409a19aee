"""The commands by name, and what becomes of an error: one sentence, and an exit code.

Knows exit codes (0; 1 tasks failed, or it got slower; 2 usage, or a file that cannot be
read; 130 interrupted; 141 nobody reads any more); refuses to know what a command does.
"""

from __future__ import annotations

import os
import sys

import click

from .. import __version__
from ..errors import ParallelNbError
from .comparing import compare, history
from .running import run
from .showing import predict, show
from .trying import demo, lab
from .writing import convert, report

INTERRUPTED, NOBODY_READS = 130, 141


class _Refused(click.ClickException):
    """A user's mistake, or a file's fault: one sentence on stderr."""

    exit_code = 2

    def show(self, file=None):
        click.echo(f"parallel-nb: {' '.join(self.message.split())}", err=True)


class _Commands(click.Group):
    """Says what went wrong in one sentence; a traceback is for faults of ours."""

    def invoke(self, ctx):
        try:
            done = super().invoke(ctx)
            sys.stdout.flush()
            return done
        except BrokenPipeError:
            _let_go_of_stdout()
            ctx.exit(NOBODY_READS)
        except KeyboardInterrupt:
            click.echo("parallel-nb: interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except (ParallelNbError, OSError) as error:
            raise _Refused(str(error)) from error


def _let_go_of_stdout() -> None:
    """Have the interpreter flush to nowhere at its end, instead of complaining."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass  # a stream without a file, as tests have


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
    epilog="""\b
Examples:
  parallel-nb run -j 4 -- gzip -k {} ::: *.log
  parallel-nb show build/.ninja_log
  parallel-nb compare before.parquet after.parquet --fail-on-slower
  parallel-nb COMMAND --help
""",
)
@click.version_option(__version__, prog_name="parallel-nb")
def commands():
    """Run batches of commands, and see where the worker-seconds went.

    FILE may be a run file of parallel_nb, a journal, or what GNU parallel, ninja, Bazel
    and other Chrome traces, Dask, Nextflow, cargo, Spark, pytest and others wrote.

    Exit codes: 0; 1 if tasks failed, or with --fail-on-slower; 2 for a wrong command
    line or a file that cannot be read; 130 if interrupted.
    """


for _command in (
    run,
    show,
    report,
    compare,
    convert,
    predict,
    history,
    demo,
    lab,
):
    commands.add_command(_command)


def main(arguments=None, prog_name="parallel-nb"):
    """Run a command and end the process with its exit code."""
    commands.main(args=arguments, prog_name=prog_name)
