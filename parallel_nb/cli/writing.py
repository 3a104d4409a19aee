"""`report` and `convert`: a file → another file.

Knows which ending means which format; refuses to know what is in them.
"""

from __future__ import annotations

from pathlib import Path

import click

from .inputs import one_from, reading_options
from .showing import only_run, printable, table_text

_ENDINGS = {
    ".parquet": "parquet",
    ".json": "chrome",
    ".csv": "csv",
    ".joblog": "joblog",
    ".html": "html",
    ".ipynb": "notebook",
    ".md": "markdown",
}


@click.command(
    epilog="""\b
Examples:
  parallel-nb report run.parquet
  parallel-nb report run.parquet --html -o run.html
  parallel-nb report run.parquet --notebook
""",
)
@click.argument("file")
@click.option("--md", "kind", flag_value="markdown", default=True, help="(default)")
@click.option("--html", "kind", flag_value="html", help="A page that works offline.")
@click.option("--notebook", "kind", flag_value="notebook", help="To be gone on with.")
@click.option("-o", "--output", metavar="OUT", help="Default: stdout, or beside FILE.")
@reading_options
def report(file, kind, output, **options):
    """What came of the run in FILE, how well it went, what would help."""
    kept = one_from(file, **options)
    if kind == "markdown" and output in (None, "-"):
        click.echo(printable(_text(kept)))
        return
    if output is None:
        output = _beside(file, {"html": ".html", "notebook": ".ipynb"}[kind])
    click.echo(_written(kept, output, kind), err=True)


@click.command(
    epilog="""\b
Examples:
  parallel-nb convert run.parquet trace.json.gz
  parallel-nb convert .ninja_log build.parquet
  parallel-nb convert run.parquet table.csv
""",
)
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option(
    "--to",
    type=click.Choice(["chrome", "csv", "joblog", "parquet"]),
    help="Default: by OUT's ending: .json, .csv, .joblog, .parquet; .gz may follow.",
)
@reading_options
def convert(source, target, to, **options):
    """The run in IN as a file OUT of another format.

    A Chrome trace opens in Perfetto and comes back whole; a table and a job log hold
    attempts only.
    """
    kind = to or _ENDINGS.get(_ending(target), "")
    if not kind:
        raise click.UsageError(
            f"OUT must end in .json, .csv, .joblog or .parquet, or --to say which; "
            f"got {target}"
        )
    click.echo(_written(one_from(source, **options), target, kind), err=True)


def _written(kept, target: str, kind: str) -> str:
    """Which file has been written."""
    if kind == "parquet":
        from ..store import save

        return str(save(kept, target))
    if kind == "html":
        from ..reporting import to_html

        return str(to_html(kept, target))
    if kind == "notebook":
        from ..walkthrough import to_notebook

        return str(to_notebook(kept, target))
    if kind == "markdown":
        from ..store import replacing

        with replacing(Path(target)) as file:
            file.write(f"{_text(kept)}\n".encode("utf-8", "replace"))
        return target
    from ..writing import write

    return str(write(only_run(kept, target), target, format=kind))


def _text(kept) -> str:
    from ..sweeps import Sweep

    if not isinstance(kept, Sweep):
        from ..debrief.writing import report as written

        return written(kept)
    from ..fitting import fit

    label = kept.label or "sweep"
    return (
        f"# Report: {label}\n\n```\n{table_text(kept.table)}\n```\n\n"
        f"## Laws\n\n```\n{fit(kept)}\n```"
    )


def _beside(file: str, ending: str) -> str:
    if file == "-":
        raise click.UsageError("-o OUT is needed where the run comes from stdin")
    name = Path(file).name.removesuffix(".gz")
    return str(Path(file).with_name(Path(name).stem + ending))


def _ending(target: str) -> str:
    return Path(target.removesuffix(".gz")).suffix.lower()
