"""From key press to pixels: ``python -m tests.benchmarks.pixels``.

JupyterLab in Chromium, both started here: a key is pressed on a slider again and again,
and the time until its picture is another one on the page is taken inside the browser.
Bar: 150 ms by the median of wall times. Takes half a minute.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median

from tests.browser import cells, serving
from tests.browser.conftest import _FLAGS
from tests.browser.driving import Lab

BAR = 0.150  # s
_SLIDERS = {
    "run": "In view (s), from",
    "sweep": "Laws up to (workers)",
    "laws": "Serial (%)",
    "schedules": "Workers",
}
# The clock starts with the key, and stops in the frame that shows another picture.
_WATCH = """(root) => {
  const image = [...root.querySelectorAll('img.widget-image')]
    .find((each) => each.checkVisibility());
  const before = image.src;
  window.taken = null;
  document.addEventListener('keydown', () => {
    const began = performance.now();
    const look = () => {
      if (image.src === before || !image.complete) return requestAnimationFrame(look);
      requestAnimationFrame(() => { window.taken = performance.now() - began; });
    };
    look();
  }, {once: true, capture: true});
}"""


def taken(lab: Lab, cell: int, slider: str, n_keys: int) -> list[float]:
    """Seconds from each of some key presses to another picture."""
    output = lab.output(cell)
    output.control("slider", slider).focus()
    seconds = []
    for at in range(n_keys):
        output.root.evaluate(_WATCH)
        lab.tab.keyboard.press("ArrowRight" if at % 10 < 5 else "ArrowLeft")
        lab.tab.wait_for_function("window.taken !== null")
        seconds.append(lab.tab.evaluate("window.taken") / 1000)
    return seconds


def main(arguments=None) -> None:
    """Measure and print, one line a widget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=40, help="of each widget")
    n_keys = parser.parse_args(arguments).keys
    from playwright.sync_api import sync_playwright  # of the extra `browser`

    with (
        tempfile.TemporaryDirectory() as folder,
        serving.Server(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=serving.chromium(), args=_FLAGS
        )
        lab = Lab(browser, server, [cells.WIDGETS[name] for name in _SLIDERS])
        print("key press to pixels; ms median, max")
        for cell, (name, slider) in enumerate(_SLIDERS.items()):
            found = taken(lab, cell, slider, n_keys)
            mark = "✓" if median(found) <= BAR else "✗"
            numbers = " ".join(f"{1e3 * t:6.0f}" for t in (median(found), max(found)))
            print(f"  {name:12} {numbers}  ≤ {1e3 * BAR:.0f} {mark}")
        lab.close()
        browser.close()


if __name__ == "__main__":
    main()
