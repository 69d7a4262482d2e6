"""The file: put together from modules, small, and in need of nothing; how it is asked for."""

import base64
import json
import re
import zlib

import numpy as np
import pytest
from click.testing import CliRunner

import backpath as bp
from backpath.cli import main
from backpath.report.explorer.document import bundle, modules, styles
from backpath.report.explorer.payload import packed, payload


def test_modules_stand_after_what_they_import():
    text = bundle(
        {
            "main": 'import { f as g, h } from "./a.js";\n// gone\nexport const x = g(h);\n',
            "a": "export function f(k) {\n  return k;\n}\nexport class C {}\nexport const h = 1;\n",
            "b": "f();\n",
        }
    )
    assert text.index("__a =") < text.index("__main =")
    assert "const {f: g, h} = __a;" in text
    assert "return {f, C, h};" in text
    assert "gone" not in text
    assert "export" not in text


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (
            {"a": 'import { x } from "./b.js";\n', "b": 'import { y } from "./a.js";\n'},
            "import each other: a -> b -> a",
        ),
        ({"a": 'import { x } from "./c.js";\n'}, "a imports c.js, which is not there"),
    ],
)
def test_modules_that_cannot_be_put_together(sources, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        bundle(sources)


def test_every_module_keeps_to_the_forms_that_are_put_together():
    for name, source in modules().items():
        for line in re.findall(r"^(?:import|export).*$", source, re.MULTILINE):
            assert re.match(
                r"import \{[^}]*\} from \"\./[\w-]+\.js\";$|import \{$|export (async )?(function\*?|class|const) ", line
            ), (
                name,
                line,
            )
    assert "@import" not in styles()
    assert "url(" not in styles().replace("url(#", "")


def test_the_page_is_small_and_asks_for_nothing(tmp_path):
    page = bp.explore(bp.parse("cos(w**2)").at(w=1.2))
    text = page.html.replace(page.data, "")
    assert len(text) < 150_000
    assert "http:" not in text
    assert "https:" not in text
    assert re.findall(r"\b(?:src|href)=", text) == []
    assert page.save(tmp_path / "a.html").read_text(encoding="utf-8") == page.html
    with pytest.raises(bp.RunError, match="never overwrite"):
        page.save(tmp_path / "a.html")


def test_data_are_packed_exactly():
    p = bp.linearize(lambda w: np.sum(np.sin(w) / 3), np.array([1.0, 2.0]))
    raw = zlib.decompress(base64.b64decode(packed(payload(p))))
    length = int.from_bytes(raw[:4], "little")
    head = json.loads(raw[4 : 4 + length])
    start = 4 + length
    assert start % 8 == 0
    k, kind = head["data"]["scalars"]["values"]["$"]
    assert (k, kind) == (0, "f8")
    values = np.frombuffer(raw, "<f8", head["sizes"][0] // 8, start)
    np.testing.assert_array_equal(values, np.concatenate([np.ravel(v) for v in p.values]))


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(bp.GraphError, match="no node"):
        bp.explore(bp.Dag.from_edges([]))
    symbolic = bp.parse("cos(w)", symbolic=True).at()
    with pytest.raises(bp.GraphError, match="give every variable a value"):
        bp.explore(symbolic)
    with pytest.raises(bp.GraphError, match="too large to explore"):
        bp.explore(bp.Dag.from_arrays(np.arange(70_000), np.arange(1, 70_001), np.ones(70_000)))


def test_explanations_and_notebooks():
    e = bp.explain(lambda w: np.sum(w**2), (np.ones(3),))
    assert isinstance(e.explore("mine"), bp.Explorer)
    assert e.explore("mine").title == "mine"
    shown = e.explore()._repr_html_()
    assert "<html" not in shown
    assert "standalone:false" in shown


def test_the_command_writes_a_page(tmp_path):
    out = tmp_path / "page.html"
    words = ["explore", "cos(w**2)", "--at", "w=1.2", "--out", str(out)]
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, done.stdout.strip()) == (0, str(out))
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    again = CliRunner().invoke(main, words)
    assert again.exit_code == 2
    assert "never overwrite" in again.stderr
    for words, message in (
        (["cos(w)"], "w needs a value"),
        (["1+2"], "no variable"),
        (["cos(", "--at", "w=1"], "expected"),
    ):
        failed = CliRunner().invoke(main, ["explore", *words, "--out", str(tmp_path / "no.html")])
        assert failed.exit_code == 2
        assert message in failed.stderr
