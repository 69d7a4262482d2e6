// The chapter in eight stops: each a title, what it says, what to try, and the state of the page.

const COSINE = { expr: "y = w**2; o = cos(y)", at: "w=1.2" };
const BRANCHES = { expr: "y = w**2; z = w**2; p = cos(y); q = sin(z); o = p + q", at: "w=1.2" };
const PRODUCTS = { expr: "a = w*w; b = w*w; c = a*b; d = a*b; e = c*d; f = c*d; g = e*f; h = e*f; o = g*h", at: "w=1.1" };
const NETWORK = {
  expr: "a1 = u1*x; a2 = u2*x; h1 = tanh(a1); h2 = tanh(a2); a3 = v1*h1 + v2*h2; h3 = tanh(a3); o = t*h3",
  at: "x=0.8;u1=1.1;u2=-0.7;v1=0.9;v2=1.3;t=1.5",
};

export const STOPS = [
  {
    title: "A computational graph",
    text: ["A function is computed node by node, each from those before it. Here w is squared, and the cosine of that is the output o = cos(w²)."],
    look: "Press Space: the forward phase computes one node a step, at w = 1.2. Then the backward phase begins.",
    state: { ...COSINE, tab: "step", step: 0 },
  },
  {
    title: "The chain rule",
    text: ["Each edge carries a local derivative z: 2w = 2.4 from w to y = w², and −sin(y) = −0.991 from y to o. The derivative of o by w is their product, −2.38."],
    equation: "∂o/∂w = ∂o/∂y · ∂y/∂w  (3.1)",
    look: "The line below the graph puts the numbers in. Change w in the tab Change it, and they follow.",
    state: { ...COSINE, tab: "step", sel: "n0" },
  },
  {
    title: "Paths",
    text: ["Where w reaches o in several ways, there is a product for each way, and the derivative is their sum: one term for each path from w to o."],
    equation: "∂o/∂w = Σ over paths  Π over edges  z(i, j)",
    look: "Point at a path in the list: it is lit in the graph. The two products add up to what backpropagation finds.",
    state: { ...BRANCHES, tab: "paths", src: "w", out: "o" },
  },
  {
    title: "Why enumeration explodes",
    text: ["Five layers of two products: each layer doubles the paths. There are 2⁵ = 32 from w to o, each with the product w³¹, so the derivative is 32 w³¹. With forty layers there would be 2⁴⁰, about 10¹²."],
    look: "The colour says how many paths go through each node. Compare the operations of the two methods.",
    state: { ...PRODUCTS, tab: "paths", color: "paths", src: "w", out: "o" },
  },
  {
    title: "Dynamic programming",
    text: ["All paths from a node go on by one of its edges. So the sum over its paths is made of the sums of the nodes behind it, and each edge is visited once: this is backpropagation."],
    equation: "S(o) = 1,  S(i) = Σ over j  S(j) · z(i, j)  (3.8)",
    look: "Press Space: the backward phase goes from o to w, and each S is computed when all behind it are known.",
    state: { ...PRODUCTS, tab: "step", color: "adjoint", step: 10 },
  },
  {
    title: "Δ, over post-activations",
    text: ["In a network, nodes may be the post-activations h = Φ(a). Then an edge from one h to the next carries w Φ′(a), and S(h) is called Δ(h, o)."],
    equation: "Δ(h, o) = Σ  Φ′(a′) · w · Δ(h′, o)  (3.12)",
    look: "Pre-activations are passed through: they are faint. Step backward, and compare each Δ with the line below.",
    state: { ...NETWORK, tab: "step", reading: "post", color: "adjoint" },
  },
  {
    title: "δ, over pre-activations",
    text: ["Nodes may as well be the pre-activations a. Then an edge from one a to the next carries Φ′(a) w, and S(a) is called δ(h, o). The derivatives by the weights are the same."],
    equation: "δ(h, o) = Φ′(a) · Σ  w · δ(h′, o)  (3.15)",
    look: "Switch the reading above the graph between post, pre and both: the weights keep their derivatives.",
    state: { ...NETWORK, tab: "step", reading: "pre", color: "adjoint" },
  },
  {
    title: "Training",
    text: ["A step of gradient descent takes every weight against its derivative. Whether that leads anywhere depends on where the weights begin, on the scale of the features, and on the length of the step: section 3.1."],
    look: "Press Train. Then try the three exhibits, and see which layers the gradient reaches.",
    state: { tab: "train", "train.data": "moons", "train.depth": 4, "train.activation": "tanh" },
  },
];
