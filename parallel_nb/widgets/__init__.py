"""Floor 7: Runs and laws to turn over in a notebook; the only place of ipywidgets.

explore(run)      timeline, tasks, ledger, findings, and what other workers would take
explore(sweep)    measurements, laws on and off, extrapolation, what is not identified
laws_lab()        Amdahl, Gustafson and USL to play with, no data needed
schedule_lab()    a toy scheduler: orders, bounds, Graham's anomaly

A widget is controls and one handler that calls a function of a table and one of a
picture, which `draw` makes. `framed.py` shows it with its words, `page.py` is what a
saved notebook keeps; the files beside them know one widget each. None of them computes
what `accounting`, `simulation`, `scheduling` and `laws` know.
"""
