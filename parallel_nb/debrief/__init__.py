"""Floor 7: a Run → the report on it, in markdown or HTML.

figures.py    numbers that only a report needs
verdicts.py   how the run went as a whole
advice.py     what would help, what to do
writing.py    which sections there are and what stands in them: `report`
document.py   what a report is made of, whatever it is shown as
markdown.py, page.py   the two ways to show it
shown.py      the text that is returned, as notebooks show it

Knows words and their order; refuses to know how the numbers came about.
"""
