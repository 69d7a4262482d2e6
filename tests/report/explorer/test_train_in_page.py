"""Training in the page: losses, weights and effective depths are those of Python; exhibits show what they say."""

import json
import re
from importlib.resources import files

import numpy as np
import pytest
import torch
from sklearn.datasets import make_moons

import backpath as bp
from backpath.nets import ACTIVATIONS, INITIALIZERS, critical_gain
from backpath.nets.readings import linear

DEPTH, WIDTH, RATE, STEPS = 3, 5, 0.2, 40

# Sets a training on points and weights of Python's, and steps; the losses before each step, and how it then stands.
TRAIN = """({activation, skips, own, depth, width, weights, rate, steps}) => {
    const { app } = window.backpath;
    app.set({ "train.data": "own", "train.own": own, "train.standardize": 0, "train.depth": depth, "train.width": width,
              "train.activation": activation, "train.skips": skips });
    const { session } = app.trainer;
    session.p = Float64Array.from(weights);
    session.record();
    const losses = [];
    for (let k = 0; k < steps; k++) { losses.push(session.now.loss); session.step(rate); session.record(); }
    const { X, t, n, network } = session;
    const { norms, effectiveDepth, layers } = network.lengths(Float64Array.from(weights), X, t, n);
    return { losses, weights: [...session.p], norms, effectiveDepth, layers };
}"""


def points():
    X, y = make_moons(40, noise=0.2, random_state=3)
    X = X.round(2)
    return X, y, ",".join(f"{a:.2f} {b:.2f} {c}" for (a, b), c in zip(X, y, strict=True))


def start(net):
    parameters = {name: 1.0 * value for name, value in net.init(seed=2, dtype=float).items()}
    rng = np.random.default_rng(4)
    for name in parameters:
        if name.startswith("b"):
            parameters[name] += 0.1 * rng.standard_normal(parameters[name].shape)
    return parameters


def flat(parameters):
    return np.concatenate([np.ravel(value) for value in parameters.values()])


@pytest.fixture(scope="module")
def opened(chromium, tmp_path_factory):
    from backpath.report.explorer import explore

    file = explore(bp.parse("cos(w**2)").at(w=1.2)).save(tmp_path_factory.mktemp("page") / "page.html")
    page = chromium.new_page()
    page.goto(f"{file.as_uri()}#tab=train")
    page.wait_for_function("window.backpath && window.backpath.app.trainer")
    yield page
    page.close()


def trained_in_page(page, net, parameters, activation, skips):
    _, _, own = points()
    asked = {"activation": activation, "skips": int(skips), "own": own, "depth": DEPTH, "width": WIDTH}
    return page.evaluate(TRAIN, {**asked, "weights": flat(parameters).tolist(), "rate": RATE, "steps": STEPS})


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_losses_and_weights_are_those_of_fit(opened, activation):
    net = bp.Network([2, *[WIDTH] * DEPTH, 1], activation, "sigmoid_cross_entropy")
    parameters, (X, y, _) = start(net), points()
    descent = {"epochs": STEPS, "batch": len(X), "optimizer": bp.optimizers.sgd(RATE), "engine": "numpy"}
    fitted = bp.fit(net, X, y, init=parameters, dtype=float, **descent)
    told = trained_in_page(opened, net, parameters, activation, False)
    np.testing.assert_allclose(told["losses"], [epoch.loss for epoch in fitted.history], rtol=1e-9)
    np.testing.assert_allclose(told["weights"], flat(fitted.parameters), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_with_skips_as_torch(opened, activation):
    net = bp.Network([2, *[WIDTH] * DEPTH, 1], activation, "sigmoid_cross_entropy")
    parameters, (X, y, _) = start(net), points()
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    losses = []
    for _ in range(STEPS):
        h, phi = torch.tensor(X), getattr(torch, activation)
        for r in range(1, DEPTH + 1):
            after = phi(h @ tensors[f"W{r}"] + tensors[f"b{r}"])
            h = after + h if r > 1 else after
        scores = (h @ tensors[f"W{DEPTH + 1}"] + tensors[f"b{DEPTH + 1}"])[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, torch.tensor(y, dtype=torch.float64))
        losses.append(loss.item())
        slopes = torch.autograd.grad(loss, list(tensors.values()))
        with torch.no_grad():
            for tensor, slope in zip(tensors.values(), slopes, strict=True):
                tensor -= RATE * slope
    told = trained_in_page(opened, net, parameters, activation, True)
    np.testing.assert_allclose(told["losses"], losses, rtol=1e-9)
    last = {name: tensor.detach().numpy() for name, tensor in tensors.items()}
    np.testing.assert_allclose(told["weights"], flat(last), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("skips", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "gelu"])
def test_effective_depth_is_that_of_explain(opened, activation, skips):
    net = bp.Network([2, *[WIDTH] * DEPTH, 1], activation, "sigmoid_cross_entropy")
    parameters, (X, y, _) = start(net), points()
    one, phi = np.ones(len(X)), ACTIVATIONS[activation]

    def loss(parameters):
        h = X
        for r in range(1, DEPTH + 1):
            after = phi(linear(h, parameters[f"W{r}"], one, parameters[f"b{r}"]))
            h = after + h if skips and r > 1 else after
        scores = linear(h, parameters[f"W{DEPTH + 1}"], one, parameters[f"b{DEPTH + 1}"])
        return np.mean(net.loss_function.function(scores, y[:, None].astype(float)))

    told = trained_in_page(opened, net, parameters, activation, skips)
    spectrum = bp.explain(loss, (parameters,)).length_spectrum()
    assert told["effectiveDepth"] == pytest.approx(spectrum.effective_depth, rel=1e-9)
    np.testing.assert_allclose([told["norms"][n] for n in spectrum.norms], list(spectrum.norms.values()), rtol=1e-9)
    for r, layer in enumerate(told["layers"], 1):
        e = bp.explain(loss, (parameters,), wrt=[f"parameters.W{r}", f"parameters.b{r}"])
        assert layer["norm"] == pytest.approx(np.linalg.norm(flat(e.gradient)), rel=1e-9)
        assert layer["length"] == pytest.approx(e.length_spectrum().effective_depth, rel=1e-9)


def test_starting_weights_have_the_variances_of_python(opened):
    drawn = """([start, activation]) => {
        const { trainer } = window.backpath.app;
        const fresh = { ...trainer.settings(), data: "own", own: [], depth: 12, width: 16, times: 1, seed: 0 };
        const { p, network } = new trainer.session.constructor({ ...fresh, activation, start });
        return network.places.slice(1, 12).map(({ weights, biases }) => [...p.slice(weights, biases)]);
    }"""
    for start_name in ("auto", "normal", "lecun_normal", "glorot_normal", "he_normal", "orthogonal", "critical"):
        for activation in ("tanh", "relu", "sigmoid", "elu"):
            layers = np.array(opened.evaluate(drawn, [start_name, activation]))
            expected = INITIALIZERS[start_name].variance(16, 16, activation)
            assert np.var(layers) == pytest.approx(expected, rel=0.1)
            if start_name == "orthogonal":
                W = layers[3].reshape(16, 16)
                np.testing.assert_allclose(W.T @ W, 16 * expected * np.eye(16), atol=1e-12)
    assert not np.any(opened.evaluate(drawn, ["zeros", "tanh"]))


def test_critical_gains_are_those_of_python():
    source = (files("backpath.report.explorer") / "page" / "train_start.js").read_text(encoding="utf-8")
    table = re.search(r"CRITICAL = (\{.*?\});", source, re.DOTALL)[1]
    gains = json.loads(re.sub(r"(\w+):", r'"\1":', table).replace(",\n}", "}"))
    assert set(ACTIVATIONS) - set(gains) == {"gelu", "silu", "mish", "softplus"}
    assert gains == {name: pytest.approx(critical_gain(name), rel=1e-9) for name in gains}
    with pytest.raises(bp.SettingError):
        critical_gain("silu")


# Chooses a state of an exhibit, and steps; the state after each of some numbers of steps.
SHOWN = """([name, marks]) => {
    const { app } = window.backpath;
    app.trainer.choose(name);
    app.trainer.stop();
    app.trainer.begin();
    const { session } = app.trainer;
    return marks.map((mark) => {
        while (session.steps < mark) session.step(app.state["train.rate"]);
        session.record();
        const { loss, layers, effectiveDepth } = session.now;
        return { loss, norms: layers.map((layer) => layer.norm), depth: effectiveDepth };
    });
}"""


def shown(page, name, *marks):
    return page.evaluate(SHOWN, [name, marks])


def test_the_exhibit_of_starts(opened):
    small = shown(opened, "start-small", 0, 300)
    assert all(abs(at["loss"] - np.log(2)) < 1e-3 and at["norms"][0] < 1e-12 for at in small)
    assert small[0]["depth"] == pytest.approx(1, abs=0.01)
    first, later = shown(opened, "start-critical", 0, 300)
    assert max(first["norms"]) < 1000 * min(first["norms"])
    assert later["loss"] < 0.4
    _, early, late = shown(opened, "start-large", 0, 50, 400)
    assert late["loss"] > 0.5
    assert early["loss"] - late["loss"] < 0.1


def test_the_exhibit_of_scales(opened):
    assert shown(opened, "scale-large", 400)[0]["loss"] > 0.55
    assert 0.4 < shown(opened, "scale-small", 400)[0]["loss"] < 0.55
    assert shown(opened, "scale-standard", 400)[0]["loss"] < 0.03


def test_the_exhibit_of_step_sizes(opened):
    first, last = shown(opened, "rate-short", 0, 500)
    assert first["loss"] - 0.15 < last["loss"] < first["loss"]
    assert shown(opened, "rate-right", 200)[0]["loss"] < 0.05
    dead = shown(opened, "rate-long", 100)[0]
    assert dead["norms"][:-1] == [0.0, 0.0]
    assert dead["loss"] > np.log(2)


def test_a_loss_that_is_no_number_is_told(opened):
    settings = "train.activation=identity&train.rate=100&train.scale=30&train.standardize=0"
    told = opened.evaluate(
        """settings => {
            const { app } = window.backpath;
            app.go(`#tab=train&${settings}`);
            app.trainer.advance(400);
            return app.trainer.said.textContent;
        }""",
        settings,
    )
    assert "no number any more" in told


def test_by_hand(open_page):
    page = open_page(bp.parse("cos(w**2)").at(w=1.2), "#tab=train")
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_function("window.backpath.app.trainer.session.steps > 20")
    page.get_by_role("button", name="Pause").click()
    steps = page.evaluate("window.backpath.app.trainer.session.steps")
    assert f"Paused: {steps:,} steps" in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="One step").click()
    assert page.evaluate("window.backpath.app.trainer.session.steps") == steps + 1
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_role("tab", name="Numbers").click()
    assert not page.evaluate("window.backpath.app.trainer.playing")


def test_points_of_ones_own_by_pointer_and_keys(open_page):
    page = open_page(bp.parse("cos(w**2)").at(w=1.2), "#tab=train")
    page.get_by_role("button", name="Your own").click()
    plane = page.locator("canvas.plane")
    box = plane.bounding_box()
    plane.click(position={"x": box["width"] * 0.3, "y": box["height"] * 0.4})
    plane.click(position={"x": box["width"] * 0.7, "y": box["height"] * 0.6}, modifiers=["Shift"])
    plane.press("ArrowRight")
    plane.press("ArrowUp")
    plane.press("1")
    told = page.evaluate("window.backpath.app.state['train.own']").split(",")
    assert [point.split()[2] for point in told] == ["0", "1", "0"]
    assert told[2] == "0.10 0.10 0"
    plane.press("Delete")
    assert page.evaluate("window.backpath.app.trainer.session.n") == 2
    page.wait_for_function("location.hash.includes('train.own')")
    link = page.evaluate("location.hash")
    page.goto(page.url.split("#")[0] + "#tab=step")
    page.evaluate("hash => window.backpath.app.go(hash)", link)
    assert page.evaluate("window.backpath.app.trainer.session.points.length") == 2
