"""An Observation on a card: who disturbs whom unsaid, who touched what, what was not seen.

Knows what to read first about an Observation; refuses to find anything out.
"""

from __future__ import annotations


def parts(observation) -> list[str]:
    """The pieces of the card."""
    return []
