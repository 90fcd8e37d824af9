"""Policies as people write them in TensorFlow and Keras, exported by tf2onnx. Run as a program:

    python tf_policies.py FOLDER NAME

writes NAME.onnx and NAME.npz (inputs, outputs and weights) for tf_canonical.py to read. One process a
policy: TensorFlow and PyTorch do not share one well, and names depend on what was converted before.
"""

import itertools
import os
import sys
import zlib

sys.dont_write_bytecode = True
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", TF_ENABLE_ONEDNN_OPTS="0")

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from keras import layers

# tf2onnx walks through sets of nodes: by their addresses the result would be another one on every run.
order = itertools.count()
tf2onnx.graph.Node.__hash__ = lambda node: node.__dict__.setdefault("order", next(order))

H, W, N = 24, 20, 12
CASES = 2


def maps(height, width):
    """Coordinates of the cells of a map, as guided policy search has them: (i - rows/2) / rows."""
    y, x = np.meshgrid(np.arange(height) / height - 0.5, np.arange(width) / width - 0.5, indexing="ij")
    return x.reshape(-1).astype(np.float32), y.reshape(-1).astype(np.float32)


def gps_points(features):
    """Guided policy search: NCHW, softmax over rows, Mul and ReduceSum."""
    _, rows, cols, channels = features.shape
    x_map, y_map = maps(rows, cols)
    flat = tf.reshape(tf.transpose(features, [0, 3, 1, 2]), [-1, rows * cols])
    softmax = tf.nn.softmax(flat)
    x = tf.reduce_sum(tf.multiply(x_map, softmax), [1], keepdims=True)
    y = tf.reduce_sum(tf.multiply(y_map, softmax), [1], keepdims=True)
    return tf.reshape(tf.concat(axis=1, values=[x, y]), [-1, channels * 2])


def matmul_points(features):
    """Softmax over [B, C, H·W], then a matrix product with the grid."""
    _, rows, cols, channels = features.shape
    flat = tf.reshape(tf.transpose(features, [0, 3, 1, 2]), [-1, channels, rows * cols])
    grid = np.stack(maps(rows, cols), 1)
    return tf.reshape(tf.matmul(tf.nn.softmax(flat / 0.6), grid), [-1, channels * 2])


def last_points(features):
    """Channels stay last: softmax along axis 1 of [B, H·W, C], expected x and y one after the other."""
    _, rows, cols, channels = features.shape
    x_map, y_map = maps(rows, cols)
    softmax = tf.nn.softmax(tf.reshape(features, [-1, rows * cols, channels]), axis=1)
    x = tf.reduce_sum(softmax * x_map[None, :, None], axis=1)
    y = tf.reduce_sum(softmax * y_map[None, :, None], axis=1)
    return tf.concat([x, y], 1)


def points(function):
    return layers.Lambda(function)


def levine(function, dtype, batch, joints=3, padding="valid"):
    image = keras.Input((H, W, 3), batch_size=batch, name="image", dtype=dtype)
    configuration = keras.Input((6 + 2 * joints,), batch_size=batch, name="configuration")
    x = layers.Rescaling(1 / 255)(image) if dtype == "uint8" else image
    x = layers.Conv2D(8, 7, 2, activation="relu", padding=padding, name="conv1")(x)
    x = layers.Conv2D(8, 5, activation="relu", padding=padding, name="conv2")(x)
    x = layers.Conv2D(6, 3, activation="relu", padding=padding, name="conv3")(x)
    x = layers.Concatenate()([points(function)(x), configuration])
    x = layers.Dense(40, activation="relu", name="fc1")(x)
    x = layers.Dense(40, activation="relu", name="fc2")(x)
    return keras.Model([image, configuration], layers.Dense(joints, name="fc3")(x))


def nature(batch):
    image = keras.Input((H, W, 3), batch_size=batch, name="image", dtype="uint8")
    configuration = keras.Input((N,), batch_size=batch, name="configuration")
    x = layers.Rescaling(1 / 127.5, offset=-1)(image)
    x = layers.Conv2D(8, 5, 2, padding="same", use_bias=False, name="conv1")(x)
    x = layers.BatchNormalization(name="bn1")(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(8, 3, padding="same", name="conv2")(x)
    x = layers.BatchNormalization(name="bn2")(x)
    x = layers.Activation("relu")(x)
    x = layers.Flatten()(x)
    x = layers.Concatenate()([x, configuration])
    x = layers.Dense(48, activation="relu", name="fc1")(x)
    return keras.Model([image, configuration], layers.Dense(3, name="fc2")(x))


def pooled(batch):
    image = keras.Input((H, W, 3), batch_size=batch, name="image")
    configuration = keras.Input((N,), batch_size=batch, name="configuration")
    x = layers.Conv2D(8, 4, 2, padding="same", activation="relu", name="conv1")(image)
    x = layers.AveragePooling2D(2)(x)
    x = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="depthwise")(x)
    x = layers.Conv2D(8, 1, activation="relu", name="conv2")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Concatenate()([x, configuration])
    x = layers.Dense(32, activation="tanh", name="fc1")(x)
    return keras.Model([image, configuration], layers.Dense(3, activation="tanh", name="fc2")(x))


MEAN = np.linspace(-0.3, 0.3, N, dtype=np.float32)
STD = np.linspace(0.3, 1.2, N, dtype=np.float32)


def mlp(batch):
    configuration = keras.Input((N,), batch_size=batch, name="configuration")
    x = layers.Lambda(lambda q: (q - MEAN) / STD)(configuration)
    x = layers.Dense(32, activation="tanh", name="fc1")(x)
    x = layers.Dense(32, activation="sigmoid", name="fc2")(x)
    return keras.Model([configuration], layers.Dense(3, name="fc3")(x))


# name: (maker, opset)
POLICIES = {
    "tf-levine-gps-13": (lambda: levine(gps_points, "float32", 1), 13),
    "tf-levine-gps-17-batch": (lambda: levine(gps_points, "uint8", None, joints=7), 17),
    "tf-levine-matmul-17": (lambda: levine(matmul_points, "uint8", 1, padding="same"), 17),
    "tf-levine-last-18-batch": (lambda: levine(last_points, "float32", None), 18),
    "tf-nature-15-batch": (lambda: nature(None), 15),
    "tf-pooled-18": (lambda: pooled(1), 18),
    "tf-mlp-13-batch": (lambda: mlp(None), 13),
}


def randomise(model, rng):
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            n = layer.gamma.shape[0]
            gamma = rng.uniform(0.5, 1.5, n) * np.where(np.arange(n) == n - 1, -1, 1)
            layer.set_weights([gamma, rng.normal(0, 0.2, n), rng.normal(0, 0.2, n), rng.uniform(0.5, 1.5, n)])
        elif layer.weights:
            kernel, *bias = layer.get_weights()
            inputs = np.prod(kernel.shape[:2]) if "depthwise" in layer.name else np.prod(kernel.shape[:-1])
            gain = 4.0 if layer.name == "conv3" else 1.0
            values = [rng.normal(0, gain * np.sqrt(2 / inputs), kernel.shape)]
            layer.set_weights(values + [rng.normal(0, 0.1, b.shape) for b in bias])


def observe(rng, model):
    observation = {}
    for tensor in model.inputs:
        name, batch = tensor.name.split(":")[0], 1
        if name == "image":
            coarse = rng.uniform(0, 255, (batch, 4, 4, 3))
            image = coarse[:, np.arange(H) * 4 // H][:, :, np.arange(W) * 4 // W] + rng.uniform(-40, 40, (batch, H, W, 3))
            image = np.clip(image, 0, 255).round()
            uint8 = tensor.dtype == "uint8"
            observation[name] = image.astype(np.uint8) if uint8 else (image / 255).astype(np.float32)
        else:
            joints = model.outputs[0].shape[1]
            spread = np.repeat([1.2, 0.6, 0.4, 0.2], [joints, joints, 3, 3])
            observation[name] = (rng.normal(0, 1, (batch, len(spread))) * spread).astype(np.float32)
    return observation


def main(folder, name):
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    make, opset = POLICIES[name]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    model = make()
    randomise(model, rng)
    names = [tensor.name for tensor in model.inputs]
    specs = [tf.TensorSpec(t.shape, t.dtype, name=n) for t, n in zip(model.inputs, names, strict=True)]

    def torque(*inputs):
        return {"torque": model(list(inputs) if len(inputs) > 1 else inputs[0], training=False)}

    function = tf.function(torque, input_signature=specs)
    proto, _ = tf2onnx.convert.from_function(function, input_signature=specs, opset=opset)
    onnx.save(proto, f"{folder}/{name}.onnx")
    arrays = {}
    for i in range(CASES):
        observation = observe(rng, model)
        arrays |= {f"case{i}/{key}": value for key, value in observation.items()}
        values = [tf.constant(observation[n]) for n in names]
        arrays[f"output{i}"] = function(*values)["torque"].numpy()
    for layer in model.layers:
        arrays |= {f"{layer.name}/{i}": w for i, w in enumerate(layer.get_weights())}
    np.savez(f"{folder}/{name}.npz", mean=MEAN, std=STD, **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
