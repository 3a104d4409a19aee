"""An Observation in words: who disturbs whom, who says so, and what was not seen.

Knows sentences, and how many of them are enough; refuses to find anything out.
"""

import os
import textwrap
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...planning.wiring import enumerated
from .clashes import Clash, Declared
from .touching import CONTENT, CWD, ENVIRONMENT, FOLDER, NAMES

_WIDTH = 88
_NAMES = 4  # of tasks or resources in one sentence
_SENTENCES = 12  # of one section


class Told(NamedTuple):
    """What the sentences need beside the frames."""

    clashes: tuple[Clash, ...]
    is_declared: tuple[bool, ...]
    declared: Declared
    left: Mapping[int, Sequence[str]]  # what tasks left changed in their process
    cwd: str


def page(observation, told: Told) -> str:
    """The observation on a page."""
    named = quoted(observation.tasks)
    undeclared = [
        clash
        for clash, is_declared in zip(told.clashes, told.is_declared, strict=True)
        if not is_declared
    ]
    shared = [c for c in undeclared if c.over not in (ENVIRONMENT, CWD)]
    in_threads = [c for c in undeclared if c.over in (ENVIRONMENT, CWD)]
    sections = [[_headline(observation)]]
    if shared:
        said = _conflict_sentences(shared, named, told)
        sections.append([*_first(said), "  plan(observation.tasks) keeps them apart."])
    if in_threads:
        said = _conflict_sentences(in_threads, named, told)
        sections.append(["In threads, though not in isolated lanes:", *_bullets(said)])
    left = [
        f"{named[task]} leaves {enumerated(list(things), _NAMES)} changed: what its "
        "worker runs next starts with that."
        for task, things in sorted(told.left.items())
        if things
    ]
    if left:
        sections.append(_first(left))
    if observation.not_observed:
        sections.append(["Not observed:", *_bullets(observation.not_observed)])
    lines = ("\n".join(map(_wrapped, section)) for section in sections)
    return "\n\n".join(lines)


def quoted(tasks):
    """What to call each task in a sentence: by position, too, where names repeat."""
    n_called = Counter(task.name for task in tasks)
    return [
        f"{task.name!r}" if n_called[task.name] == 1 else f"{task.name!r} (task {i})"
        for i, task in enumerate(tasks)
    ]


def _headline(observation):
    n_seen, n_tasks = len(observation.observed), len(observation.tasks)
    who = f"{n_seen} of {n_tasks} tasks" if n_seen < n_tasks else _n(n_tasks, "task")
    n, n_undeclared, _ = counts(observation)
    if not n:
        what = "no two of them disturb each other, as far as could be seen"
    elif n == 1:
        what = f"1 conflict, which is {'not ' * n_undeclared}declared"
    else:
        silent = {0: "all of them", n: "none of them"}.get(n_undeclared)
        what = f"{n} conflicts, {silent or f'{n - n_undeclared} of them'} declared"
    return f"{who} observed, one at a time: {what}."


def line(observation):
    """The observation in one line."""
    n_seen, n_tasks = len(observation.observed), len(observation.tasks)
    n, n_undeclared, n_in_threads = counts(observation)
    said = f"{_n(n, 'conflict')}, {n_undeclared} undeclared"
    parts = [
        f"{n_seen} of {n_tasks} tasks" if n_seen < n_tasks else _n(n_tasks, "task"),
        said if n else "no conflict",
    ]
    if n_in_threads:
        parts.append(f"{n_in_threads} in threads only")
    return f"<Observation {' · '.join(parts)}>"


def _n(number, what):
    return f"{number} {what}{'s' * (number != 1)}"


def counts(observation):
    """Conflicts, those of them that nobody declared, and those in threads only."""
    conflicts = observation.conflicts
    is_real = ~conflicts["in_threads_only"]
    return (
        int(is_real.sum()),
        int((is_real & ~conflicts["declared"]).sum()),
        int((~is_real).sum()),
    )


def _conflict_sentences(clashes, named, told):
    """One sentence for all clashes of the same tasks in the same manner."""
    by_resource = defaultdict(lambda: (set(), set(), set()))
    for clash in clashes:
        changing, using, silent = by_resource[clash.resource, clash.over]
        for task, writes in (
            (clash.first, clash.first_writes),
            (clash.then, clash.then_writes),
        ):
            is_owner = clash.owner < 0 or task == clash.owner
            (changing if writes and is_owner else using).add(task)
            said = told.declared.by(task, clash.resource)
            if said is None or (writes and not said):
                silent.add(task)
    alike = defaultdict(list)
    for (resource, over), sets in by_resource.items():
        key = over, *(tuple(sorted(each)) for each in sets)
        alike[key].append(resource)
    return [
        _sentence(over, changing, using, silent, resources, named, told.cwd)
        for (over, changing, using, silent), resources in alike.items()
    ]


def _sentence(over, changing, using, silent, resources, named, cwd):
    if over in (CONTENT, ENVIRONMENT, CWD):
        using = tuple(task for task in using if task not in changing)
    what = enumerated([shown(r, cwd) for r in resources], _NAMES)
    changers, users = (_tasks(each, named) for each in (changing, using))
    many, several = len(changing) > 1, len(using) > 1
    both = "both " if len(changing) == 2 else ""
    if over == CONTENT and not using:
        said = f"{changers} {both}write {what}"
    elif over == CONTENT:
        said = (
            f"{users} read{'' if several else 's'} {what}, which {changers} "
            f"write{'' if many else 's'}"
        )
    elif over == NAMES:
        said = (
            f"{users} list{'' if several else 's'} {what}, where "
            f"{changers} add{'' if many else 's'} or remove{'' if many else 's'} names"
        )
    elif over == FOLDER:
        said = (
            f"{users} need{'' if several else 's'} {what}, which "
            f"{changers} make{'' if many else 's'}"
        )
    elif over == ENVIRONMENT:
        said = f"{changers} {both}set {what}, and not to the same"
    elif over == CWD:
        said = f"{changers} {both}change{'' if many else 's'} the working directory"
        if using:
            said += f", on which {users} rel{'y' if several else 'ies'}"
    else:
        said = (
            f"{users} use{'' if several else 's'} what is in {what}, which "
            f"{changers} move{'' if many else 's'} or remove{'' if many else 's'}"
        )
    if over in (ENVIRONMENT, CWD):
        return f"{said}."
    return f"{said}; {_who_says_so({*changing, *using}, set(silent), named)}."


def _who_says_so(involved, silent, named):
    speaking = sorted(involved - silent)
    if not speaking:
        return "neither says so" if len(involved) == 2 else "none of them says so"
    verb = "say" if len(speaking) > 1 else "says"
    return f"only {_tasks(speaking, named)} {verb} so"


def _tasks(tasks, named):
    return enumerated([named[task] for task in tasks], _NAMES) if tasks else ""


def shown(resource, cwd):
    """A resource as one would say it: relative where that is shorter."""
    if not os.path.isabs(resource):
        return resource.removeprefix("env:")
    relative = os.path.relpath(resource, cwd)
    path = resource if relative.startswith(os.pardir) else relative
    return f"{path}/" if os.path.isdir(resource) else path


def _first(sentences):
    if len(sentences) <= _SENTENCES:
        return sentences
    return [*sentences[:_SENTENCES], f"… and {len(sentences) - _SENTENCES} more."]


def _bullets(sentences):
    return [f"  - {sentence}" for sentence in _first(list(sentences))]


def _wrapped(line):
    indent = " " * (len(line) - len(line.lstrip(" -")))
    return textwrap.fill(
        line,
        _WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
