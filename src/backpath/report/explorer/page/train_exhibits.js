// The stability of section 3.1 as three exhibits: each a few states of the panel, and what to watch in them.

const START = { "train.data": "moons", "train.depth": 6, "train.width": 8, "train.activation": "sigmoid", "train.rate": 0.5 };
const SCALE = { "train.data": "circles", "train.depth": 2, "train.width": 8, "train.activation": "tanh", "train.rate": 0.3 };
const RATE = { "train.data": "circles", "train.depth": 2, "train.width": 8, "train.activation": "relu" };

export const EXHIBITS = [
  {
    id: "start",
    title: "Where to begin",
    text: "Six sigmoid layers, and weights drawn small, at the critical scale, or large.",
    states: {
      small: ["Nearly zero", { ...START, "train.start": "normal" }, "The gradient of the first layers is 1e-14 of what it could be: the loss stands at log 2 = 0.693, a guess."],
      critical: ["Critical", { ...START, "train.start": "critical" }, "All layers get gradients of one size from the first step on, and the loss begins to fall within a hundred steps."],
      large: ["Too large", { ...START, "train.start": "critical", "train.times": 8 }, "Most sigmoids are saturated: the surface has cliffs at once, and the loss falls in jumps, if at all."],
    },
  },
  {
    id: "scale",
    title: "The scale of features",
    text: "The same circles, with the second feature in other units, and one step size.",
    states: {
      large: ["Times 30", { ...SCALE, "train.scale": 30, "train.standardize": 0 }, "The weights of the second feature get nearly all of the gradient; stripes appear, since the first feature is hardly used."],
      small: ["Times 0.03", { ...SCALE, "train.scale": 0.03, "train.standardize": 0 }, "The network does not see the second feature: the boundary stands upright, and the loss stays near 0.48."],
      standard: ["Standardized", { ...SCALE, "train.scale": 30 }, "With mean 0 and deviation 1 in each feature the units no longer matter: the loss falls below 0.02 in some 400 steps."],
    },
  },
  {
    id: "rate",
    title: "The step size",
    text: "One network and one start, with steps too short, right, and too long.",
    states: {
      short: ["0.003", { ...RATE, "train.rate": 0.003 }, "The loss falls all the time, and has hardly moved after a thousand steps."],
      right: ["0.3", { ...RATE, "train.rate": 0.3 }, "The boundary closes around the inner circle within a hundred steps."],
      long: ["10", { ...RATE, "train.rate": 10 }, "The first steps throw the weights so far that no ReLU is active: their gradients are exactly 0, and nothing can be learned any more."],
    },
  },
];
