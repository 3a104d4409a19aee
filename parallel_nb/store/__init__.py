"""Floor 4: a Run, or a Sweep with its Runs, in one Parquet file, and back.

Knows the file formats, their versions and how a file is replaced in one step; refuses
to know what the numbers mean. Reading never unpickles anything unless asked for
results.
"""

from .files import replacing
from .saving import header_in, load, read, save, write

__all__ = ["header_in", "load", "read", "replacing", "save", "write"]
