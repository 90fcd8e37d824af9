import * as tf from "@tensorflow/tfjs-layers";

const { layers } = tf;

/** Small networks of the Layers format, by what they have; every layer that is read is in one. */
export const LAYERS_NETWORKS: Readonly<Record<string, () => tf.LayersModel>> = {
  activations: () =>
    tf.sequential({
      layers: [
        layers.dense({ units: 8, inputShape: [6], activation: "elu" }),
        layers.dense({ units: 8, activation: "selu" }),
        layers.dense({ units: 8, activation: "hardSigmoid" }),
        layers.dense({ units: 8, activation: "softplus" }),
        layers.dense({ units: 8, activation: "softsign" }),
        layers.dense({ units: 8, activation: "swish" }),
        layers.dense({ units: 8, activation: "mish" }),
        layers.dense({ units: 8, activation: "gelu" }),
        layers.dense({ units: 4, activation: "tanh", useBias: false }),
      ],
    }),
  image: () =>
    tf.sequential({
      layers: [
        layers.conv2d({
          inputShape: [13, 12, 3],
          filters: 6,
          kernelSize: 5,
          strides: 2,
          padding: "same",
          activation: "relu",
        }),
        layers.batchNormalization(),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.conv2d({ filters: 5, kernelSize: [3, 2], padding: "same", activation: "tanh" }),
        layers.dropout({ rate: 0.5 }),
        layers.flatten(),
        layers.dense({ units: 3 }),
      ],
    }),
  depthwise: () =>
    tf.sequential({
      layers: [
        layers.depthwiseConv2d({
          inputShape: [10, 9, 2],
          kernelSize: 3,
          depthMultiplier: 2,
          padding: "same",
          strides: 2,
        }),
        layers.leakyReLU({ alpha: 0.2 }),
        layers.separableConv2d({ filters: 6, kernelSize: 3, activation: "relu6" }),
        layers.averagePooling2d({ poolSize: 2, strides: 1 }),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 4, activation: "softmax" }),
      ],
    }),
  residual: () => {
    const image = tf.input({ shape: [8, 8, 3], name: "camera" });
    const state = tf.input({ shape: [5], name: "state" });
    const a = layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu" }).apply(image);
    const b = layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" }).apply(a) as tf.SymbolicTensor;
    const sum = layers.activation({ activation: "relu" }).apply(layers.add().apply([a as tf.SymbolicTensor, b]));
    const seen = layers.globalMaxPooling2d({}).apply(sum) as tf.SymbolicTensor;
    const known = layers.dense({ units: 4, activation: "relu" }).apply(state) as tf.SymbolicTensor;
    const parts = [layers.average(), layers.maximum(), layers.minimum(), layers.multiply()].map(
      (layer) => layer.apply([seen, known]) as tf.SymbolicTensor,
    );
    const joined = layers.concatenate().apply([...parts, state]);
    const torque = layers.dense({ units: 2, name: "torque" }).apply(joined) as tf.SymbolicTensor;
    const value = layers.dense({ units: 1, name: "value" }).apply(joined) as tf.SymbolicTensor;
    return tf.model({ inputs: [image, state], outputs: [torque, value] });
  },
  sequence: () =>
    tf.sequential({
      layers: [
        layers.conv1d({
          inputShape: [12, 3],
          filters: 4,
          kernelSize: 3,
          padding: "same",

          activation: "relu",
        }),
        layers.maxPooling1d({ poolSize: 2 }),
        layers.conv1d({ filters: 5, kernelSize: 2, strides: 2 }),
        layers.layerNormalization({ epsilon: 1e-3 }),
        layers.averagePooling1d({ poolSize: 2, strides: 1 }),
        layers.globalAveragePooling1d(),
        layers.dense({ units: 2 }),
      ],
    }),
  memory: () =>
    tf.sequential({
      layers: [
        layers.lstm({
          inputShape: [6, 4],
          units: 5,
          returnSequences: true,
          recurrentActivation: "sigmoid",
          recurrentInitializer: "zeros",
        }),
        layers.gru({ units: 4, returnSequences: true, recurrentInitializer: "zeros" }),
        layers.simpleRNN({ units: 4, goBackwards: true, recurrentInitializer: "zeros" }),
        layers.dense({ units: 3 }),
      ],
    }),
  enlarged: () =>
    tf.sequential({
      layers: [
        layers.conv2d({
          inputShape: [7, 6, 2],
          filters: 4,
          kernelSize: [2, 3],
          dilationRate: [1, 2],
          activation: "tanh",
        }),
        layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: "same", activation: "tanh" }),
        layers.upSampling2d({ size: [2, 3] }),
        layers.zeroPadding2d({
          padding: [
            [1, 2],
            [0, 1],
          ],
        }),
        layers.conv2dTranspose({ filters: 2, kernelSize: 4, strides: 3 }),
        layers.cropping2D({
          cropping: [
            [2, 1],
            [3, 0],
          ],
        }),
        layers.upSampling2d({ size: [2, 2], interpolation: "bilinear" as never }),
        layers.flatten(),
        layers.dense({ units: 2 }),
      ],
    }),
  words: () => {
    const tokens = tf.input({ shape: [5], name: "tokens", dtype: "int32" });
    const state = tf.input({ shape: [4], name: "state" });
    const rows = layers.embedding({ inputDim: 11, outputDim: 4 }).apply(tokens);
    const read = layers.globalAveragePooling1d().apply(rows) as tf.SymbolicTensor;
    const near = layers.dot({ axes: 1 }).apply([read, state]) as tf.SymbolicTensor;
    const joined = layers.concatenate({ axis: -1 }).apply([read, near, state]);
    return tf.model({
      inputs: [tokens, state],
      outputs: layers.dense({ units: 2 }).apply(joined) as tf.SymbolicTensor,
    });
  },
  nested: () => {
    const inner = tf.sequential({
      name: "inner",
      layers: [layers.dense({ units: 6, inputShape: [4], activation: "relu" }), layers.dense({ units: 4 })],
    });
    const input = tf.input({ shape: [4], name: "x" });
    const twice = inner.apply(inner.apply(input)) as tf.SymbolicTensor;
    return tf.model({ inputs: input, outputs: layers.dense({ units: 2 }).apply(twice) as tf.SymbolicTensor });
  },
  arranged: () =>
    tf.sequential({
      layers: [
        layers.dense({ units: 6, inputShape: [5] }),
        layers.prelu({}),
        layers.repeatVector({ n: 4 }),
        layers.permute({ dims: [2, 1] }),
        layers.reshape({ targetShape: [3, 8] }),
        layers.thresholdedReLU({ theta: 0.1 }),
        layers.elu({ alpha: 1 }),
        layers.reLU({ maxValue: 3 }),
        layers.softmax({ axis: -1 }),
        layers.flatten(),
        layers.dense({ units: 2 }),
      ],
    }),
};
