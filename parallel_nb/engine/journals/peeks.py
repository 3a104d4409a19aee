"""Attempts that a journal saw on their way, and the same ones once they are home.

Knows which of the two count; refuses to know files and runs.
"""


def without_repeats(blocks):
    """Blocks without attempts that were seen on their way and then came home."""
    peeked = {block.number for block in blocks if block.is_peek}
    if not peeked:
        return blocks
    home = {number: set() for number in peeked}
    for block in blocks:
        if block.number in home and not block.is_peek:
            home[block.number].update(block.records["position"].tolist())
    kept = []
    for block in blocks:
        if block.is_peek:
            known = home[block.number]
            positions = block.records["position"].tolist()
            new = [row for row, at in enumerate(positions) if at not in known]
            known.update(positions)
            block = _rows(block, new)
        if len(block.records):
            kept.append(block)
    return kept


def without_unbegun(blocks):
    """Blocks without rows of tasks that never began in one run, and then had another.

    A run that goes on with an earlier one does not count them as attempts either.
    """
    tried_later, kept = set(), []
    for block in reversed(blocks):
        tasks = block.tasks.tolist()
        if block.number < 0:
            new = [row for row, task in enumerate(tasks) if task not in tried_later]
            block = _picked(block, new)
        tried_later.update(tasks)
        if len(block.records):
            kept.append(block)
    return kept[::-1]


def _picked(block, rows):
    """Some rows of a block that has no results."""
    known = block.fingerprints
    return block._replace(
        records=block.records[rows],
        tasks=block.tasks[rows],
        failures={
            new: block.failures[row]
            for new, row in enumerate(rows)
            if row in block.failures
        },
        fingerprints=None if known is None else known[rows],
        sizes=block.sizes[rows],
    )


def _rows(block, rows):
    """The last rows of a block, which are what is new in it."""
    if len(rows) == len(block.records):
        return block
    rest = slice(len(block.records) - len(rows), None)
    skipped = block.sizes[: len(block.sizes) - len(rows)]
    first = len(block.records) - len(rows)
    return block._replace(
        records=block.records[rest],
        tasks=block.tasks[rest],
        failures={row - first: f for row, f in block.failures.items() if row >= first},
        fingerprints=None if block.fingerprints is None else block.fingerprints[rest],
        sizes=block.sizes[rest],
        results_at=block.results_at + int(skipped[skipped > 0].sum()),
    )
