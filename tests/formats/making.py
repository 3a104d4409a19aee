"""Where the small outputs of real tools are, and how a text is read."""

from pathlib import Path

from parallel_nb.reading import read

MADE = Path(__file__).parent / "made"


def text(content, format=None, **options):
    """The Run of a text, whatever it looks like."""
    return read(content.encode(), format, **options)


def notes(run):
    return " | ".join(run.meta.notes)
