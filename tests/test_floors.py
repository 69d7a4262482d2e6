"""The floors of the design: nothing imports upward, nothing in a circle, and nothing heavy before it is needed."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import networkx
import pytest

SOURCE = Path(__file__).parents[1] / "src" / "backpath"
ARCHITECTURE = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
FLOORS = {folder: int(floor) for floor, folder in re.findall(r"^\| (\d+) \| `(\w+)` \|", ARCHITECTURE, re.MULTILINE)}
ROOMS = set(re.findall(r"^\| `(\w+/\w+)` \|", ARCHITECTURE, re.MULTILINE))
FRONTS = set(re.findall(r"^\| `([\w/]+\.py)` \| `([\w/]+\.py)` \|$", ARCHITECTURE, re.MULTILINE))
"""Files with methods that call a function above them, and its file."""
TOP = max(FLOORS.values()) + 1
"""The package's own ``__init__``, which hands everything on."""

HEAVY = set(
    "sklearn numba rich jax torch matplotlib scipy click safetensors sympy mpmath threadpoolctl".split()
    + "pandas polars narwhals pyarrow llvmlite onnx google".split()
)
RESOLVED_BY_NAME = {"ops/expressions/libraries.py"}
"""Files that import a library of the user's choosing by ``import_module(name)``."""


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py"))


def floor(file: str) -> int:
    return FLOORS[file.split("/")[0]] if "/" in file else TOP


def file_of(root: Path, parts: list[str]) -> str | None:
    """The file of a module below the package, or None if it is no module."""
    below = root.joinpath(*parts)
    found = below / "__init__.py" if below.is_dir() else below.with_suffix(".py") if parts else None
    return found.relative_to(root).as_posix() if found and found.is_file() else None


def parsed(root: Path, file: str) -> ast.Module:
    return ast.parse((root / file).read_text(encoding="utf-8"))


class WithoutAnnotations(ast.NodeTransformer):
    """Takes out what stands under ``if TYPE_CHECKING``."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        return node.orelse if "TYPE_CHECKING" in ast.unparse(node.test) else node


def modules(root: Path, file: str, annotations: bool = True) -> Iterator[tuple[list[str], list[str]]]:
    """Each import of the package in ``file``, wherever it stands: module below the package, and names taken from it."""
    folder = ["backpath", *file.split("/")[:-1]]
    tree = parsed(root, file)
    for node in ast.walk(tree if annotations else WithoutAnnotations().visit(tree)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "backpath":
                    yield alias.name.split(".")[1:], []
        elif isinstance(node, ast.ImportFrom):
            above = folder[: len(folder) - node.level + 1] if node.level else []
            module = [*above, *(node.module.split(".") if node.module else [])]
            if module[0] == "backpath":
                yield module[1:], [alias.name for alias in node.names]


def imported(root: Path, file: str, annotations: bool = True) -> set[str]:
    """The files of the package that ``file`` imports: ``from p import m`` is of m's file where m is a module."""
    found = set()
    for module, names in modules(root, file, annotations):
        targets = [file_of(root, [*module, name]) or file_of(root, module) for name in names]
        for target in targets or [file_of(root, module)]:
            assert target is not None, f"{file} imports {'.'.join(module)}, which is not there"
            found.add(target)
    return found


def upward(root: Path) -> list[str]:
    """Imports of another folder that is not on a lower floor."""
    return [
        f"{file} imports {target}"
        for file in files(root)
        for target in sorted(imported(root, file))
        if floor(target) >= floor(file)
        and (target.split("/")[0] != file.split("/")[0] or floor(file) == TOP)
        and (file, target) not in FRONTS
    ]


def circles(root: Path) -> list[list[str]]:
    graph = networkx.DiGraph(_lent(root))
    return sorted(sorted(cycle) for cycle in networkx.simple_cycles(graph))


def room(file: str) -> str:
    """The folder inside a floor's folder that a file is in, or the file itself where it is in none."""
    parts = file.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else file


def circles_of_rooms(root: Path) -> list[list[str]]:
    """Rooms that import each other, straight or by way of others."""
    pairs = {(room(file), room(target)) for file, target in _lent(root)}
    graph = networkx.DiGraph((file, target) for file, target in pairs if file != target)
    return sorted(sorted(cycle) for cycle in networkx.simple_cycles(graph))


def _lent(root: Path) -> Iterator[tuple[str, str]]:
    """Each file with those it imports, but for fronts."""
    for file in files(root):
        yield from ((file, target) for target in imported(root, file) if (file, target) not in FRONTS)


def statements_out_of_place(root: Path) -> list[str]:
    """What an ``__init__`` holds besides its docstring, imports and ``__all__``."""
    found = []
    for file in files(root):
        if not file.endswith("__init__.py"):
            continue
        tree = parsed(root, file)
        names = {"__all__", "__version__"} if file == "__init__.py" else {"__all__"}
        if ast.get_docstring(tree) is None:
            found.append(f"{file}: no docstring")
        for statement in tree.body[1:]:
            match statement:
                case ast.Import() | ast.ImportFrom():
                    pass
                case ast.Assign(targets=[ast.Name(id=name)]) if name in names:
                    pass
                case _:
                    found.append(f"{file}: {ast.unparse(statement)}")
    return found


def dynamic_imports(root: Path) -> list[str]:
    """Files that import by a string, where the other tests see nothing."""
    found = []
    for file in files(root):
        nodes = list(ast.walk(parsed(root, file)))
        names = {n.id for n in nodes if isinstance(n, ast.Name)} | {
            n.attr for n in nodes if isinstance(n, ast.Attribute)
        }
        if names & {"import_module", "__import__"}:
            found.append(file)
    return found


def test_every_folder_has_a_floor():
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    planned = set(re.findall(r"`([\w/]+)`", " ".join(re.findall(r"planned and not there yet:(.*)", ARCHITECTURE))))
    assert folders == set(FLOORS) - planned
    rooms = {f"{path.parent.name}/{path.name}" for path in SOURCE.glob("*/*/") if any(path.rglob("*.py"))}
    assert rooms == ROOMS
    assert {path.name for path in SOURCE.glob("*.py")} == {"__init__.py", "__main__.py", "scipy.py", "sklearn.py"}
    assert all((SOURCE / folder / "__init__.py").is_file() for folder in folders)


def test_imports_lead_down():
    assert upward(SOURCE) == []


def test_no_file_imports_itself_by_way_of_others():
    assert circles(SOURCE) == []
    assert circles_of_rooms(SOURCE) == []


def test_fronts_are_needed():
    assert {(file, target) for file, target in FRONTS if target in imported(SOURCE, file)} == FRONTS
    assert len(FRONTS) >= 3


def test_init_files_hand_on_and_do_nothing_else():
    assert statements_out_of_place(SOURCE) == []


def test_imports_by_a_string_are_of_libraries_only():
    assert set(dynamic_imports(SOURCE)) == RESOLVED_BY_NAME


def test_imports_are_seen():
    seen = set().union(*(imported(SOURCE, file) for file in files(SOURCE)))
    assert len(seen) > 50
    assert {"graph/graph.py", "ops/tracing/recording.py", "paths/sweep.py", "nets/network.py"} <= seen


def test_import_backpath_loads_nothing_heavy():
    code = "import backpath, json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert {"backpath", "numpy"} <= loaded
    assert loaded & HEAVY == set()


# The rules above, broken on purpose.

CLEAN = {
    "__init__.py": '"""Top."""\n\nfrom backpath.graph import a\n\n__version__ = "1"\n__all__ = ["a"]\n',
    "graph/__init__.py": '"""Graph."""\n\nfrom backpath.graph.one import a\n\n__all__ = ["a"]\n',
    "graph/one.py": "a = 1\n",
    "graph/two.py": "from backpath.graph import one\n",
    "ops/__init__.py": '"""Ops."""\n',
    "ops/rule.py": "from backpath.graph import a\nfrom ..graph.two import one\nimport numpy\n",
    "nets/__init__.py": '"""Nets."""\n',
    "engines/__init__.py": '"""Engines."""\n',
    "training/__init__.py": '"""Training."""\n',
    "explanation/__init__.py": '"""Explanation."""\n',
    "estimators/__init__.py": '"""Estimators."""\n',
    "report/__init__.py": '"""Report."""\n',
    "cli/__init__.py": '"""Cli."""\n',
}


@pytest.fixture
def package(tmp_path):
    """Writes a package of clean files, some of them changed."""

    def write(**changed):
        for name, text in (CLEAN | changed.get("files", {})).items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_a_clean_package_passes(package):
    root = package()
    assert (upward(root), circles(root), statements_out_of_place(root), dynamic_imports(root)) == ([], [], [], [])
    assert imported(root, "ops/rule.py") == {"graph/__init__.py", "graph/two.py"}
    assert imported(root, "graph/two.py") == {"graph/one.py"}


@pytest.mark.parametrize(
    ("file", "text", "shown"),
    [
        ("graph/one.py", "from backpath.ops import rule", "graph/one.py imports ops/rule.py"),
        ("graph/one.py", "import backpath.cli", "graph/one.py imports cli/__init__.py"),
        ("graph/one.py", "from ..ops.rule import x", "graph/one.py imports ops/rule.py"),
        ("graph/one.py", "from .. import ops", "graph/one.py imports ops/__init__.py"),
        ("graph/one.py", "def f():\n    from backpath.nets import x", "graph/one.py imports nets/__init__.py"),
        ("ops/rule.py", "if TYPE_CHECKING:\n    from backpath.nets import x", "ops/rule.py imports nets/__init__.py"),
        ("ops/rule.py", "import backpath as bp", "ops/rule.py imports __init__.py"),
        ("ops/rule.py", "from backpath import a", "ops/rule.py imports __init__.py"),
        ("nets/__init__.py", "from backpath.engines import x", "nets/__init__.py imports engines/__init__.py"),
        ("engines/__init__.py", "from backpath.nets import x", "engines/__init__.py imports nets/__init__.py"),
        ("training/a.py", "import backpath.explanation", "training/a.py imports explanation/__init__.py"),
        ("estimators/a.py", "from backpath.report import x", "estimators/a.py imports report/__init__.py"),
    ],
)
def test_an_import_upward_or_aside_is_seen(package, file, text, shown):
    assert upward(package(files={file: text})) == [shown]


@pytest.mark.parametrize(
    ("changed", "cycle"),
    [
        ({"graph/one.py": "def f():\n    from backpath.graph import two"}, ["graph/one.py", "graph/two.py"]),
        ({"graph/one.py": "from backpath.graph import a"}, ["graph/__init__.py", "graph/one.py"]),
        ({"ops/a.py": "from .b import x", "ops/b.py": "from .a import x"}, ["ops/a.py", "ops/b.py"]),
    ],
)
def test_a_circle_is_seen(package, changed, cycle):
    assert cycle in circles(package(files=changed))


def test_a_circle_of_rooms_is_seen(package):
    files = {"engines/a/x.py": "from backpath.engines.b import y", "engines/b/y.py": "", "engines/b/z.py": ""}
    files |= {f"engines/{room}/__init__.py": '"""Room."""' for room in "ab"}
    assert circles_of_rooms(package(files=files)) == []
    files["engines/b/z.py"] = "from backpath.engines.a import x"
    root = package(files=files)
    assert circles(root) == []
    assert circles_of_rooms(root) == [["engines/a", "engines/b"]]


@pytest.mark.parametrize(
    ("file", "text", "shown"),
    [
        ("ops/__init__.py", "import numpy", "ops/__init__.py: no docstring"),
        ("ops/__init__.py", '"""Ops."""\n\nx = 1', "ops/__init__.py: x = 1"),
        ("ops/__init__.py", '"""Ops."""\n\n__version__ = "1"', "ops/__init__.py: __version__ = '1'"),
        ("__init__.py", '"""Top."""\n\nprint(1)', "__init__.py: print(1)"),
        ("__init__.py", '"""Top."""\n\nif True:\n    import numpy', "__init__.py: if True:\n    import numpy"),
    ],
)
def test_a_statement_out_of_place_is_seen(package, file, text, shown):
    assert statements_out_of_place(package(files={file: text})) == [shown]


@pytest.mark.parametrize("text", ["import_module('backpath.cli')", "importlib.import_module(x)", "__import__('x')"])
def test_an_import_by_a_string_is_seen(package, text):
    assert dynamic_imports(package(files={"ops/rule.py": text})) == ["ops/rule.py"]
