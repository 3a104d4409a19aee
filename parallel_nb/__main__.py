"""``python -m parallel_nb``: the command line, as `parallel-nb` is.

Knows its own name; everything else is in `cli/`.
"""

from parallel_nb.cli import main

if __name__ == "__main__":
    main(prog_name="python -m parallel_nb")
