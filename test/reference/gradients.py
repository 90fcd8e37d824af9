"""Gradient methods by Captum (and Zennit where it has them), each torque explained with the sign that it has.

Rows [J, …] at the subject's images and configuration, of the sum sign(τ_j) τ_j; Σα over them is linear in every method
but Grad-CAM, which takes the α-weighted sum of the torques before its ReLU.
"""

import copy
import warnings

import torch
from canonical import Residual, SoftArgmax
from captum.attr import (DeepLift, Deconvolution, GuidedBackprop, InputXGradient, IntegratedGradients, LayerAttribution,
                         LayerGradCam, Saliency)
from dense import folded
from torch import nn
from zennit.composites import DeconvNet as ZennitDeconvNet
from zennit.composites import GuidedBackprop as ZennitGuidedBackprop

STEPS = 50


def separate(layers):
    """The layers with BatchNorm folded and every activation a module of its own, as Captum's hooks ask."""
    return nn.Sequential(*[copy.deepcopy(layer) for layer in folded(layers)])


def model(subject):
    signed = subject.signed()
    signed.net.cameras = nn.ModuleList(separate(trunk) for trunk in signed.net.cameras)
    signed.net.head = separate(signed.net.head)
    return signed


def each(subject, attribute):
    """`attribute(inputs, target)` for every torque."""
    rows = []
    for j in range(subject.joints):
        inputs = tuple(x.detach().clone().requires_grad_(True) for x in subject.inputs)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows.append([r.detach() for r in attribute(inputs, j)])
    return [torch.cat(parts) for parts in zip(*rows, strict=True)]


def gradient(subject):
    saliency = Saliency(model(subject))
    return each(subject, lambda inputs, j: saliency.attribute(inputs, target=j, abs=False))


def gradient_x_input(subject):
    method = InputXGradient(model(subject))
    return each(subject, lambda inputs, j: method.attribute(inputs, target=j))


# By the name of the quadrature. Captum's trapezoids are not complete: their widths sum to 1 - 1/steps.
QUADRATURES = {"gauss-legendre": "gausslegendre", "midpoint": "riemann_middle", "left": "riemann_left",
               "right": "riemann_right"}


def integrated_gradients(quadrature):
    def run(subject):
        method, options = IntegratedGradients(model(subject)), {"n_steps": STEPS, "method": QUADRATURES[quadrature]}
        return each(subject, lambda inputs, j: method.attribute(inputs, target=j, **options))

    return run


def modified(captum_class, zennit_composite):
    """Raw, by Captum; Zennit must agree."""

    def run(subject):
        rows = each(subject, lambda inputs, j: captum_class(model(subject)).attribute(inputs, target=j))
        again = each(subject, lambda inputs, j: by_zennit(subject, zennit_composite, inputs, j))
        off = max(float((a - b).abs().max()) for a, b in zip(rows, again, strict=True))
        assert off < 1e-9 * max(float(r.abs().max()) for r in rows), f"Captum and Zennit differ by {off}"
        return rows

    return run


def by_zennit(subject, composite, inputs, j):
    with composite().context(model(subject)) as hooked:
        return torch.autograd.grad(hooked(*inputs)[0, j], inputs)


guided_backprop = modified(GuidedBackprop, ZennitGuidedBackprop)
deconvnet = modified(Deconvolution, ZennitDeconvNet)


def times_input(method):
    return lambda subject: [r * x for r, x in zip(method(subject), subject.inputs, strict=True)]


def deeplift(subject):
    net = model(subject)
    return each(subject, lambda inputs, j: DeepLift(net, multiply_by_inputs=True).attribute(inputs, target=j))


GRADIENTS = {
    "gradient": gradient,
    "gradient-x-input": gradient_x_input,
    "integrated-gradients": integrated_gradients("midpoint"),
    **{f"integrated-gradients:quadrature={q}": integrated_gradients(q) for q in ("gauss-legendre", "left", "right")},
    "guided-backprop:raw=true": guided_backprop,
    "guided-backprop": times_input(guided_backprop),
    "deconvnet:raw=true": deconvnet,
    "deconvnet": times_input(deconvnet),
    "deeplift": deeplift,
}
RAW = {"gradient", "guided-backprop:raw=true", "deconvnet:raw=true"}


def applies(spec, subject):
    """Captum's DeepLift takes the spatial softmax for linear, and loses winners that overlapping max pools share."""
    modules = list(subject.net.modules())
    if spec.endswith(("gauss-legendre", "left", "right")):
        return not subject.images
    if spec == "deeplift":
        return not any(isinstance(m, (SoftArgmax, Residual, nn.MaxPool2d, nn.AdaptiveMaxPool2d)) for m in modules)
    return any(isinstance(m, nn.ReLU) for m in modules) or not spec.startswith(("guided", "deconv"))


class Weighted(nn.Module):
    """Σ α_j sign(τ_j) τ_j, [1, 1]."""

    def __init__(self, signed, alpha):
        super().__init__()
        self.signed, self.alpha = signed, alpha

    def forward(self, *inputs):
        return (self.signed(*inputs) @ self.alpha)[:, None]


# Where two convolutions end a trunk side by side, the one that is meant is named.
NAMED = {"nature-residual-ts18": ("/trunk/trunk.4/body/body.0/Conv", -2)}


def grad_cam(subject, alpha, which=-1):
    """By camera (map at the last convolution's output, the same interpolated to the image)."""
    net = model(subject)
    result = []
    for i, image in enumerate(subject.images):
        last = [m for m in net.net.cameras[i].modules() if isinstance(m, nn.Conv2d)][which]
        coarse = LayerGradCam(Weighted(net, alpha), last).attribute(subject.inputs, target=0, relu_attributions=True)
        fine = LayerAttribution.interpolate(coarse, tuple(image.shape[2:]), "bilinear")
        result.append((coarse.detach()[0, 0], fine.detach()[0, 0]))
    return result
