"""A notebook in a browser, worked by keyboard.

Knows how JupyterLab is driven and what of a widget is seen; refuses to know what any
widget should show.
"""

import itertools

import nbformat

_READY = """() => {
  const shown = window.jupyterapp?.shell.currentWidget;
  return shown?.context?.isReady && shown.context.sessionContext.isReady
    && shown.context.sessionContext.session?.kernel?.status === 'idle';
}"""
_RUN = """(n) => {
  const app = window.jupyterapp;
  const notebook = app.shell.currentWidget.content;
  const runEach = async () => {
    for (let at = 0; at < n; at++) {
      notebook.activeCellIndex = at;
      await app.commands.execute('notebook:run-cell');
    }
  };
  window.ran = false;
  runEach().then(() => window.ran = true);
}"""
# What is to be seen of an element: its live words, and its pictures' very bytes.
_SEEN = """async (root) => {
  const visible = (each) => each.offsetParent !== null;
  const words = [...root.querySelectorAll('[role=status]')].filter(visible);
  const summed = () => Promise.all(
    [...root.querySelectorAll('img')].filter(visible).map(async (image) => {
      const bytes = await (await fetch(image.src)).arrayBuffer();
      const sum = await crypto.subtle.digest('SHA-1', bytes);
      return [...new Uint8Array(sum)].join();
    }));
  let sums = null;
  while (sums === null) {  // a picture that is replaced meanwhile cannot be fetched
    sums = await summed().catch(() => new Promise(
      (soon) => requestAnimationFrame(() => soon(null))));
  }
  const told = words.map((each) => each.innerText).join('\\n');
  return {words: told, pictures: sums.join()};
}"""
_CHANGED = f"""async (root, [before, what, patience]) => {{
  const last = performance.now() + patience;
  for (;;) {{
    const now = await ({_SEEN})(root);
    if (what.every((each) => now[each] !== before[each])) return now;
    if (performance.now() > last) return null;
    await new Promise((soon) => requestAnimationFrame(soon));
  }}
}}"""
_LOCAL = "http://127.0.0.1:"
_NOT_OURS = (
    # Voilà's own, where a JupyterLab extension of somebody else is installed.
    "The getter for the shared module is not a function",
    # Notebook 7's own, with any notebook: it asks for a setting that only Lab has.
    "Cannot read properties of undefined (reading 'schema')",
    "Command 'filebrowser:open-path' not registered.",
)
_ERRORS = ", ".join(
    f"[data-mime-type='application/vnd.jupyter.{each}']" for each in ("stderr", "error")
)
_PRINTED = "[data-mime-type='application/vnd.jupyter.stdout']"
_FIND = """(root) => [...root.querySelectorAll(
  'button, input, select, [contenteditable=true], [role=slider], summary')]
  .filter((each) => each.checkVisibility() && each.closest('.pnb-page'))"""
_NAME = """(each) => (each.getAttribute('aria-label')
  || [...each.labels ?? []].map((label) => label.textContent).join('').trim()
  || each.textContent).replace('\u200b', '')"""
_CONTROLS = f"(root) => ({_FIND})(root).map({_NAME})"
_BEYOND = """(root) => {
  const right = root.getBoundingClientRect().right + 1;
  return [...root.querySelectorAll('.pnb-page *')]
    .filter((each) => each.checkVisibility())
    .filter((each) => !each.closest('table, pre, .noUi-target'))
    .filter((each) => each.getBoundingClientRect().right > right)
    .map((each) => each.outerHTML.slice(0, 120));
}"""
_BEYOND_AT_LAST = f"""async (root, patience) => {{
  const last = performance.now() + patience;
  for (;;) {{
    const beyond = ({_BEYOND})(root);
    if (!beyond.length || performance.now() > last) return beyond;
    await new Promise((soon) => requestAnimationFrame(soon));
  }}
}}"""
_PATIENCE, _LOADING = 30_000, 120_000  # ms; machines can be busy
_numbers = itertools.count()


def written(server, cells):
    """A notebook of these cells in the server's folder; its name."""
    name = f"n{next(_numbers)}.ipynb"
    made = [nbformat.v4.new_code_cell(source) for source in cells]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})
    nbformat.write(notebook, server.root / name)
    return name


class Page:
    """A tab of the browser, and what went wrong in it."""

    def __init__(self, chromium, address, width=1300, height=1000):
        self.tab = chromium.new_page(viewport={"width": width, "height": height})
        self.tab.set_default_timeout(_PATIENCE)
        self.tab.set_default_navigation_timeout(_LOADING)
        self.complaints = []
        self.tab.on("console", self._hear)
        self.tab.on("pageerror", lambda error: self._complain(str(error)))
        self.tab.goto(address)

    def _hear(self, message):
        where = message.location["url"]
        # Fonts and the like that Jupyter's pages ask of other hosts.
        is_foreign = where and not where.startswith(_LOCAL)
        if message.type == "error" and not is_foreign:
            self._complain(f"{message.text} {where}")

    def _complain(self, words):
        if not any(known in words for known in _NOT_OURS):
            self.complaints.append(words)

    def close(self):
        """Leave without being asked whether to save."""
        self.tab.close(run_before_unload=False)


class Lab(Page):
    """A notebook in JupyterLab; all its cells have run when it is there.

    Parameters
    ----------
    cells : sequence of str
        That are run at once.
    later : sequence of str
        Cells below them, for `run`.
    where : str
        ``"lab"``, in a workspace of its own, or ``"notebooks"`` for Notebook 7.
    is_awaited : bool
        Whether the cells have run when it is there.
    """

    def __init__(
        self,
        chromium,
        server,
        cells,
        *,
        later=(),
        where="lab",
        width=1300,
        is_awaited=True,
    ):
        cells = list(cells)
        self.name = written(server, [*cells, *later])
        page = f"{where}/{self.name}"
        if where == "lab":  # in which no other notebook is open
            page = f"lab/workspaces/{self.name.removesuffix('.ipynb')}/tree/{self.name}"
        super().__init__(chromium, server.address(page), width)
        self.tab.wait_for_function(_READY, timeout=_LOADING)
        if where.startswith("lab"):
            self.command("application:set-mode", {"mode": "single-document"})
            self.tab.evaluate("window.jupyterapp.shell.collapseLeft()")
        self.tab.evaluate(_RUN, len(cells))
        if is_awaited:
            self.wait()

    def command(self, name, arguments=None):
        """Do what a menu does."""
        self.tab.evaluate(
            "([name, given]) => window.jupyterapp.commands.execute(name, given)",
            [name, arguments or {}],
        )

    def look(self, theme, width):
        """Change the theme, as the menu calls it, and the window's width."""
        self.command("apputils:change-theme", {"theme": theme})
        self.tab.set_viewport_size({"width": width, "height": 1000})
        self.tab.wait_for_function(
            "([name, width]) => document.body.dataset.jpThemeName === name"
            " && innerWidth === width",
            arg=[theme, width],
        )

    def run(self, cell):
        """Run one more cell, and wait for that."""
        self.tab.evaluate(
            """async (at) => {
              const app = window.jupyterapp;
              app.shell.currentWidget.content.activeCellIndex = at;
              await app.commands.execute('notebook:run-cell');
            }""",
            cell,
        )
        return self.output(cell)

    def errors(self):
        """Texts of what failed or warned in any cell."""
        return self.tab.locator(_ERRORS).all_inner_texts()

    def wait(self):
        """Until all cells have run."""
        self.tab.wait_for_function("window.ran", timeout=_LOADING)

    def assert_well(self):
        """No cell failed or warned, and the console has no complaint."""
        assert self.errors() == [], self.errors()
        assert self.complaints == [], self.complaints

    def output(self, cell=-1):
        """What is below a cell."""
        cells = self.tab.locator(".jp-CodeCell")
        at = cell if cell >= 0 else cells.count() + cell
        return Output(self.tab, cells.nth(at).locator(".jp-Cell-outputWrapper"))


class Output:
    """The output of a cell: controls by their names, and what they change."""

    def __init__(self, tab, root):
        self.tab, self.root = tab, root

    def seen(self):
        """The live words and the pictures, as {"words": …, "pictures": …}."""
        return self.root.evaluate(_SEEN)

    def control(self, role, name):
        """A control by its role and by the name that a screen reader says."""
        found = self.root.get_by_role(role, name=name, exact=True)
        found.wait_for()
        assert found.count() == 1, f"{found.count()} of {role} {name!r}"
        return found

    def press(self, role, name, *keys, changes=("words", "pictures")):
        """Press keys on a control, each of which changes something; what is seen last.

        Not before a change is there is the next key pressed: a picture that came late
        would be taken for what that key has done.
        """
        for key in keys:
            before = self.seen()
            self.strike(role, name, key)
            now = self.changed(before, changes)
        return now

    def strike(self, role, name, *keys):
        """Press keys on a control, without waiting for what they do."""
        self.control(role, name).focus()
        for key in keys:
            self.tab.keyboard.press(key)

    def says(self, words):
        """Wait until it says this somewhere; what is seen then."""
        self.root.get_by_text(words).first.wait_for()
        return self.seen()

    def lists(self, role, name, *words):
        """Wait until the options of a list begin like this."""
        handle = self.control(role, name).element_handle()
        self.tab.wait_for_function(
            """([list, words]) => list.options.length === words.length && words.every(
                 (each, at) => list.options[at].text.startsWith(each))""",
            arg=[handle, words],
        )

    def changed(self, before, what=("words", "pictures")):
        """Wait until each of these differs from before; what is seen then."""
        now = self.root.evaluate(_CHANGED, [before, list(what), _PATIENCE])
        assert now, f"of {' and '.join(what)} one has not changed: {self.seen()}"
        return now

    def type(self, name, text):
        """Put a text in the place of another, as a slider's value is typed."""
        before = self.seen()
        self.control("textbox", name).focus()
        self.tab.keyboard.press("Control+A")
        self.tab.keyboard.type(text)
        self.tab.keyboard.press("Enter")
        return self.changed(before)

    def controls(self):
        """Names of what can be worked, in the page's order."""
        return self.root.evaluate(_CONTROLS)

    def reached(self, n):
        """Names of what Tab leads to, from the first control on, `n` of them."""
        self.root.evaluate(f"(root) => ({_FIND})(root)[0].focus()")
        names = []
        for _ in range(n):
            names.append(self.tab.evaluate(f"({_NAME})(document.activeElement)"))
            self.tab.keyboard.press("Tab")
        return names

    def assert_fits(self):
        """Nothing reaches beyond the right edge, once the page is laid out anew."""
        beyond = self.root.evaluate(_BEYOND_AT_LAST, _PATIENCE)
        assert beyond == [], beyond

    def printed(self):
        """What the cell printed."""
        return "".join(self.root.locator(_PRINTED).all_inner_texts())

    def shot(self, file):
        """A screenshot."""
        self.root.screenshot(path=file)
