"""Branches of a chat template that only conversations with tools come to."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import nodes

_TOOLS = ("tools", "tool_list", "functions", "custom_tools")


def given(tree: nodes.Template) -> bool:
    """Are the tools those of the conversation? A template that makes some has them always."""
    made = (node for node in tree.find_all(nodes.Assign) if isinstance(node.target, nodes.Name))
    others = (
        *(loop.target for loop in tree.find_all(nodes.For)),
        *(one.target for one in tree.find_all(nodes.AssignBlock)),
    )
    return all(_gives_none(node.node) for node in made if _is_name(node.target)) and not any(map(_is_name, others))


def _gives_none(value: nodes.Node) -> bool:
    """`none`, or what stands under another of the names."""
    return _is_tools(value) or (isinstance(value, nodes.Const) and not value.value)


def body(node: nodes.Node) -> Sequence[nodes.Node]:
    """The statements of such a branch."""
    if isinstance(node, nodes.If) and _asks(node.test):
        return node.body
    return node.body if isinstance(node, nodes.For) and _is_tools(node.iter) else ()


def _asks(test: nodes.Node) -> bool:
    """`tools`, `tools is not none`, `message.tools is defined`: nothing that holds without any."""
    if isinstance(test, nodes.And):
        return _asks(test.left) or _asks(test.right)
    if isinstance(test, nodes.Not):
        return isinstance(test.node, nodes.Test) and test.node.name == "none" and _is_tools(test.node.node)
    if isinstance(test, nodes.Test):
        # The program that renders a template defines `tools` always; what a message has, it does not.
        return test.name == "defined" and _is_tools(test.node) and not isinstance(test.node, nodes.Name)
    return _is_tools(test)


def _is_tools(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Getattr):
        return node.attr in _TOOLS
    if isinstance(node, nodes.Getitem):
        return isinstance(node.arg, nodes.Const) and node.arg.value in _TOOLS
    return _is_name(node)


def _is_name(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name in _TOOLS
