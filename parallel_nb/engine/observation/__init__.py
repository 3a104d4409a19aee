"""What tasks really touch, seen while they run one at a time.

observing, watching   tasks in a lane that tells on them
witness, auditing, touching, tracing  what it tells
clashes, noise        what of that disturbs others
results, retelling, traces  an Observation, and how it is told
"""
