"""Fingerprints of calls: the same in every process, others once something changes.

Knows calls, and what to say of one that has no fingerprint; refuses to know who
compares them.
"""

from hashlib import blake2b
from typing import Any

from ..errors import ArgumentError
from .checks import name_of
from .declaring import Shell
from .encoding import PLAIN, Encoder, text

SIZE = 16  # bytes of a fingerprint


def fingerprint(func: Any) -> bytes:
    """What a function does, as 16 bytes; arguments are not part of it.

    Parameters
    ----------
    func : callable or Shell
        Of a function count its name, its code, defaults, the values that it closes over
        and, among the globals that it uses, functions and classes of its own module,
        with theirs in turn, and constants: numbers, texts, dates, paths, enums, and
        lists, tuples, dicts and sets of at most 1000 of them. Of anything else from
        outside, such as arrays at the top of a notebook or functions of another module,
        only the name counts: pass as arguments what may change. Line numbers, comments,
        file paths and the text of its docstring do not count. Builtins count by name,
        bound methods and objects with what they hold, shell commands by command,
        folder, variables and input.

    Raises
    ------
    ArgumentError
        If it holds what no pickle could hold, such as a lock.

    Examples
    --------
    >>> fingerprint(abs) == fingerprint(abs), fingerprint(abs) == fingerprint(max)
    (True, False)
    >>> fingerprint(lambda x: x + 1) == fingerprint(lambda x: x + 2)
    False
    """
    return Fingerprints(func).of_function


class Fingerprints:
    """Fingerprints of calls of one function, in the same version of Python.

    An object that takes long to read, such as a large array, is read once, however many
    calls it is passed to; what is done to it in between does not show.

    Parameters
    ----------
    func : callable or Shell
        As for `fingerprint`.

    Attributes
    ----------
    of_function : bytes of length 16

    Raises
    ------
    ArgumentError
        As for `fingerprint`.

    Examples
    --------
    >>> calls = Fingerprints(pow)
    >>> calls.of((2, 3)) == calls.of((2, 3)), calls.of((2, 3)) == calls.of((3, 2))
    (True, False)
    >>> calls.of((2,)) == calls.of_input(2)
    True
    """

    def __init__(self, func):
        if isinstance(func, Shell):
            self._name = func.name
            self._own = ""
            said = (func.command, func.cwd, func.env, func.input)
            encoded = b"$" + Encoder().value(said)
        else:
            self._name = name_of(func)
            self._own = getattr(func, "__module__", None) or type(func).__module__
            try:
                encoded = Encoder(self._own).root(func)
            except Exception as error:
                raise ArgumentError(
                    f"the function {self._name!r} has no fingerprint, by which a "
                    f"journal would know it again: {_said(error)}. Pass what cannot "
                    "be kept as an argument, or open it in the function; or run "
                    "without a journal."
                ) from error
        self._base = blake2b(encoded, digest_size=SIZE)
        self._large = {}
        self.of_function = self._base.digest()

    def of(self, args: tuple = (), kwargs: dict | None = None) -> bytes:
        """The fingerprint of a call, 16 bytes.

        Parameters
        ----------
        args : tuple
        kwargs : dict, optional
            Their order does not count. A task among the arguments stands for its name,
            as its result is not there yet.

        Raises
        ------
        ArgumentError
            If an argument is what no pickle could hold; says which.
        """
        parts = [b"%d," % len(args)]
        for place, value in enumerate(args):
            encode = PLAIN.get(type(value))
            parts.append(
                encode(value) if encode is not None else self._argument(place, value)
            )
        if kwargs:
            for name in sorted(kwargs):
                parts.append(text(name))
                parts.append(self._argument(name, kwargs[name]))
        hashed = self._base.copy()
        hashed.update(b"".join(parts))
        return hashed.digest()

    def of_input(self, value: Any) -> bytes:
        """As `of` with this one argument."""
        encode = PLAIN.get(type(value))
        hashed = self._base.copy()
        hashed.update(
            b"1," + (encode(value) if encode is not None else self._argument(0, value))
        )
        return hashed.digest()

    def _argument(self, place, value):
        try:
            return Encoder(self._own, self._large).value(value)
        except Exception as error:
            kind = type(value).__name__
            raise ArgumentError(
                f"argument {place!r} of {self._name!r} (a {kind}) has no fingerprint, "
                f"by which a journal would know the task again: {_said(error)}. Pass "
                "what it is made from instead, such as a path or a list; or run "
                "without a journal."
            ) from error


def _said(error):
    said = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
