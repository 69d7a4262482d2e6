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
      small: ["Nearly zero", { ...START, "train.start": "normal" }, "Only the last layer gets a gradient, and the effective depth is 1, until its bias has settled; then nothing moves. The loss stands at log 2 = 0.693, a guess."],
      critical: ["Critical", { ...START, "train.start": "critical" }, "All layers get gradients of much the same size from the first step on, and within some hundred steps the loss falls."],
      large: ["Too large", { ...START, "train.start": "critical", "train.times": 8 }, "The surface has cliffs at once, for most sigmoids are saturated. The loss falls for a few steps, then hardly any more."],
    },
  },
  {
    id: "scale",
    title: "The scale of features",
    text: "The same circles, with the second feature in other units, and one step size.",
    states: {
      large: ["Times 30", { ...SCALE, "train.scale": 30, "train.standardize": 0 }, "The second feature drives every neuron into saturation: the surface is made of stripes, and the loss jumps about."],
      small: ["Times 0.03", { ...SCALE, "train.scale": 0.03, "train.standardize": 0 }, "The network hardly sees the second feature: the boundaries stand upright, and the loss stays above 0.4."],
      standard: ["Standardized", { ...SCALE, "train.scale": 30 }, "With mean 0 and deviation 1 in each feature the units no longer matter: the loss is below 0.03 after some 300 steps."],
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
