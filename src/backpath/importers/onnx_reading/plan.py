"""A graph of ONNX's as a list of steps in order: attributes read, functions of the file put in place of their calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from backpath.graph import DataError
from backpath.importers.onnx_reading.files import Arrays
from backpath.importers.onnx_reading.rules import RULES
from backpath.importers.onnx_reading.steps import Plan, Step, in_order

MOST_STEPS = 200_000
"""Of a graph, with the bodies of its functions in place of their calls."""

DEEPEST = 32
"""Graphs, or functions, inside each other."""

OWN = ("", "ai.onnx")


class Planner:
    """Makes plans of the graphs of one file.

    Args:
        model: a ModelProto.
        arrays: reads its arrays.
    """

    def __init__(self, model: Any, arrays: Arrays):
        self.versions = {_domain(o.domain): o.version for o in model.opset_import}
        self._functions = {(f.domain, f.name, f.overload): f for f in model.functions}
        self._arrays, self._count, self._fresh = arrays, 0, 0
        self._sizes: dict[Any, int] = {}

    def plan(self, graph: Any, depth: int = 0) -> Plan:
        """The plan of a GraphProto.

        Raises:
            DataError: if it is not well formed.
        """
        if depth > DEEPEST:
            raise DataError(f"the file holds graphs inside each other, more than {DEEPEST} deep")
        if graph.sparse_initializer:
            raise DataError("the file holds sparse arrays, which backpath does not read")
        _require_texts(v.name for v in (*graph.initializer, *graph.input, *graph.output))
        if not graph.output:
            raise DataError("the file's graph has no outputs")
        known = {tensor.name: self._arrays.array(tensor) for tensor in graph.initializer}
        inputs = tuple(i.name for i in graph.input if i.name not in known)
        steps = [step for node in graph.node for step in self._steps(node, self.versions, "", {}, depth, ())]
        return in_order(inputs, tuple(o.name for o in graph.output), steps, known)

    def body(self, function: Any, step: Step) -> Plan:
        """The plan of the FunctionProto that tells a step by other operations, under the names of its values."""
        versions = {**self.versions, **{_domain(o.domain): o.version for o in function.opset_import}}
        names = dict.fromkeys(function.input, "") | dict(zip(function.input, step.inputs, strict=False))
        given = tuple(name for name in step.inputs if name)
        names |= {old: new for old, new in zip(function.output, step.outputs, strict=False) if new}
        renamed, passed = _Renamed(names, self._prefix()), self._passed(step)
        steps = [
            s for node in function.node for s in self._steps(renamed.node(node), versions, step.scope, passed, 1, ())
        ]
        return in_order(given, tuple(name for name in step.outputs if name), steps, {})

    @staticmethod
    def _passed(step: Step) -> dict[str, Any]:
        """Attributes of a step as they stand in the file, or in ONNX's table."""
        domain, _, op = step.op.rpartition(".")
        schema = schema_of(op, domain, step.version)
        defaults = {name: a.default_value for name, a in schema.attributes.items() if a.default_value.name}
        return defaults | {a.name: a for a in step.node.attribute}

    def _prefix(self) -> str:
        self._fresh += 1
        return f"in_{self._fresh}:"

    def _steps(
        self,
        node: Any,
        versions: Mapping[str, int],
        scope: str,
        given: Mapping[str, Any],
        depth: int,
        within: tuple[Any, ...],
    ) -> list[Step]:
        """A node as steps: one, or those of the function of the file that it calls."""
        _require_texts((node.domain, node.op_type, node.name, *node.input, *node.output))
        domain = _domain(node.domain)
        key = (node.domain, node.op_type, node.overload)
        own_scope = scope_of_node(node) or scope
        if key in self._functions:
            return self._inlined(node, key, own_scope, given, depth, within)
        self._count += 1
        if self._count > MOST_STEPS:
            raise DataError(f"the file's graph has more than {MOST_STEPS:,} nodes, with its functions written out")
        op = node.op_type if domain == "" else f"{domain}.{node.op_type}"
        version = versions.get(domain, 1)
        attributes = {**_defaults(node.op_type, domain, version), **self._attributes(node, given, depth)}
        name = node.name or next((o for o in node.output if o), node.op_type)
        node = self._told(node, given)
        return [Step(op, name, own_scope, tuple(node.input), tuple(node.output), attributes, version, node)]

    def _inlined(
        self, node: Any, key: Any, scope: str, given: Mapping[str, Any], depth: int, within: tuple[Any, ...]
    ) -> list[Step]:
        if key in within or len(within) >= DEEPEST:
            called = " calls ".join(name for _, name, _ in (*within, key))
            raise DataError(f"functions of the file call each other without end, or too deeply: {called}")
        if self._count + self._written_out(key) > MOST_STEPS:
            raise DataError(f"the file's graph has more than {MOST_STEPS:,} nodes, with its functions written out")
        function = self._functions[key]
        defaults = {a.name: a for a in function.attribute_proto}
        own = {a.name: self._resolved(a, given) for a in node.attribute}
        passed = {**defaults, **{name: a for name, a in own.items() if a is not None}}
        names = dict.fromkeys(function.input, "") | dict(zip(function.input, node.input, strict=False))
        names |= {old: new for old, new in zip(function.output, node.output, strict=False) if new}
        renamed = _Renamed(names, self._prefix())
        versions = {**self.versions, **{_domain(o.domain): o.version for o in function.opset_import}}
        steps = []
        for inner in function.node:
            steps += self._steps(renamed.node(inner), versions, scope, passed, depth, (*within, key))
        return steps

    def _written_out(self, key: Any, within: tuple[Any, ...] = ()) -> int:
        """How many nodes a function is, with those that it calls; of a cycle, which is refused later, one turn."""
        if key not in self._sizes:
            called = [(n.domain, n.op_type, n.overload) for n in self._functions[key].node]
            deeper = (*within, key)
            self._sizes[key] = sum(
                self._written_out(k, deeper)
                if k in self._functions and k not in deeper and len(deeper) <= DEEPEST
                else 1
                for k in called
            )
        return self._sizes[key]

    @staticmethod
    def _resolved(attribute: Any, given: Mapping[str, Any]) -> Any:
        """An attribute, or what the function that refers to it was given."""
        return given.get(attribute.ref_attr_name) if attribute.ref_attr_name else attribute

    def _told(self, node: Any, given: Mapping[str, Any]) -> Any:
        """A node whose attributes refer to none of a function's."""
        if not any(a.ref_attr_name for a in node.attribute):
            return node
        told = type(node)()
        told.CopyFrom(node)
        del told.attribute[:]
        for a in node.attribute:
            resolved = self._resolved(a, given)
            if resolved is not None:
                told.attribute.add().CopyFrom(resolved)
                told.attribute[-1].name = a.name
        return told

    def _attributes(self, node: Any, given: Mapping[str, Any], depth: int) -> dict[str, Any]:
        found = {}
        for attribute in node.attribute:
            resolved = self._resolved(attribute, given)
            if resolved is not None:
                found[attribute.name] = self._value(resolved, depth)
        return found

    def _value(self, attribute: Any, depth: int) -> Any:
        """An attribute's value: numbers, texts, arrays, plans of graphs."""
        match attribute.type:
            case 1:
                return attribute.f
            case 2:
                return attribute.i
            case 3:
                return attribute.s.decode("utf-8", "replace")
            case 4:
                return self._arrays.array(attribute.t)
            case 5:
                return self.plan(attribute.g, depth + 1)
            case 6:
                return list(attribute.floats)
            case 7:
                return list(attribute.ints)
            case 8:
                return [text.decode("utf-8", "replace") for text in attribute.strings]
        return None


def _require_texts(names: Iterable[Any]) -> None:
    """Refuse names that are no texts, which a damaged file may hold."""
    for name in names:
        if not isinstance(name, str):
            raise DataError(f"the file is damaged: a name in it is no text, but {name!r}")


def _domain(name: str) -> str:
    return "" if name in OWN else name


@cache
def _defaults(op: str, domain: str, version: int) -> dict[str, Any]:
    """Attributes that an operation has where its node says nothing."""
    schema = schema_of(op, domain, version)
    if schema is None:
        return {}
    found = {name: a.default_value for name, a in schema.attributes.items() if a.default_value.name}
    simple = {1: lambda a: a.f, 2: lambda a: a.i, 3: lambda a: a.s.decode(), 6: lambda a: list(a.floats)}
    simple |= {7: lambda a: list(a.ints), 8: lambda a: [s.decode() for s in a.strings]}
    return {name: simple[a.type](a) for name, a in found.items() if a.type in simple}


@cache
def schema_of(op: str, domain: str, version: int) -> Any:
    """What ONNX says of an operation; None if it knows none of that name."""
    from onnx import defs

    try:
        return defs.get_schema(op, version, domain)
    except defs.SchemaError:
        return None


def has_body(op: str, domain: str, version: int) -> bool:
    """Whether ONNX tells what an operation is by others."""
    schema = schema_of(op, domain, version)
    return schema is not None and (schema.has_function or schema.has_context_dependent_function)


def is_read(step: Step) -> bool:
    """Whether there is a rule for a step, or a body that may have rules."""
    domain, _, op = step.op.rpartition(".")
    return step.op in RULES or has_body(op, domain, step.version)


class _Renamed:
    """Nodes of a function under names of their own."""

    def __init__(self, names: dict[str, str], prefix: str):
        self._names, self._prefix = names, prefix

    def _name(self, name: str) -> str:
        return self._names.setdefault(name, self._prefix + name) if name else ""

    def node(self, node: Any) -> Any:
        """A node with other names; graphs inside it likewise, but for what they define themselves."""
        new = type(node)()
        new.CopyFrom(node)
        new.input[:] = [self._name(name) for name in node.input]
        new.output[:] = [self._name(name) for name in node.output]
        for attribute in new.attribute:
            if attribute.HasField("g"):
                self._graph(attribute.g)
        return new

    def _graph(self, graph: Any) -> None:
        for value in (*graph.input, *graph.output, *graph.initializer):
            value.name = self._name(value.name)
        for node in graph.node:
            renamed = self.node(node)
            node.CopyFrom(renamed)


def scope_of_node(node: Any) -> str:
    """The module that a node stands in, by what exporters leave: PyTorch's metadata, or a name with slashes."""
    for entry in node.metadata_props:
        if entry.key == "pkg.torch.onnx.name_scopes":
            return _scope_in_list(entry.value)
    parts = [part for part in node.name.split("/")[:-1] if part]
    path: list[str] = []
    for part in parts:
        # A module's own path is repeated where it stands in another.
        path = [part] if path and part.startswith(f"{'.'.join(path)}.") else [*path, part]
    return ".".join(path)


def _scope_in_list(text: str) -> str:
    if len(text) > 10_000:
        return ""
    try:
        scopes = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ""
    names = [name for name in scopes[:-1] if isinstance(name, str)] if isinstance(scopes, list) else []
    return names[-1] if names else ""
