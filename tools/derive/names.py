# ruff: noqa: E501 -- lists are read more easily without line ends
"""The derived list of one library: its classes that are plain state holders.

Each folder holds packages, as `site-packages` does; the first that has a package counts. A class gets onto the list when
it descends from one of the library's roots, all its bases are known, nothing that unpickling can call of it goes
unread, and no method of it reaches code, programs, files or network with what its state holds. Whatever does, and was
not reviewed by a person (`reviewed.py`), stays off the list and is printed.
"""

from __future__ import annotations

from pathlib import Path

from .judge import Judge
from .libraries import Family, Library
from .sources import Sources

Lists = dict[tuple[Family, frozenset[str]], dict[str, set[str]]]  # by family, and the fields that are looked at


def derive(library: Library, folders: list[Path]) -> tuple[str, list[str]]:
    """The text of the data file, and what was left out for which reason."""
    sources = Sources(folders)
    judge = Judge(library=library, sources=sources)
    lists: Lists = {}
    left: dict[str, str] = {}
    for module in sources.package(library.package):
        if _skipped(module.name, library):
            continue
        for one in (sources.one(module, node) for nodes in module.classes.values() for node in nodes):
            family = judge.family(one)
            if family is None:
                continue
            reason = judge.why_not(one) or judge.constructor(one)
            if reason:
                left[one.dotted] = reason
            else:
                lists.setdefault((family, judge.files(one)), {}).setdefault(module.name, set()).add(one.name)
    _both_ways(lists, left)
    release = sources.release(library.distribution)
    return render(library, lists, release), [f"{name}: {reason}" for name, reason in sorted(left.items())]


def _skipped(module: str, library: Library) -> bool:
    """Is this a module of tests, scripts or conversions? `test_x` and `convert_x` are, `clip` is not `cli`."""
    words = [part.split("_") for part in module.split(".")[1:]]
    return any(word[0] in library.skipped or word[-1] == "test" for word in words)


def _both_ways(lists: Lists, left: dict[str, str]) -> None:
    """A name that is bound twice under conditions is on the list only if both are."""
    for together in lists.values():
        for module, names in together.items():
            names -= {name for name in names if f"{module}.{name}" in left}


def render(library: Library, lists: Lists, release: str) -> str:
    lines = [
        f'library = "{library.package}: state holders"',
        f'derived = "{library.distribution} {release}, by tools/derive"',
    ]
    order = {family: place for place, family in enumerate(library.families)}
    for (family, files), modules in sorted(lists.items(), key=lambda item: (order[item[0][0]], sorted(item[0][1]))):
        lines += ["", "[[conditional]]", f'what = "{family.what}"']
        for key, patterns in (("called", family.called), ("constructed", family.constructed), ("state", family.state)):
            lines += [f"{key} = [{_quoted(patterns)}]"] if patterns else []
            lines += [f'kept = "{family.kept}"'] if key == "called" and patterns else []
        own = [(name, _own_names(words)) for name, words in library.files if name in files]
        held = [f'{name} = "{words}"' for name, words in (*family.fields, *own)]
        lines += ["referenced = true"] if family.referenced else []
        lines += [*([f"fields = {{ {', '.join(held)} }}"] if held else [])]
        lines += [
            "classes = '''",
            *(f"{module}: {' '.join(sorted(names))}" for module, names in sorted(modules.items()) if names),
            "'''",
        ]
    return "\n".join(lines) + "\n"


def _quoted(patterns: tuple[str, ...]) -> str:
    return ", ".join(f'"{text}"' for text in patterns)


def _own_names(words: str) -> str:
    return "|".join(f"str:'{word}'" for word in words.split())
