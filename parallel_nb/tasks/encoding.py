"""Values as bytes that are the same for equal ones, in every process.

Knows plain values, containers, functions and, for the rest, what a pickle would hold;
it asks for no library. Refuses to know what the bytes are compared with.
"""

import copyreg
import struct
import time
import weakref
from functools import cached_property
from hashlib import blake2b
from pickle import PickleBuffer
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodType,
    ModuleType,
)

from .declaring import Shell, Task
from .surroundings import (
    MAIN,
    function_behind,
    functions_in,
    globals_of,
    members_of,
)

# Longer encodings are replaced by their hash, or deep values would be copied at each
# level (bytes).
_LONG = 256
# Values that take longer (seconds) are remembered: tasks often share a large array.
_WORTH_REMEMBERING = 1e-3


def text(value):
    """Bytes of a text; those of any value begin with a letter for its type."""
    data = value.encode("utf-8", "surrogatepass")
    return b"s%d:" % len(data) + (data if len(data) <= _LONG else _hash(data))


def _bytes(value):
    return b"b%d:" % len(value) + (value if len(value) <= _LONG else _hash(value))


def _hash(data):
    return blake2b(data, digest_size=32).digest()


_FLOAT = struct.Struct("<cd")
_COMPLEX = struct.Struct("<cdd")
PLAIN = {
    int: b"i%x;".__mod__,
    float: lambda value: _FLOAT.pack(b"f", value),
    bool: lambda value: b"T" if value else b"F",
    type(None): lambda value: b"N",
    str: text,
    bytes: _bytes,
    complex: lambda value: _COMPLEX.pack(b"c", value.real, value.imag),
}
_DESCRIPTORS = (staticmethod, classmethod, property, cached_property)
_CONTAINERS = {
    tuple: b"(",
    list: b"[",
    set: b"{",
    frozenset: b"<",
    dict: b"=",
}


class Encoder:
    """Bytes of one value and all that it holds.

    Equal values have equal bytes, whether parts of them are one object or equal ones,
    and in whatever order a set or a dict holds them. What holds itself is told by where
    on the way down it was met.

    Parameters
    ----------
    own : str
        A module whose classes count with their code, as those of a script do.
    large : dict, optional
        What took long to encode is kept there, for other encoders.
    """

    def __init__(self, own="", large=None):
        self._own = (*MAIN, own)
        self._large = {} if large is None else large
        self._way = {}  # (id, how) -> depth, of what is being encoded
        self._known = {}  # (id, how) -> (the object, which keeps its id; its bytes)
        self._n_back = 0  # references met to what is being encoded
        self._n_knots = 0

    def root(self, func):
        """What a task calls: of an object, what its class does counts, too."""
        encoded = self.value(func)
        owner = func.__self__ if isinstance(func, MethodType) else func
        if isinstance(owner, FunctionType | BuiltinFunctionType):
            return encoded
        cls = owner if isinstance(owner, type) else type(owner)
        return encoded + self._once(cls, self._class_with_code)

    def value(self, value):
        """Bytes of any value.

        Raises
        ------
        Exception
            Whatever pickling it would raise.
        """
        encode = PLAIN.get(type(value))
        if encode is not None:
            return encode(value)
        return self._once(value, self._composite)

    def _once(self, value, how):
        key = id(value), how.__name__
        if key in self._known:
            return self._known[key][1]
        remembered = self._large.get(key)
        if remembered is not None and remembered[0]() is value:
            return remembered[1]
        if key in self._way:
            self._n_back += 1
            return b"^%d;" % (len(self._way) - self._way[key])
        self._way[key] = len(self._way)
        n_back, began = self._n_back, time.perf_counter()
        encoded = how(value)
        del self._way[key]
        if len(encoded) > _LONG:
            encoded = b"#" + _hash(encoded)
        if self._n_back == n_back:
            self._known[key] = value, encoded
            if time.perf_counter() - began > _WORTH_REMEMBERING:
                self._remember(key, value, encoded)
        else:
            # Followed again from elsewhere, it would be other bytes, and in a tangle of
            # objects there are more ways than time.
            self._n_knots += 1
            self._known[key] = value, b"@%d;" % self._n_knots
        return encoded

    def _remember(self, key, value, encoded):
        try:
            self._large[key] = weakref.ref(value), encoded
        except TypeError:  # lists and dicts cannot be referred to weakly
            pass

    def _composite(self, value):
        kind = type(value)
        if kind in _CONTAINERS:
            return self._container(value, kind)
        if issubclass(kind, Task | Shell):
            return b"t" + text(value.name)
        if kind is FunctionType:
            return self._function(value)
        if kind is MethodType:
            return b"m" + self.value(value.__func__) + self.value(value.__self__)
        if issubclass(kind, type):
            if value.__module__ in self._own:
                return self._once(value, self._class_with_code)
            return named(value)
        if kind is CodeType:
            return self._code(value, value.co_consts)
        if kind is ModuleType:
            return b"M" + text(value.__name__)
        if kind is PickleBuffer:
            with value.raw() as data:
                return b"p%d:" % data.nbytes + _hash(data)
        if kind in _DESCRIPTORS:
            return b"d" + named(kind) + self.value(functions_in(value))
        behind = function_behind(value)
        if behind is not None:
            return b"w" + named(kind) + self.value(behind)
        return self._reduced(value, kind)

    def _container(self, value, kind):
        if kind is dict:
            pairs = [(self.value(k), self.value(v)) for k, v in value.items()]
            items = [key + item for key, item in sorted(pairs)]
        else:
            items = [self.value(item) for item in value]
            if kind is set or kind is frozenset:
                items.sort()
        return _CONTAINERS[kind] + b"%d," % len(items) + b"".join(items)

    def _reduced(self, value, kind):
        """An object by what a pickle of it would hold."""
        reducer = copyreg.dispatch_table.get(kind)
        parts = reducer(value) if reducer is not None else value.__reduce_ex__(5)
        if isinstance(parts, str):
            return b"g" + text(f"{getattr(value, '__module__', '')}.{parts}")
        maker, args, *rest = parts
        encoded = [b"r%d," % len(rest), named(maker), self.value(args)]
        for extra in rest:
            items = list(extra) if hasattr(extra, "__next__") else extra
            encoded.append(self.value(items))
        return b"".join(encoded)

    def _function(self, func):
        code = func.__code__
        consts = code.co_consts
        if consts and func.__doc__ is not None and consts[0] == func.__doc__:
            consts = (None, *consts[1:])
        closed = [_content(cell) for cell in func.__closure__ or ()]
        encoded = [
            b"L",
            named(func),
            self._code(code, consts),
            self.value([func.__defaults__, func.__kwdefaults__, closed]),
        ]
        for name, value, counts in globals_of(func):
            encoded += [text(name), text(counts)]
            if counts == "value":
                encoded.append(self.value(value))
            elif counts == "class":
                encoded.append(self._once(value, self._class_with_code))
            elif counts == "name":
                encoded.append(named(value))
        return b"".join(encoded)

    def _code(self, code, consts):
        return b"C" + self.value(
            [
                code.co_code,
                code.co_names,
                code.co_varnames,
                code.co_freevars,
                code.co_cellvars,
                code.co_flags,
                code.co_argcount,
                code.co_posonlyargcount,
                code.co_kwonlyargcount,
                code.co_exceptiontable,
                consts,
            ]
        )

    def _class_with_code(self, cls):
        encoded = [b"k", named(cls)]
        for base in cls.__bases__:
            if base.__module__ == cls.__module__:
                encoded.append(self._once(base, self._class_with_code))
            else:
                encoded.append(named(base))
        for name, value in members_of(cls):
            encoded += [text(name), self.value(value)]
        return b"".join(encoded)


def named(value):
    """A function or class by its name; that of a script does not count."""
    module = getattr(value, "__module__", None) or ""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    return b"n" + text("" if module in MAIN else str(module)) + text(str(name))


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # nothing was assigned yet
        return Ellipsis
