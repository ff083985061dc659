"""Stand-ins for functions of torch that believe what they are given: for parameters, and for sparse tensors.

`Parameter(data)` calls `data.detach().requires_grad_()`, and the state of an instance can put anything there.
"""

from __future__ import annotations

from safeload.lean import Any, Final
from safeload.parsers.pickles.standins import Blank, Inert, Named

_MAKERS: Final = ("_rebuild_parameter", "_rebuild_parameter_with_state")
_NO_TENSOR: Final = object()  # told as `other`, which no pattern takes for a tensor


def _is_tensor(value: Any) -> bool:
    """Made by one of the functions that rebuild tensors; each of them is judged itself."""
    return isinstance(value, Blank) and type(value).page.name.rpartition(".")[2].startswith("_rebuild_")


class _NamedParameter(Named):
    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        if args and not _is_tensor(args[0]):
            args = (_NO_TENSOR, *args[1:])
        return super().__call__(*args, **keywords)


class Parameter(Inert, metaclass=_NamedParameter):
    """A parameter, in the form of `torch._utils`."""

    __slots__ = ()


class _NamedTyped(Named):
    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        maker = args[0] if args else None
        if isinstance(maker, Named) and maker.page.name in _MAKERS:
            given = args[2] if len(args) > 2 and type(args[2]) is tuple else ()
            if not given or not _is_tensor(given[0]):
                args = (*args[:2], _NO_TENSOR, *args[3:])
        return super().__call__(*args, **keywords)


class Typed(Inert, metaclass=_NamedTyped):
    """The same through the function that gives it attributes."""

    __slots__ = ()


class _NamedSparse(Named):
    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        cls.page.check(_unread)
        return super().__call__(*args, **keywords)


def _unread() -> None:
    """Its indices lie in another storage: `sparse.py` looks at them, where there is one to look at."""


class Sparse(Inert, metaclass=_NamedSparse):
    """A sparse tensor, of which the pickle alone does not tell whether it is one."""

    __slots__ = ()


SPARSE: Final = ("torch._utils", "_rebuild_sparse_tensor")
SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = {
    **{("torch._utils", name): Parameter for name in _MAKERS},
    ("torch._tensor", "_rebuild_from_type_v2"): Typed,
    SPARSE: Sparse,
}
