"""`compare` and `history`: whether it got slower.

Knows what stands on which side; refuses to know statistics.
"""

from __future__ import annotations

import os

import click

from .inputs import reading_options, side_from
from .showing import printable, table_text


@click.command(
    epilog="""\b
Examples:
  parallel-nb compare before.parquet after.parquet
  parallel-nb compare a1.parquet,a2.parquet b1.parquet,b2.parquet --tolerance 0.1
  parallel-nb compare --before old/ --after new/ --fail-on-slower
""",
)
@click.argument("sides", nargs=-1, metavar="[BEFORE AFTER]")
@click.option("--before", multiple=True, metavar="FILE", help="May be repeated.")
@click.option("--after", multiple=True, metavar="FILE", help="May be repeated.")
@click.option(
    "--tolerance",
    type=float,
    default=0.05,
    show_default=True,
    help="Smaller changes do not count; 0.05 is 5 %.",
)
@click.option(
    "--fail-on-slower", is_flag=True, help="Exit with 1 if the verdict is: slower."
)
@reading_options
@click.pass_context
def compare(context, sides, before, after, tolerance, fail_on_slower, **options):
    """Whether AFTER is faster or slower than BEFORE, how surely, and why.

    Each side is a file, several between commas, or a folder: several are repeats.
    """
    from ..comparison.making import compare as compared

    if sides and (len(sides) != 2 or before or after):
        raise click.UsageError(
            "expected two sides, BEFORE and AFTER; got "
            f"{len(sides) + bool(before) + bool(after)}. Repeats stand between commas, "
            "or behind --before and --after each"
        )
    if not sides and not (before and after):
        raise click.UsageError("expected two sides, BEFORE and AFTER")
    index = options.pop("index")
    if sides:
        before, after = sides[:1], sides[1:]
    found = compared(
        _chosen(side_from(before, **options), index),
        _chosen(side_from(after, **options), index),
        tolerance=tolerance,
    )
    click.echo(printable(str(found)))
    if fail_on_slower and found.verdict == "slower":
        context.exit(1)


def _chosen(side, index):
    if index is None or not isinstance(side, list):
        return side
    if not 0 <= index < len(side):
        raise click.UsageError(
            f"--index must be from 0 to {len(side) - 1}; got {index}"
        )
    return side[index]


@click.command(
    epilog="""\b
Examples:
  parallel-nb history runs/ --label nightly
  parallel-nb history s3://bucket/runs --label nightly --fail-on-slower
""",
)
@click.argument("store")
@click.option("--label", help="Which runs.  [default: all, if they have one label]")
@click.option(
    "--measure",
    type=click.Choice(["makespan", "work", "throughput"]),
    default="makespan",
    show_default=True,
)
@click.option("--tolerance", type=float, default=0.05, show_default=True)
@click.option(
    "--fail-on-slower",
    is_flag=True,
    help="Exit with 1 if the last change was for the worse.",
)
@click.pass_context
def history(context, store, label, measure, tolerance, fail_on_slower):
    """How long the runs in STORE took over time: changes, regressions, trend."""
    from ..comparison.past import history as past
    from ..runstore.stores import RunStore

    if "://" not in store and not os.path.isdir(store):
        raise click.UsageError(f"there is no folder {store}")
    found = past(RunStore(store), label=label, measure=measure, tolerance=tolerance)
    click.echo(printable(f"{found}\n"))
    table = found.table
    table["at"] = table["at"].dt.strftime("%Y-%m-%d %H:%M:%S")
    click.echo(printable(table_text(table)))
    changes = found.changes
    if fail_on_slower and len(changes) and changes["verdict"].iat[-1] == "slower":
        context.exit(1)
