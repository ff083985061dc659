"""Jinja templates by jinja2's own lexer and parser: what one uses, compares and writes. Nothing is rendered."""

from __future__ import annotations

from jinja2 import TemplateSyntaxError, ext, lexer, nodes, parser, sandbox

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final, Iterator, replace
from safeload.parsers import text
from safeload.parsers.external.jinja_emit import emitted
from safeload.parsers.external.jinja_flow import Flow
from safeload.parsers.external.jinja_sources import walk
from safeload.parsers.external.jinja_tests import comparisons
from safeload.parsers.external.jinja_tools import body, given
from safeload.parsers.external.jinja_work import work
from safeload.parsers.facts import Gap, GapReason, Mention, Part, TemplateFacts, TemplateText
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.visit import Parts, Visit, gap_of

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

# The lexer reads a float by `ast.literal_eval`, which compiles: a worker without rights may not.
lexer.literal_eval = float  # type: ignore[attr-defined, assignment]


class _Generation(ext.Extension):
    """`{% generation %}`, which transformers adds to mark what the assistant says."""

    tags: Final = {"generation"}  # type: ignore[misc]

    def parse(self, parser: parser.Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


# As transformers makes its own. Made here, since a worker can import nothing later.
_LANGUAGE: Final = sandbox.ImmutableSandboxedEnvironment(
    extensions=[ext.loopcontrols, ext.do, _Generation],
    trim_blocks=True,
    lstrip_blocks=True,
)
_LOADS: Final[dict[type[nodes.Node], str]] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
}
# Filters that look attributes up by a name which they are given.
_BY_NAME: Final = frozenset({"map", "selectattr", "rejectattr", "sort", "groupby", "unique", "min", "max", "sum"})


def read(reader: Reader, visit: Visit) -> Parts | None:
    """The template as a part; after it whatever the text holds as JSON does. None when it is no text."""
    seen = text.read_part(reader, visit)
    if seen is None:
        return None
    part = Part(member=visit.member, format="text", text=seen[0].text)
    try:
        # A text that is no template, or too much of one, is a text all the same: only reading it as a template failed.
        part = _part(reader, part)
    except RecursionError:
        part = replace(part, gap=Gap(reason=GapReason.LIMIT, detail="a template nested too deeply"))
    except Malformed as error:
        part = replace(part, gap=gap_of(error))
    return (part, *seen[1:])


def _part(reader: Reader, part: Part) -> Part:
    """Raises `Malformed`. What was cut is said: a condition may add what stands behind the cut."""
    if reader.size > limits.TEMPLATE:
        raise Refused(f"a template of {reader.size} bytes", reason=GapReason.LIMIT)
    facts, mentions, cut = _facts(reader.read_at(0, reader.size).decode("utf-8"))
    gap = Gap(reason=GapReason.LIMIT, detail="a condition decides about more text than is kept") if cut else None
    return replace(part, template=facts, mentions=mentions, gap=gap)


def _facts(source: str) -> tuple[TemplateFacts, tuple[Mention, ...], bool]:
    tree = _tree(source)
    flow = Flow(tree)
    facts = TemplateFacts(
        tests=comparisons(tree, flow),
        texts=tuple(_texts(tree, flow)),
        work=work(tree, flow),
        source=source,
    )
    return facts, _mentions(tree, flow), flow.cut


def _tree(source: str) -> nodes.Template:
    # Not `Environment.parse`: on an error it would compile and run a frame for its traceback.
    try:
        tree = parser.Parser(_LANGUAGE, source).parse()
    except TemplateSyntaxError as error:
        raise Malformed(f"jinja2 does not read it: {error.message} (line {error.lineno})") from error
    except (ValueError, OverflowError) as error:
        raise Malformed("jinja2 does not read one of its numbers") from error
    for node in walk(tree):
        _fill(node)
    if sum(1 for _ in walk(tree)) > limits.TEMPLATE_NODES:
        raise Refused(f"a template of more than {limits.TEMPLATE_NODES:,} parts", reason=GapReason.LIMIT)
    return tree


def _fill(node: nodes.Node) -> None:
    """`{% filter replace('a', 'b') %}…{% endfilter %}`, and `set` with filters: give the first filter its value."""
    if not isinstance(node, nodes.FilterBlock | nodes.AssignBlock) or node.filter is None:
        return
    first = node.filter
    while isinstance(first.node, nodes.Filter):
        first = first.node
    written = [
        item
        for statement in node.body
        for out in walk(statement)
        if isinstance(out, nodes.Output)
        for item in out.nodes
    ]
    first.node = nodes.Concat(written, lineno=node.lineno)


def _mentions(tree: nodes.Template, flow: Flow) -> tuple[Mention, ...]:
    """What is used, once each, with the line of its first use."""
    found: dict[tuple[str, str], list[int]] = {}
    for node in walk(tree):
        for kind, name in _used(node, flow):
            found.setdefault((kind, name[: limits.NAME]), []).append(node.lineno or 0)
    if len(found) > limits.NAMES:
        raise Refused(f"a template that uses more than {limits.NAMES:,} names", reason=GapReason.LIMIT)
    return tuple(
        Mention(kind=kind, text=name, where=f"line {lines[0]}", count=len(lines))
        for (kind, name), lines in found.items()
    )


def _used(node: nodes.Node, flow: Flow) -> Iterator[tuple[str, str]]:
    if isinstance(node, nodes.Name):
        if node.ctx == "load" and node.name not in flow.bound and node.name not in flow.macros:
            yield "name", node.name
    elif isinstance(node, nodes.Getattr):
        yield "attribute", node.attr
    elif isinstance(node, nodes.Getitem):
        key = flow.fold(node.arg)
        if key is not None:
            yield "attribute", key
    elif isinstance(node, nodes.Call):
        yield from _called(node, flow)
    elif isinstance(node, nodes.Filter):
        yield from _filtered(node, flow)
    elif isinstance(node, nodes.Test):
        yield "test", node.name
    elif isinstance(node, nodes.Mod):
        form = flow.fold(node.left)
        if form is not None:
            yield "percent", form
    elif isinstance(node, nodes.Keyword):
        yield "keyword", node.key
    elif type(node) in _LOADS:
        target = flow.fold(node.template)  # type: ignore[attr-defined]
        yield "loads", f"{_LOADS[type(node)]} {target if target is not None else 'a computed name'}"


def _called(node: nodes.Call, flow: Flow) -> Iterator[tuple[str, str]]:
    called = node.node
    if isinstance(called, nodes.Getattr):
        yield "method", called.attr
        if called.attr in ("format", "format_map"):
            form = flow.fold(called.node)
            yield "format", form if form is not None else "{a computed text}"
    elif isinstance(called, nodes.Getitem) and flow.sources(called) <= flow.macros.keys() and flow.sources(called):
        return  # one of a list of the template's own macros
    elif not isinstance(called, nodes.Name):
        yield "call", f"the result of {type(called).__name__.lower()}"
    elif called.name not in flow.macros:
        # A name that was given to a variable is called by that name all the same.
        for name in sorted(flow.sources(called)):
            yield "call", name


def _filtered(node: nodes.Filter, flow: Flow) -> Iterator[tuple[str, str]]:
    yield "filter", node.name
    if node.name == "format":
        form = flow.fold(node.node)
        yield "percent", form if form is not None else "%(a computed text)"
    if node.name not in _BY_NAME:
        return
    given: list[Any] = [*node.args[: 2 if node.name == "map" else 1], *(pair.value for pair in node.kwargs)]
    for index, item in enumerate(given):
        name = flow.fold(item)
        if name is not None and node.name == "map" and index == 0 and node.args:
            yield "filter", name
        elif name is not None:
            for piece in name.split("."):
                yield "attribute", piece
        elif not isinstance(item, nodes.Const):
            yield "computed", node.name


def _texts(tree: nodes.Template, flow: Flow) -> Iterator[TemplateText]:
    """All text that stands in it, pieces that follow each other put together, each text once."""
    placed = list(_placed(tree, flow))
    with_tools = {one for one, _, tools in placed if tools} - {one for one, _, tools in placed if not tools}
    seen: set[str] = set()
    for whole, line in (*((run, 0) for run in emitted(tree.body, flow)), *(one[:2] for one in placed)):
        if whole not in seen and (not line or whole.strip()):
            seen.add(whole)
            yield TemplateText(text=whole, line=line, tools=whole in with_tools)


def _placed(tree: nodes.Template, flow: Flow) -> Iterator[tuple[str, int, bool]]:
    """Text, its line, and whether it stands in a branch for conversations with tools."""
    waiting: list[tuple[nodes.Node, bool]] = [(tree, False)]
    theirs = given(tree)
    while waiting:
        node, with_tools = waiting.pop()
        whole = flow.fold(node) if isinstance(node, nodes.Expr) and not isinstance(node, nodes.Name) else None
        if whole is not None:
            yield whole, node.lineno or 0, with_tools
            continue
        apart = set(map(id, body(node))) if theirs else set()
        inner = [(child, with_tools or id(child) in apart) for child in node.iter_child_nodes()]
        waiting.extend(reversed(inner))
