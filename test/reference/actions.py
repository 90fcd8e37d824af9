"""A policy that chooses among four actions by an image, and what Captum makes of its logits (actions/NAME.json).

Run alone: needs torch, onnx and captum of requirements.txt. Writes test/data/reference/actions, or --out DIR.
"""

import argparse
import copy
import io
from importlib.metadata import version
from pathlib import Path

import onnx
import torch
from captum.attr import LRP, InputXGradient, Saliency
from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule, EpsilonRule
from fixture import array, write_json, write_model
from torch import nn

NAMES = ["left", "right", "forward", "pickup"]
SEED = 18


class Chooser(nn.Module):
    """Logits of four actions; an image of 16 x 16 pixels, channels first, in [0, 1]."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2), nn.ReLU(), nn.Conv2d(6, 8, 3, stride=2), nn.ReLU(),
                                 nn.Flatten(), nn.Linear(72, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, image):
        return self.net(image)


class Probabilities(nn.Module):
    def __init__(self, chooser):
        super().__init__()
        self.chooser = chooser

    def forward(self, image):
        return torch.softmax(self.chooser(image), dim=-1)


def difference(chooser, a, b):
    """One output: the logit of a less that of b, as a network of its own with the last layer's weights subtracted."""
    net = copy.deepcopy(chooser.net)
    last = net[-1]
    merged = nn.Linear(last.in_features, 1).to(last.weight.dtype)
    with torch.no_grad():
        merged.weight.copy_(last.weight[a : a + 1] - last.weight[b : b + 1])
        merged.bias.copy_(last.bias[a : a + 1] - last.bias[b : b + 1])
    net[-1] = merged
    return net


def lrp(net, rule, image, target):
    """Captum's LRP with one rule in every layer with weights; a flattening is linear, and epsilon divides by its value."""
    ruled = copy.deepcopy(net)
    for layer in ruled:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.rule = rule()
        elif isinstance(layer, nn.Flatten):
            layer.rule = EpsilonRule()
    return LRP(ruled).attribute(image.clone().requires_grad_(True), target=target).detach()


METHODS = {
    "gradient": lambda net, x, j: Saliency(net).attribute(x.clone().requires_grad_(True), target=j, abs=False),
    "gradient-x-input": lambda net, x, j: InputXGradient(net).attribute(x.clone().requires_grad_(True), target=j),
    "lrp-epsilon": lambda net, x, j: lrp(net, lambda: EpsilonRule(1e-6), x, j),
}


def export(model, path, image):
    buffer = io.BytesIO()
    torch.onnx.export(model, (image,), buffer, input_names=["image"], output_names=["probabilities"],
                      opset_version=17, dynamo=False)
    write_model(path, onnx.load_from_string(buffer.getvalue()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "data" / "reference" / "actions")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    chooser = Chooser().eval().requires_grad_(False)
    with torch.no_grad():
        chooser.net[-1].weight.mul_(3)
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(SEED + 1))
    export(Probabilities(chooser), out / "chooser-ts17.onnx", image)

    exact, seen = copy.deepcopy(chooser).double(), image.double()
    logits = exact(seen)[0]
    chosen = int(logits.argmax())
    other = int(logits.argmin())
    assert logits[chosen] > 0 > logits[other], logits
    cases = {}
    for name, method in METHODS.items():
        cases[name] = {
            "each": array(torch.cat([method(exact.net, seen, j) for j in range(4)]).sum(1).detach().float().numpy()),
            "difference": array(method(difference(exact, chosen, other), seen, 0).sum(1).detach().float().numpy()),
        }
    # Eq. 1 is the rule alpha 1, beta 0 only for outputs above zero.
    above = [j for j in range(4) if logits[j] > 0]
    dtd = torch.cat([lrp(exact.net, lambda: Alpha1_Beta0_Rule(set_bias_to_zero=True), seen, j) for j in above]).sum(1)
    torch.testing.assert_close(dtd.sum((1, 2)), logits[above])
    write_json(out / "chooser-ts17.json", {
        "source": f"captum {version('captum')}",
        "exporter": f"torch {torch.__version__.split('+')[0]} torchscript",
        "names": NAMES,
        "image": array(image.numpy()),
        "logits": array(logits.numpy()),
        "probabilities": array(chooser(image).softmax(-1)[0].numpy()),
        "chosen": NAMES[chosen],
        "against": NAMES[other],
        "maps": cases,
        "dtd": {"names": [NAMES[j] for j in above], "each": array(dtd.float().numpy())},
    })


if __name__ == "__main__":
    main()
