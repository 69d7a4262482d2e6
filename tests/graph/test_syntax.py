"""The grammar of expressions: what Python would read, nothing more, and errors that point at the place."""

import ast
import contextlib
import operator
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backpath.graph import ExpressionError
from backpath.graph.syntax import Assignment, Binary, Call, Name, Number, Unary, parse_program, postorder

OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow}
VALUES = {"x": 1.25, "y_2": -0.75, "longer": 3.0}


def value(part):
    match part:
        case Number():
            return part.value
        case Name():
            return VALUES[part.name]
        case Unary():
            return -value(part.operand) if part.sign == "-" else value(part.operand)
        case Binary():
            return OPERATORS[part.sign](value(part.left), value(part.right))
        case Call():
            return {"max": max, "abs": abs}[part.function](*map(value, part.arguments))


def extended(inner):
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", " - ", "*", "/"]), inner).map("".join),
        st.tuples(inner, st.sampled_from(["**2", " ** -1", "**x"])).map("".join),
        st.tuples(st.sampled_from(["-", "+ ", "--"]), inner).map("".join),
        inner.map("({})".format),
        inner.map("abs({})".format),
        st.tuples(inner, inner).map(lambda two: f"max({two[0]},\n{two[1]})"),
    )


texts = st.recursive(
    st.sampled_from(["x", "y_2", "longer", "2", "0.5", ".25", "3.", "1e1", "2.5E-1"]), extended, max_leaves=12
)


@settings(max_examples=400, deadline=None)
@given(texts)
def test_an_expression_means_what_it_means_in_python(text):
    try:
        expected = eval(compile(ast.parse(text.replace("\n", " "), mode="eval"), "", "eval"), {}, dict(VALUES))
    except (ZeroDivisionError, OverflowError, TypeError):
        return  # a TypeError is from max() of complex numbers
    (statement,) = parse_program(text).statements
    assert not isinstance(statement, Assignment)
    try:
        found = value(statement)
    except (ZeroDivisionError, OverflowError):
        pytest.fail("Python has a value")
    assert found == expected or (found != found and expected != expected)


def test_statements_end_at_semicolons_and_lines():
    program = parse_program("\n; y = x**2 ;; z = (x +\n 1)\n\n y*z, z;")
    kinds = [type(s).__name__ for s in program.statements]
    assert kinds == ["Assignment", "Assignment", "Binary", "Name"]


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "there is nothing here"),
        ("  \n ;", 2, 3, "there is nothing here"),
        ("cos(w**2", 1, 9, "expected ')' to close the '(' of column 4, and found the end of the text"),
        ("(w))", 1, 4, "expected an operator, or the end of the statement, and found ')'"),
        ("w +", 1, 4, "expected a number, a name, a sign or a parenthesis, and found the end of the text"),
        ("w + * 2", 1, 5, "expected a number, a name, a sign or a parenthesis, and found '*'"),
        ("2w", 1, 2, "products are written with *"),
        ("w 2", 1, 3, "products are written with *"),
        ("(w)(w)", 1, 4, "products are written with *"),
        ("w^2", 1, 2, "powers are written with **"),
        ("w % 2", 1, 3, "there is no remainder"),
        ("w[0]", 1, 2, "have no entries"),
        ("y = w\nz = y $ 2", 2, 7, "unexpected '$'"),
        ("a = b = c", 1, 7, "expected an operator, or the end of the statement, and found '='"),
        ("w == 2", 1, 4, "comparisons are not part of expressions"),
        ("w > 2", 1, 3, "comparisons are not part of expressions"),
        ("w + 1 = 2", 1, 7, "only a name can stand left of ="),
        ("cos()", 1, 5, "cos() has no argument"),
        ("1e999", 1, 1, "too large for float64"),
        ("f(w,)", 1, 5, "expected a number, a name, a sign or a parenthesis, and found ')'"),
        ("w.real", 1, 2, "unexpected '.'"),
        ("'w'", 1, 1, 'unexpected "\'"'),
        ("lambda: 1", 1, 7, "unexpected ':'"),
        ("__import__('os').system('true')", 1, 12, 'unexpected "\'"'),
        ("w × 2", 1, 3, "products are written with *"),
    ],
)
def test_errors_name_the_place_and_what_was_expected(text, line, column, message):
    with pytest.raises(ExpressionError) as error:
        parse_program(text)
    assert message in str(error.value)
    assert (error.value.line, error.value.column) == (line, column)
    *_, shown, caret = str(error.value).splitlines()
    assert shown.strip() == text.splitlines()[line - 1].strip() if text.strip() else True
    assert caret.index("^") == 4 + column - 1


def test_a_long_line_is_shown_around_the_place():
    text = "+".join(["variable"] * 60) + "+ $ +" + "+".join(["variable"] * 60)
    with pytest.raises(ExpressionError) as error:
        parse_program(text)
    shown, caret = str(error.value).splitlines()[-2:]
    assert shown[caret.index("^")] == "$"
    assert len(shown) < 110


def test_the_text_has_a_greatest_length():
    assert len(parse_program("w" + "+w" * 4999).statements) == 1
    with pytest.raises(ExpressionError, match="10,000 are the most"):
        parse_program("w" + "+w" * 5000)


@pytest.mark.parametrize("nested", ["({})", "-{}", "f({})", "2**{}"])
def test_nesting_has_a_greatest_depth_and_names_the_remedy(nested):
    def text(levels):
        inner = "w"
        for _ in range(levels):
            inner = nested.format(inner)
        return inner

    assert len(parse_program(text(100)).statements) == 1
    with pytest.raises(ExpressionError, match="deeper than 100 levels; name a part of it in a statement of its own"):
        parse_program(text(101))


@settings(max_examples=400, deadline=None)
@given(st.text(st.sampled_from("wx12.e()+-*/=,; \n_^$[é") | st.characters(), max_size=60))
def test_any_text_is_an_expression_or_an_expression_error(text):
    with contextlib.suppress(ExpressionError):
        parse_program(text)


def test_the_longest_texts_take_no_time():
    started = time.perf_counter()
    for text in ("w+" * 4999 + "w", "(" * 9999, "-" * 9999, "1" * 9999, "w" * 9999, "f(" * 4999):
        try:
            program = parse_program(text)
        except ExpressionError:
            continue
        assert sum(1 for s in program.statements for _ in postorder(s)) <= 9999
    assert time.perf_counter() - started < 20
