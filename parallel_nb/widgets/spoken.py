"""The names and values of a page's controls, for those who do not see them.

Knows what ipywidgets leaves out of a page and cannot be told from Python: handles of
sliders and groups of buttons have no names, and a slider over options speaks of their
positions. Refuses to know which controls there are: their labels say it.
"""

from __future__ import annotations

LIVE = "pnb-page"  # the class of every widget that it looks after

# It runs once a document, and again when a widget appears or a control is moved.
SCRIPT = """<script>
(() => {
  if (window.parallelNbSpeaks) return;
  window.parallelNbSpeaks = true;
  const put = (element, name, value) => {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  };
  const name = (label) => {
    if (label.title === 'null') label.removeAttribute('title');
    const words = label.textContent.trim();
    const control = label.parentElement;
    if (words.length < 2) return;
    const readout = control.querySelector('.widget-readout');
    const handles = control.querySelectorAll('.noUi-handle');
    handles.forEach((handle, at) => {
      const end = handles.length > 1 ? [', from', ', to'][at] : '';
      put(handle, 'aria-label', words + end);
      const values = (readout?.textContent ?? '').split(' \\u2013 ');
      if (readout) put(handle, 'aria-valuetext', values[at] ?? values[0]);
    });
    if (readout?.isContentEditable) {
      put(readout, 'role', 'textbox');
      put(readout, 'aria-label', words + ', typed');
    }
    const buttons = control.querySelectorAll('.widget-toggle-button');
    if (buttons.length) {
      put(control, 'role', 'group');
      put(control, 'aria-label', words);
    }
    buttons.forEach((button) => {
      put(button, 'aria-pressed', String(button.classList.contains('mod-active')));
    });
  };
  const speak = () => {
    for (const page of document.querySelectorAll('.pnb-page')) {
      page.querySelectorAll('label.widget-label').forEach(name);
      for (const list of page.querySelectorAll('select, .noUi-handle')) {
        put(list, 'data-lm-suppress-shortcuts', 'true');
      }
      for (const words of page.querySelectorAll('.widget-html-content')) {
        if (words.querySelector('[role=status]')) put(words, 'aria-live', 'polite');
      }
      for (const image of page.querySelectorAll('img.widget-image')) {
        const words = image.parentElement.querySelector('[role=status]');
        if (words) put(image, 'alt', words.textContent);
      }
    }
  };
  let isDue = false;
  const soon = () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => { isDue = false; speak(); });
  };
  new MutationObserver(soon).observe(document.body, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['class', 'aria-valuetext'],
  });
  soon();
})();
</script>"""
