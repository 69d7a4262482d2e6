"""The page as one file: modules of JavaScript put together without a bundler, styles, and the data.

A module may say ``import { a, b as c } from "./x.js";`` and ``export`` before a function, a class or a const. Each runs
in a scope of its own, after those that it imports.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

_IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"\./([\w-]+)\.js";[^\S\n]*\n?', re.MULTILINE)
_EXPORT = re.compile(r"^export\s+((?:async\s+)?(?:function\*?|class|const)\s+)([A-Za-z_$][\w$]*)", re.MULTILINE)
_COMMENT = re.compile(r"^\s*//.*\n|^\s*/\*\*?[\s\S]*?\*/[^\S\n]*\n", re.MULTILINE)
_INDENT = re.compile(r"^[^\S\n]+", re.MULTILINE)


def document(data: str, title: str) -> str:
    """A whole HTML file around packed data."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>html,body{{margin:0;height:100%}}</style>\n</head>\n<body>\n{_mounted(data, True)}\n</body>\n</html>\n"
    )


def fragment(data: str) -> str:
    """The same for a notebook's cell, where several may stand."""
    return _mounted(data, False)


def _mounted(data: str, standalone: bool) -> str:
    name = sha256(data.encode()).hexdigest()[:12]
    options = f'{{name:"{name}",standalone:{str(standalone).lower()},data:"{data}"}}'
    return f'<div data-backpath="{name}"></div>\n<script>\n{_LOADER.format(code=code(), options=options)}\n</script>'


_LOADER = """(async () => {{
const packed = Uint8Array.from(atob("{code}"), (c) => c.charCodeAt(0));
const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
const mount = new Function(await new Response(stream).text());
mount()({options});
}})();"""
"""Unpacks the page's code, which is a third of its size deflated, and runs it."""


@cache
def code() -> str:
    """Modules and styles as one script that returns ``mount``, deflated, in base64."""
    text = f"{bundle(modules())}\nreturn (options) => __main.mount({{styles: {json.dumps(styles())}, ...options}});\n"
    return base64.b64encode(zlib.compress((text + "//# sourceURL=backpath-explorer.js").encode(), 9)).decode()


@cache
def modules() -> Mapping[str, str]:
    """The page's modules by name."""
    page = files("backpath.report.explorer") / "page"
    return {f.name[:-3]: f.read_text(encoding="utf-8") for f in page.iterdir() if f.name.endswith(".js")}


@cache
def styles() -> str:
    """The page's styles, without comments."""
    page = files("backpath.report.explorer") / "page"
    sheets = sorted((f for f in page.iterdir() if f.name.endswith(".css")), key=lambda f: f.name)
    text = "".join(f.read_text(encoding="utf-8") for f in sheets)
    return _INDENT.sub("", re.sub(r"/\*[\s\S]*?\*/\n?", "", text))


def bundle(sources: Mapping[str, str]) -> str:
    """The modules in an order in which each follows those that it imports, ``main`` last.

    Raises:
        ValueError: if a module imports itself by way of others, or one that is not there.
    """
    done: list[str] = []
    for name in sorted(sources, key=lambda name: (name == "main", name)):
        _visit(name, sources, done, ())
    return "\n".join(_scoped(name, sources[name]) for name in done)


def _visit(name: str, sources: Mapping[str, str], done: list[str], above: tuple[str, ...]) -> None:
    if name in above:
        raise ValueError(f"modules import each other: {' -> '.join([*above, name])}")
    if name not in sources:
        raise ValueError(f"{above[-1] if above else 'the page'} imports {name}.js, which is not there")
    if name not in done:
        for _, imported in _IMPORT.findall(sources[name]):
            _visit(imported, sources, done, (*above, name))
        done.append(name)


def _scoped(name: str, source: str) -> str:
    exported = [found[1] for found in _EXPORT.findall(source)]
    text = _IMPORT.sub(lambda m: f"const {{{m[1].replace(' as ', ': ').strip()}}} = __{m[2]};\n", source)
    text = _INDENT.sub("", _COMMENT.sub("", _EXPORT.sub(r"\1\2", text)))
    if "${" not in text and "`" not in text:
        text = re.sub(r"\n{2,}", "\n", text)
    return f"const __{name.replace('-', '_')} = (() => {{\n{text.strip()}\nreturn {{{', '.join(exported)}}};\n}})();"
