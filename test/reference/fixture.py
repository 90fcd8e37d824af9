"""Writes fixtures: JSON without timestamps, ONNX without the exporters' stack traces."""

import base64
import json

import numpy as np
import onnx

PLAIN = 16


def array(x):
    """{dtype, shape, values} for a few numbers, {dtype, shape, base64} (little endian, row-major) for many."""
    x = np.ascontiguousarray(x)
    head = {"dtype": str(x.dtype), "shape": list(x.shape)}
    if x.size <= PLAIN:
        return {**head, "values": x.flatten().tolist()}
    return {**head, "base64": base64.b64encode(x.astype(x.dtype.newbyteorder("<")).tobytes()).decode()}


def write_json(path, value):
    path.write_text(json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")


def write_model(path, model):
    """Debug records hold the exporter's source paths: they go, everything else stays as exported."""
    model.doc_string = ""
    model.ClearField("metadata_props")
    scrub(model.graph)
    for function in model.functions:
        for node in function.node:
            scrub_node(node)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def scrub(graph):
    graph.doc_string = ""
    graph.ClearField("metadata_props")
    for value in [*graph.input, *graph.output, *graph.value_info, *graph.initializer]:
        value.doc_string = ""
        value.ClearField("metadata_props")
    for node in graph.node:
        scrub_node(node)


def scrub_node(node):
    node.doc_string = ""
    node.ClearField("metadata_props")
