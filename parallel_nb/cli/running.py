"""`run`: commands of the shell as a batch, with a board while it runs.

Knows what is asked of a batch on a command line; refuses to know how it is executed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

import click

from . import lines
from .commands_output import Outputs, quoted


class _Limit(click.ParamType):
    """Seconds, or how many times the median."""

    name = "SECONDS"

    def convert(self, value, param, ctx):
        try:
            return float(value)
        except ValueError:
            return value  # "3x median"; the library says what else there is
