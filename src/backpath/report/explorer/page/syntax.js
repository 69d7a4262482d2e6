// The grammar of graph/syntax.py, word for word: numbers, names, + - * / **, calls, statements. Nothing is run.
export class ExpressionError extends Error {
  constructor(message, column) {
    super(message);
    this.name = "ExpressionError";
    this.column = column;
  }
}

const MOST_CHARACTERS = 10000;
const MOST_LEVELS = 100;
const WIDTH = 90;
const BINDING = { "+": 1, "-": 1, "*": 2, "/": 2, "**": 4 };
const UNARY = 3;
const COMPARISON = "comparisons are not part of expressions; maximum, minimum, relu and sign choose by size";
const ENTRIES = "variables are single numbers and have no entries; parentheses are ( and )";
const HINTS = {
  "^": "powers are written with **, such as x**2",
  "%": "there is no remainder; the operators are + - * / **",
  "[": ENTRIES,
  "]": ENTRIES,
  "{": "parentheses are ( and )",
  "}": "parentheses are ( and )",
  "<": COMPARISON,
  ">": COMPARISON,
  "×": "products are written with *",
  "·": "products are written with *",
  "−": "this is a typographic minus sign; write -",
};
const WORD = /(?<space>[^\S\n]+)|(?<end>[;\n])|(?<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?<name>[\p{L}_][\p{L}\p{N}_]*)|(?<sign>\*\*|[-+*/(),=])/uy;

export function errorAt(text, at, message) {
  const start = text.lastIndexOf("\n", at - 1) + 1;
  const stop = text.indexOf("\n", at);
  const line = text.slice(start, stop < 0 ? text.length : stop);
  const column = at - start;
  const first = Math.max(0, Math.min(column - Math.floor(WIDTH / 2), line.length - WIDTH));
  const shown = line.slice(first, first + WIDTH);
  const before = first > 0 ? "..." : "";
  const after = line.length > first + WIDTH ? "..." : "";
  const number = text.slice(0, at).split("\n").length;
  const place = text.includes("\n") ? `line ${number}, column ${column + 1}` : `column ${column + 1}`;
  const caret = `${" ".repeat(before.length + column - first)}^`;
  return new ExpressionError(`${message} (${place})\n    ${before}${shown}${after}\n    ${caret}`, column + 1);
}

function quoted(text) {
  return text.includes("'") ? `"${text}"` : `'${text}'`;
}

function* tokensOf(text) {
  if (text.length > MOST_CHARACTERS) {
    throw errorAt(text, MOST_CHARACTERS, `the text has ${text.length.toLocaleString("en")} characters, and 10,000 are the most`);
  }
  let at = 0;
  let depth = 0;
  while (at < text.length) {
    WORD.lastIndex = at;
    const found = WORD.exec(text);
    if (!found) {
      const word = String.fromCodePoint(text.codePointAt(at));
      const hint = HINTS[word] || "an expression has numbers, names, + - * / **, parentheses, commas, = and ;";
      throw errorAt(text, at, `unexpected ${quoted(word)}: ${hint}`);
    }
    const word = found[0];
    const kind = Object.keys(found.groups).find((k) => found.groups[k] !== undefined);
    depth = Math.max(depth + (word === "(") - (word === ")"), 0);
    if (kind !== "space" && !(word === "\n" && depth)) yield { kind, text: word, at };
    at += word.length;
  }
  yield { kind: "stop", text: "", at: text.length };
}

function spelled(word) {
  if (word.kind === "stop") return "the end of the text";
  return word.text === "\n" ? "the end of the line" : quoted(word.text);
}

// Parts are { kind: number|name|call|unary|binary, parts: operands, at, ... }.
export function parseProgram(text) {
  return new Parser(text).program();
}

export function* postorder(expression) {
  const stack = [[expression, false]];
  while (stack.length) {
    const [part, done] = stack.pop();
    if (done || !part.parts.length) yield part;
    else {
      stack.push([part, true]);
      for (let k = part.parts.length - 1; k >= 0; k--) stack.push([part.parts[k], false]);
    }
  }
}

class Parser {
  constructor(text) {
    this.text = text;
    this.words = tokensOf(text);
    this.word = this.words.next().value;
    this.levels = 0;
  }

  program() {
    const statements = [];
    while (this.word.kind !== "stop") {
      if (this.word.kind === "end") {
        this.advance();
        continue;
      }
      statements.push(...this.statement());
      if (!["end", "stop"].includes(this.word.kind)) throw this.unexpected("an operator, or the end of the statement");
    }
    if (!statements.length) throw this.error("there is nothing here; expected an expression, such as cos(w**2)");
    return { text: this.text, statements };
  }

  statement() {
    const first = this.expression(1);
    if (this.word.text === "=") {
      if (first.kind !== "name") throw this.error("only a name can stand left of =, such as y = w**2");
      this.advance();
      if (this.word.text === "=") throw this.error("comparisons are not part of expressions; one = names a variable");
      return [{ kind: "assignment", name: first.name, value: this.expression(1), at: first.at }];
    }
    const parts = [first];
    while (this.word.text === ",") {
      this.advance();
      parts.push(this.expression(1));
    }
    return parts;
  }

  expression(least) {
    const waiting = [];
    let left = this.operand();
    for (;;) {
      const binding = BINDING[this.word.text] || 0;
      while (waiting.length && BINDING[waiting.at(-1)[1].text] >= binding) {
        const [first, sign] = waiting.pop();
        left = { kind: "binary", sign: sign.text, parts: [first, left], at: sign.at };
      }
      if (binding < least) return left;
      const sign = this.advance();
      if (sign.text === "**") left = { kind: "binary", sign: "**", parts: [left, this.deeper(UNARY, sign)], at: sign.at };
      else {
        waiting.push([left, sign]);
        left = this.operand();
      }
    }
  }

  operand() {
    const { word } = this;
    if (word.kind === "number") return this.number();
    if (word.kind === "name") {
      this.advance();
      return this.word.text === "(" ? this.call(word) : { kind: "name", name: word.text, parts: [], at: word.at };
    }
    if (word.text === "+" || word.text === "-") {
      this.advance();
      return { kind: "unary", sign: word.text, parts: [this.deeper(UNARY, word)], at: word.at };
    }
    if (word.text === "(") {
      this.advance();
      const inner = this.deeper(1, word);
      this.close(word);
      return inner;
    }
    throw this.unexpected("a number, a name, a sign or a parenthesis");
  }

  number() {
    const word = this.advance();
    const value = Number(word.text);
    if (value === Infinity) throw errorAt(this.text, word.at, "the number is too large for float64; the largest is about 1.8e308");
    return { kind: "number", value, parts: [], at: word.at };
  }

  call(name) {
    const opening = this.advance();
    if (this.word.text === ")") throw this.error(`${name.text}() has no argument; expected an expression`);
    const parts = [this.deeper(1, opening)];
    while (this.word.text === ",") {
      this.advance();
      parts.push(this.deeper(1, opening));
    }
    this.close(opening);
    return { kind: "call", name: name.text, parts, at: name.at };
  }

  close(opening) {
    if (this.word.text !== ")") {
      const column = opening.at - this.text.lastIndexOf("\n", opening.at - 1);
      throw this.unexpected(`')' to close the '(' of column ${column}`);
    }
    this.advance();
  }

  deeper(least, word) {
    if (this.levels === MOST_LEVELS) throw errorAt(this.text, word.at, `nested deeper than ${MOST_LEVELS} levels; name a part of it in a statement of its own`);
    this.levels++;
    const inner = this.expression(least);
    this.levels--;
    return inner;
  }

  // The word at hand, which gives way to the next; two operands in a row are refused.
  advance() {
    const word = this.word;
    const next = this.words.next();
    this.word = next.done ? word : next.value;
    const ends = ["number", "name"].includes(word.kind) || word.text === ")";
    const starts = ["number", "name"].includes(this.word.kind) || this.word.text === "(";
    if (ends && starts && !(word.kind === "name" && this.word.text === "(")) throw this.error("expected an operator: products are written with *, such as 2*x");
    return word;
  }

  unexpected(wanted) {
    return this.error(`expected ${wanted}, and found ${spelled(this.word)}`);
  }

  error(message) {
    return errorAt(this.text, this.word.at, message);
  }
}
