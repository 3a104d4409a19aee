"""`write`: a Run → a file that other tools read.

Knows which format is written by whom; refuses to know what any of them looks like.
"""
