"""Whom anything tells is given when it is made: a forgotten wire is an error, and a reader can follow it."""

from __future__ import annotations

import ast

import pytest
from tests.house.sources import sources


def late_wires(nodes: list[ast.AST]) -> list[str]:
    """Find attributes that begin as a function that does nothing, and callbacks that are set from outside."""
    found = []
    for node in nodes:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        for target in targets:
            is_attribute = isinstance(target, ast.Attribute)
            is_slot = isinstance(node.value, ast.Lambda) and (is_attribute or node.col_offset > 0)
            if is_slot or (isinstance(target, ast.Attribute) and target.attr.startswith("on_")):
                found.append(ast.unparse(target))
    return found


def test_no_callback_is_wired_late() -> None:
    found = {each.name.removeprefix("src/aldis/"): late_wires(list(each.nodes)) for each in sources()}
    assert {name: wires for name, wires in found.items() if wires} == {}


@pytest.mark.parametrize(
    ("text", "late"),
    [
        ("class A:\n    def __init__(self):\n        self.on_end = lambda: None", ["self.on_end"]),
        ("class A:\n    def __init__(self):\n        self._hear: Hear = lambda: None", ["self._hear"]),
        ("class A(Struct):\n    wake: Callable[[], None] = lambda: None", ["wake"]),
        ("def wire(store, poster):\n    store.on_due = poster.wake", ["store.on_due"]),
        ("class A:\n    def __init__(self, hear):\n        self._hear = hear", []),
        ("class A:\n    def __init__(self, on_end):\n        self._on_end = on_end", []),
        ("KEY = lambda: 1", []),
    ],
)
def test_what_a_late_wire_is(text: str, late: list[str]) -> None:
    assert late_wires(list(ast.walk(ast.parse(text)))) == late
