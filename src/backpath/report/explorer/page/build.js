import { errorAt, parseProgram, postorder } from "./syntax.js";

// An expression as a graph: what ops/expressions/parsing.py makes of the same text, node for node and name for name.
const CONSTANTS = { pi: Math.PI, e: Math.E };
const OPERATORS = { "+": "add", "-": "subtract", "*": "multiply", "/": "divide" };
const LARGEST_EXPONENT = 2 ** 31;

export const FUNCTIONS = {};
const rows = (words, make) => {
  for (const word of words.split(" ")) {
    const [name, primitive] = word.split("=");
    FUNCTIONS[name] = make(primitive || name);
  }
};
rows(
  "exp exp2 expm1 log log2 log10 log1p sqrt cbrt square reciprocal negative abs fabs=abs sign floor ceil trunc rint round=rint " +
    "sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh arctanh asin=arcsin acos=arccos atan=arctan asinh=arcsinh " +
    "acosh=arccosh atanh=arctanh ln=log erf ndtr expit=sigmoid gelu relu selu sigmoid silu mish softplus swish=silu",
  (primitive) => ({ variables: 1, primitive })
);
rows("arctan2 atan2=arctan2 power pow=power add subtract multiply divide", (primitive) => ({ variables: 2, primitive }));
rows("maximum minimum max=maximum min=minimum hypot logaddexp", (primitive) => ({ variables: 0, primitive }));
FUNCTIONS.clip = { variables: 3, apply: (b, [x, low, high]) => b.record("minimum", [b.record("maximum", [x, low]), high]) };
FUNCTIONS.log_expit = { variables: 1, apply: (b, [x]) => b.record("negative", [b.record("softplus", [b.record("negative", [x])])]) };
FUNCTIONS.elu = { variables: 1, primitive: "elu", static: [["alpha", 1]] };
FUNCTIONS.leaky_relu = { variables: 1, primitive: "leaky_relu", static: [["slope", 0.01]] };

export function graphOf(text) {
  const program = parseProgram(text);
  const { inputs, used } = scope(program);
  const builder = new Builder(program, inputs);
  const outputs = [];
  for (const statement of program.statements) {
    if (statement.kind !== "assignment") {
      outputs.push(builder.node(statement));
      continue;
    }
    const value = builder.assign(statement);
    if (!used.has(statement.name)) outputs.push(value);
  }
  const { nodes } = builder;
  return {
    names: nodes.map((n) => n.name),
    primitives: nodes.map((n) => n.primitive),
    shapes: nodes.map(() => []),
    parents: nodes.map((n) => n.parents),
    params: nodes.map((n) => n.params),
    constants: new Map(nodes.flatMap((n, k) => (n.primitive === "constant" ? [[k, n.value]] : []))),
    inputs: inputs.map((_, k) => k),
    outputs,
    sources: inputs.map((_, k) => k),
    entry: null,
  };
}

function scope(program) {
  const assigned = new Set();
  const used = new Map();
  const error = (at, message) => errorAt(program.text, at, message);
  for (const statement of program.statements) {
    const value = statement.kind === "assignment" ? statement.value : statement;
    const names = [...postorder(value)].filter((p) => p.kind === "name").sort((a, b) => a.at - b.at);
    for (const { name, at } of names) {
      if (Object.hasOwn(FUNCTIONS, name)) throw error(at, `${name} is a function: expected its argument, ${name}(...)`);
      if (!used.has(name)) used.set(name, at);
    }
    if (statement.kind !== "assignment") continue;
    const { name, at } = statement;
    if (assigned.has(name)) throw error(at, `${name} is assigned twice; expected a new name, since a variable of a graph has one value`);
    if (used.has(name)) {
      const what = Object.hasOwn(CONSTANTS, name) ? "the constant" : "an input";
      throw error(at, `${name} is assigned after it was used as ${what}; expected a new name, or the assignment first`);
    }
    if (Object.hasOwn(FUNCTIONS, name)) throw error(at, `${name} is a function; expected another name for the variable`);
    assigned.add(name);
  }
  return { inputs: [...used.keys()].filter((n) => !assigned.has(n) && !Object.hasOwn(CONSTANTS, n)), used };
}

class Builder {
  constructor(program, inputs) {
    this.program = program;
    this.nodes = [];
    this.names = new Set();
    this.values = new Map();
    this.numbers = new Map();
    for (const name of inputs) {
      this.values.set(name, this.nodes.length);
      this.names.add(name);
      this.nodes.push({ name, primitive: "input", parents: [], params: null });
    }
    const assigned = program.statements.filter((s) => s.kind === "assignment").map((s) => s.name);
    for (const name of assigned) this.names.add(name);
    this.constants = Object.fromEntries(Object.entries(CONSTANTS).filter(([name]) => !assigned.includes(name)));
  }

  record(primitive, parents, params = null, value = undefined) {
    const position = this.nodes.length;
    let name = `${primitive}_${position}`;
    while (this.names.has(name)) name += "_";
    this.nodes.push({ name, primitive, parents, params, value });
    return position;
  }

  rename(position, name) {
    this.nodes[position].name = name;
    this.names.add(name);
  }

  assign(statement) {
    const before = this.nodes.length;
    let value = this.node(statement.value);
    if (value < before) value = this.record("reshape", [value]);
    this.rename(value, statement.name);
    for (const [key, position] of this.numbers) if (position === value) this.numbers.delete(key);
    this.values.set(statement.name, value);
    return value;
  }

  node(expression) {
    const done = new Map();
    const skipped = new Set();
    const parts = [...postorder(expression)];
    for (const part of parts) for (const unused of staticParts(part)) for (const inner of postorder(unused)) skipped.add(inner);
    for (const part of parts) if (!skipped.has(part)) done.set(part, this.part(part, part.parts.map((p) => done.get(p))));
    return done.get(expression);
  }

  part(part, operands) {
    if (part.kind === "name") return this.named(part.name);
    if (part.kind === "unary" && part.sign === "+") return operands[0];
    if (part.kind === "binary" && part.sign === "**") return this.power(operands, part.parts[1]);
    if (part.kind === "binary") return this.record(OPERATORS[part.sign], operands);
    if (part.kind === "call") return this.call(part, operands);
    const value = literal(part);
    return value === null ? this.record("negative", operands) : this.number(value);
  }

  power(operands, exponent) {
    const n = whole(exponent);
    return n === null ? this.record("power", operands) : this.record("integer_power", [operands[0]], { n });
  }

  named(name) {
    if (!this.values.has(name)) {
      const position = this.record("constant", [], null, this.constants[name]);
      this.values.set(name, position);
      this.rename(position, name);
    }
    return this.values.get(name);
  }

  number(value) {
    const key = Object.is(value, -0) ? "-0" : String(value);
    if (!this.numbers.has(key)) this.numbers.set(key, this.record("constant", [], null, value));
    return this.numbers.get(key);
  }

  call(part, operands) {
    const f = functionOf(this.program, part);
    const given = part.parts.length;
    const fixed = f.static || [];
    const error = (at, message) => errorAt(this.program.text, at, message);
    if (given < (f.variables || 2) || (f.variables && given > f.variables + fixed.length)) throw error(part.at, `${part.name} takes ${argumentsOf(f)}, and ${given} were given`);
    if (f.primitive === "power") return this.power(operands, part.parts[1]);
    if (f.apply) return f.apply(this, operands);
    if (!f.variables) return operands.slice(1).reduce((left, right) => this.record(f.primitive, [left, right]), operands[0]);
    let params = null;
    fixed.forEach(([name, standard], k) => {
      const argument = part.parts[f.variables + k];
      const value = argument ? literal(argument) : standard;
      if (value === null) throw error(argument.at, `the ${name} of ${part.name} is part of the function: expected a number`);
      params = { ...params, [name]: value };
    });
    return this.record(f.primitive, operands.slice(0, f.variables), params);
  }
}

function functionOf(program, part) {
  if (Object.hasOwn(FUNCTIONS, part.name)) return FUNCTIONS[part.name];
  const name = part.name.slice(0, 40);
  const near = Object.keys(FUNCTIONS).filter((f) => distance(f, name) <= Math.max(1, Math.floor(name.length / 3))).sort((a, b) => distance(a, name) - distance(b, name));
  const hint = near.length ? `did you mean ${near.slice(0, 3).join(" or ")}?` : `a product is written ${name}*(...); functions: ${Object.keys(FUNCTIONS).sort().join(", ")}`;
  throw errorAt(program.text, part.at, `there is no function ${name}; ${hint}`);
}

// How many letters part two words.
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, k) => k);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] !== b[j - 1]));
    row = next;
  }
  return row[b.length];
}

function argumentsOf(f) {
  if (!f.variables) return "two or more arguments";
  return (f.variables === 1 ? "one argument" : `${f.variables} arguments`) + (f.static || []).map(([name]) => `, and ${name} if wanted`).join("");
}

function staticParts(part) {
  if (part.kind === "binary" && part.sign === "**" && whole(part.parts[1]) !== null) return [part.parts[1]];
  if (part.kind === "call" && ["pow", "power"].includes(part.name) && part.parts.length === 2 && whole(part.parts[1]) !== null) return [part.parts[1]];
  if (part.kind === "call" && Object.hasOwn(FUNCTIONS, part.name) && FUNCTIONS[part.name].static) return part.parts.slice(FUNCTIONS[part.name].variables);
  return part.kind === "unary" && part.sign === "-" && literal(part) !== null ? part.parts : [];
}

function literal(part) {
  let sign = 1;
  let inner = part;
  for (; inner.kind === "unary"; inner = inner.parts[0]) if (inner.sign === "-") sign = -sign;
  return inner.kind === "number" ? sign * inner.value : null;
}

function whole(part) {
  const value = literal(part);
  return value !== null && Number.isInteger(value) && Math.abs(value) < LARGEST_EXPONENT ? value + 0 : null;
}
