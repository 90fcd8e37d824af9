import type { SavedWeight } from "./saved.js";

/** An attribute as a TensorFlow graph in JSON has it. */
const type = (name = "DT_FLOAT") => ({ type: name });
const shape = (...dims: number[]) => ({ shape: { dim: dims.map((size) => ({ size: String(size) })) } });
const ints = (...i: number[]) => ({ list: { i: i.map(String) } });
const text = (s: string) => ({ s: Buffer.from(s).toString("base64") });
const texts = (...list: string[]) => ({ list: { s: list.map((s) => Buffer.from(s).toString("base64")) } });
const flag = (b: boolean) => ({ b });
const float = (f: number) => ({ f });
const int = (i: number) => ({ i: String(i) });

interface GraphNetwork {
  readonly topology: object;
  readonly signature: object;
  readonly weights: readonly SavedWeight[];
  readonly inputs: Readonly<Record<string, readonly number[]>>;
}

type Attributes = Readonly<Record<string, object>>;

/** Writes a graph node by node; names of nodes are their numbers where none is given. */
class Sketch {
  readonly #nodes: object[] = [];
  readonly #weights: SavedWeight[] = [];
  readonly #inputs: Record<string, readonly number[]> = {};
  #seed = 7;

  input(name: string, ...dims: number[]): string {
    this.#inputs[name] = dims;
    return this.node("Placeholder", [], { dtype: type(), shape: shape(-1, ...dims.slice(1)) }, name);
  }

  weight(...dims: number[]): string {
    return this.#constant(
      dims,
      this.#random(
        dims.reduce((a, b) => a * b, 1),
        0.5,
      ),
    );
  }

  positive(...dims: number[]): string {
    const values = this.#random(
      dims.reduce((a, b) => a * b, 1),
      0.5,
    );
    return this.#constant(
      dims,
      values.map((value) => Math.abs(value) + 0.5),
    );
  }

  numbers(values: number | readonly number[]): string {
    const list = [values].flat();
    return this.#constant(typeof values === "number" ? [] : [list.length], list, "int32");
  }

  matrix(rows: readonly (readonly number[])[]): string {
    return this.#constant([rows.length, rows[0]!.length], rows.flat(), "int32");
  }

  float(value: number): string {
    return this.#constant([], [value]);
  }

  node(op: string, input: readonly string[], attr: Attributes = {}, name = `n${this.#nodes.length}`): string {
    this.#nodes.push({ name, op, input, attr: { T: type(), ...attr } });
    return name;
  }

  end(...outputs: string[]): GraphNetwork {
    const named = (names: readonly string[]) =>
      Object.fromEntries(
        names.map((name, i) => [`key_${i}`, { name: name.includes(":") ? name : `${name}:0`, dtype: "DT_FLOAT" }]),
      );
    const signature = { inputs: named(Object.keys(this.#inputs)), outputs: named(outputs) };
    const topology = { node: this.#nodes, library: {}, versions: { producer: 1 } };
    return { topology, signature, weights: this.#weights, inputs: this.#inputs };
  }

  #constant(dims: readonly number[], values: readonly number[], dtype: "float32" | "int32" = "float32"): string {
    const name = this.node("Const", [], { dtype: type(dtype === "int32" ? "DT_INT32" : "DT_FLOAT") });
    this.#weights.push({ name, shape: dims, values, dtype });
    return name;
  }

  #random(count: number, scale: number): number[] {
    return Array.from({ length: count }, () => {
      this.#seed = (this.#seed * 16807) % 2147483647;
      return scale * ((2 * this.#seed) / 2147483647 - 1);
    });
  }
}

const nhwc = { data_format: text("NHWC") };
const windows = (stride: number, padding: string) => ({
  ...nhwc,
  strides: ints(1, stride, stride, 1),
  dilations: ints(1, 1, 1, 1),
  padding: text(padding),
});
const onWindow = (kernel: number, stride: number, padding: string) => ({
  ...windows(stride, padding),
  ksize: ints(1, kernel, kernel, 1),
});

/** Small networks of the Graph format, by what they have. */
export const GRAPH_NETWORKS: Readonly<Record<string, () => GraphNetwork>> = {
  "fused products": () => {
    const g = new Sketch();
    const x = g.input("x", 1, 6);
    const a = g.node("_FusedMatMul", [x, g.weight(6, 8), g.weight(8)], {
      num_args: int(1),
      fused_ops: texts("BiasAdd", "Relu"),
    });
    const b = g.node("_FusedMatMul", [a, g.weight(8, 8), g.weight(8)], {
      num_args: int(1),
      fused_ops: texts("BiasAdd", "Elu"),
    });
    const c = g.node("MatMul", [b, g.weight(3, 8)], { transpose_b: flag(true), transpose_a: flag(false) });
    return g.end(g.node("Identity", [g.node("BiasAdd", [c, g.weight(3)])]));
  },
  "fused convolutions": () => {
    const g = new Sketch();
    const x = g.input("image", 1, 9, 8, 3);
    const a = g.node("_FusedConv2D", [x, g.weight(3, 3, 3, 4), g.weight(4)], {
      ...windows(2, "SAME"),
      num_args: int(1),
      fused_ops: texts("BiasAdd", "Relu6"),
    });
    const b = g.node("FusedDepthwiseConv2dNative", [a, g.weight(3, 3, 4, 2), g.weight(8)], {
      ...windows(1, "SAME"),
      num_args: int(1),
      fused_ops: texts("BiasAdd", "Relu"),
    });
    const c = g.node("_FusedConv2D", [b, g.weight(2, 2, 8, 5), g.weight(5), g.weight(5)], {
      ...windows(1, "VALID"),
      num_args: int(2),
      fused_ops: texts("BiasAdd", "Prelu"),
    });
    const mean = g.node("Mean", [c, g.numbers([1, 2])], { keep_dims: flag(false) });
    return g.end(g.node("MatMul", [mean, g.weight(5, 2)]));
  },
  "convolutions in parts": () => {
    const g = new Sketch();
    const x = g.input("image", 1, 8, 8, 2);
    const a = g.node("BiasAdd", [g.node("Conv2D", [x, g.weight(3, 3, 2, 4)], windows(1, "SAME")), g.weight(4)]);
    const statistics = [g.positive(4), g.weight(4), g.weight(4), g.positive(4)];
    const b = g.node("FusedBatchNormV3", [g.node("Relu", [a]), ...statistics], {
      ...nhwc,
      epsilon: float(0.001),
      is_training: flag(false),
    });
    const c = g.node("LeakyRelu", [b], { alpha: float(0.1) });
    const d = g.node("MaxPool", [c], onWindow(2, 2, "VALID"));
    const e = g.node("DepthwiseConv2dNative", [d, g.weight(3, 3, 4, 1)], windows(1, "SAME"));
    const f = g.node("AvgPool", [g.node("AddV2", [d, e])], onWindow(3, 2, "SAME"));
    const flat = g.node("Reshape", [f, g.numbers([1, -1])]);
    return g.end(g.node("MatMul", [flat, g.weight(16, 3)]));
  },
  "attention over tokens": () => {
    const g = new Sketch();
    const x = g.input("tokens", 1, 5, 6);
    const mean = g.node("Mean", [x, g.numbers([2])], { keep_dims: flag(true) });
    const spread = g.node("Mean", [g.node("SquaredDifference", [x, mean]), g.numbers([-1])], { keep_dims: flag(true) });
    const root = g.node("Rsqrt", [g.node("AddV2", [spread, g.float(0.001)])]);
    const normal = g.node("Mul", [g.node("Sub", [x, mean]), root]);
    const [q, k, v] = [0, 1, 2].map(() => g.node("BatchMatMulV2", [normal, g.weight(1, 6, 6)])) as [
      string,
      string,
      string,
    ];
    const scores = g.node("BatchMatMulV2", [q, k], { adj_x: flag(false), adj_y: flag(true) });
    const weights = g.node("Softmax", [g.node("RealDiv", [scores, g.float(2.4)])]);
    const read = g.node("BatchMatMulV2", [weights, v]);
    const turned = g.node("Transpose", [g.node("AddV2", [read, x]), g.numbers([0, 2, 1])]);
    const first = g.node("Max", [turned, g.numbers([2])], { keep_dims: flag(false) });
    return g.end(g.node("Tanh", [g.node("MatMul", [first, g.weight(6, 2)])]));
  },
  "shapes at run time": () => {
    const g = new Sketch();
    const x = g.input("x", 1, 4, 6);
    const whole = g.node("Shape", [x], { out_type: type("DT_INT32") });
    const batch = g.node("StridedSlice", [whole, g.numbers([0]), g.numbers([1]), g.numbers([1])], {
      T: type("DT_INT32"),
      begin_mask: int(0),
      end_mask: int(0),
      ellipsis_mask: int(0),
      new_axis_mask: int(0),
      shrink_axis_mask: int(1),
    });
    const target = g.node("Pack", [batch, g.numbers(24)], { axis: int(0), N: int(2), T: type("DT_INT32") });
    const flat = g.node("Reshape", [x, target]);
    return g.end(g.node("Sigmoid", [g.node("MatMul", [flat, g.weight(24, 3)])]));
  },
  "parts and joints": () => {
    const g = new Sketch();
    const x = g.input("x", 1, 4, 6);
    const halves = g.node("Split", [g.numbers(2), x], { num_split: int(2) });
    const rows = g.node("Unpack", [halves], { num: int(4), axis: int(1) });
    const packed = g.node("Pack", [rows, `${rows}:2`], { axis: int(1), N: int(2) });
    const cut = g.node(
      "StridedSlice",
      [`${halves}:1`, g.numbers([0, 1, 0]), g.numbers([0, 4, 3]), g.numbers([1, 2, 1])],
      {
        begin_mask: int(1),
        end_mask: int(1),
        ellipsis_mask: int(0),
        new_axis_mask: int(0),
        shrink_axis_mask: int(0),
      },
    );
    const joined = g.node("ConcatV2", [packed, cut, g.numbers(-1)], { N: int(2) });
    const sized = g.node("SplitV", [joined, g.numbers([4, 2]), g.numbers(2)], { num_split: int(2) });
    const part = g.node("Slice", [`${sized}:0`, g.numbers([0, 0, 1]), g.numbers([-1, 2, 3])]);
    const lifted = g.node("ExpandDims", [part, g.numbers(1)]);
    const padded = g.node("PadV2", [
      lifted,
      g.matrix([
        [0, 0],
        [0, 1],
        [1, 0],
        [0, 0],
      ]),
      g.float(0.3),
    ]);
    const tiled = g.node("Tile", [padded, g.numbers([1, 1, 2, 1])]);
    const even = g.node("Pad", [
      tiled,
      g.matrix([
        [0, 0],
        [1, 0],
        [0, 1],
        [0, 0],
      ]),
    ]);
    const summed = g.node("Sum", [even, g.numbers([1])], { keep_dims: flag(true) });
    const bare = g.node("Squeeze", [summed], { squeeze_dims: ints(1) });
    return g.end(g.node("Reshape", [bare, g.numbers([1, -1])]), g.node("Identity", [`${sized}:1`]));
  },
  "images of other sizes": () => {
    const g = new Sketch();
    const x = g.input("image", 1, 6, 5, 2);
    const a = g.node("ResizeBilinear", [x, g.numbers([9, 11])], {
      align_corners: flag(false),
      half_pixel_centers: flag(true),
    });
    const b = g.node("ResizeBilinear", [a, g.numbers([5, 4])], {
      align_corners: flag(true),
      half_pixel_centers: flag(false),
    });
    const c = g.node("ResizeNearestNeighbor", [b, g.numbers([10, 8])], {
      align_corners: flag(false),
      half_pixel_centers: flag(false),
    });
    const d = g.node("Conv2D", [c, g.weight(3, 3, 2, 3)], windows(2, "VALID"));
    return g.end(g.node("Min", [d, g.numbers([1, 2])], { keep_dims: flag(false) }));
  },
  "a convolution turned round": () => {
    const g = new Sketch();
    const x = g.input("image", 1, 4, 5, 3);
    const a = g.node("Conv2DBackpropInput", [g.numbers([1, 8, 10, 4]), g.weight(3, 3, 4, 3), x], windows(2, "SAME"));
    const b = g.node("Conv2D", [g.node("Elu", [a]), g.weight(3, 3, 4, 2)], {
      ...windows(1, "EXPLICIT"),
      explicit_paddings: ints(0, 0, 1, 0, 0, 2, 0, 0),
    });
    return g.end(g.node("Mean", [b, g.numbers([1, 2])], { keep_dims: flag(false) }));
  },
  "curves and choices": () => {
    const g = new Sketch();
    const x = g.input("x", 1, 7);
    const size = g.node("AddV2", [g.node("Abs", [x]), g.float(0.5)]);
    const all = [
      g.node("Log", [size]),
      g.node("Sqrt", [size]),
      g.node("Exp", [g.node("Neg", [size])]),
      g.node("Square", [x]),
      g.node("Sin", [x]),
      g.node("Cos", [x]),
      g.node("Softplus", [x]),
      g.node("Selu", [x]),
      g.node("Reciprocal", [size]),
      g.node("Pow", [size, g.float(1.5)]),
      g.node("Erf", [x]),
      g.node("Maximum", [x, g.float(0.1)]),
      g.node("Minimum", [x, g.weight(7)]),
      g.node("ClipByValue", [x, g.float(-0.4), g.float(0.4)]),
      g.node("SelectV2", [g.node("Greater", [x, g.float(0)]), x, g.node("ZerosLike", [x])]),
    ];
    const total = g.node("AddN", all, { N: int(all.length) });
    return g.end(g.node("LogSoftmax", [g.node("MatMul", [total, g.weight(7, 4)])]));
  },
  "rows by number": () => {
    const g = new Sketch();
    const x = g.input("x", 1, 5);
    const table = g.node("GatherV2", [g.weight(9, 4), g.numbers([3, 0, 8]), g.numbers(0)], {
      Tindices: type("DT_INT32"),
    });
    const mixed = g.node("MatMul", [g.node("Prelu", [x, g.weight(5)]), g.weight(5, 3)]);
    const read = g.node("MatMul", [mixed, table]);
    const ones = g.node("Fill", [g.numbers([1, 4]), g.float(0.25)]);
    const steps = g.node("Cast", [g.node("Range", [g.numbers(0), g.numbers(4), g.numbers(1)])], {
      SrcT: type("DT_INT32"),
      DstT: type(),
    });
    const moved = g.node("Mul", [g.node("Add", [read, ones]), g.node("OnesLike", [steps])]);
    return g.end(g.node("IdentityN", [moved], { T: { list: { type: ["DT_FLOAT"] } } }));
  },
};
