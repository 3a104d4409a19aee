"""Journals: what a run did is on disk before the run is over, and is gone on with.

writing, file, layout  a journal as it is written
reading, peeks, recovering  what one tells
keeping, resuming, moving  a run and its journal
"""
