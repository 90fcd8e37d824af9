"""Exports a policy by one of PyTorch's two exporters."""

import os
import sys
import warnings

import onnx
import torch


def export(policy, inputs, exporter, opset, dynamic, path, outputs=("torque",)):
    """The model as written to `path`. "torchscript-kept" leaves BatchNorm nodes behind convolutions."""
    args, names = tuple(inputs.values()), list(inputs)
    options = {"input_names": names, "output_names": list(outputs), "opset_version": opset}
    if exporter == "dynamo":
        shapes = tuple({0: torch.export.Dim("batch", max=64)} for _ in names) if dynamic else None
        # An example batch of 1 would be taken for a constant.
        args = tuple(torch.cat([a, a]) for a in args) if dynamic else args
        options |= {"dynamo": True, "external_data": False, "verbose": False, "dynamic_shapes": shapes}
    else:
        axes = {name: {0: "batch"} for name in [*names, *outputs]} if dynamic else None
        options |= {"dynamo": False, "dynamic_axes": axes}
        if exporter == "torchscript-kept":
            options["training"] = torch.onnx.TrainingMode.PRESERVE
    with open(os.devnull, "w") as quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stdout, sys.stdout = sys.stdout, quiet
        try:
            torch.onnx.export(policy, args, path, **options)
        finally:
            sys.stdout = stdout
    return onnx.load(path)


def opset_of(model):
    return next(entry.version for entry in model.opset_import if entry.domain == "")
