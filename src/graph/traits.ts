/**
 * Facts about an operator that hold for every node of it. Rules, signs, ranges and origins are derived from them. A fact
 * that is not given is not known: nothing is derived from it.
 */
import { own } from "../own.js";
export interface Traits {
  /** What the operator computes of its data. */
  readonly form: Form;
  /** Numbers of the inputs that hold data; the others are axes, sizes, indices, conditions, statistics. Default: [0]. */
  readonly data?: readonly number[] | "all";
  /** Set where elements of the data only change their place. */
  readonly moves?: Moves;
  /** True where each output element depends only on the data elements at its own place, after broadcasting. */
  readonly elementwise?: true;
  /** True where each row along the last axis depends only on the same row of the data. */
  readonly rowwise?: true;
  /** Values of every output element: in [0, 1], or at least 0. */
  readonly range?: "unit" | "non-negative";
  /** True where values of any size are kept between two limits, in their order. */
  readonly squashes?: true;
  /** Sign of the output: the one that all data have, its opposite, or the product of the first two inputs' signs. */
  readonly sign?: "kept" | "turned" | "product";
  /** What becomes of height and width: each cell sees a window of the map, or cells can no longer be told apart. */
  readonly map?: "window" | "lost";
  /** Number of the output that holds places, not values. */
  readonly index?: number;
  /** Numbers of the outputs by which others are scaled and shifted: constants for gradients and relevance. */
  readonly statistics?: readonly number[];
  /** True where the constants of a node multiply its data or are added to them: learned weights. */
  readonly weighted?: true;
}

/**
 * - `affine`: linear in all data together, plus a constant
 * - `bilinear`: linear in each of the first two data inputs while the other is fixed
 * - `quotient`: linear in the first input
 * - `curved`: not linear, with a slope
 * - `choice`: one of the elements that are compared
 * - `placed`: elements of one input put among those of another, in their place or combined with them
 * - `rounded`: near its input, without a slope
 * - `flat`: without a slope, and not near its input
 * - `integer`: arithmetic on whole numbers, without a gradient rule
 * - `lowered`: written with other operators when it is read
 * - `source`: an input or a constant
 */
export type Form =
  | "affine"
  | "bilinear"
  | "quotient"
  | "curved"
  | "choice"
  | "placed"
  | "rounded"
  | "flat"
  | "integer"
  | "lowered"
  | "source";

/**
 * - `stay`: every element stays where it is
 * - `reshape`: only the shape changes; the order of elements stays
 * - `permute`: every element once, in another order
 * - `repeat`: every element, some of them several times
 * - `pick`: some elements, some of them several times
 * - `join`: the elements of several inputs
 * - `fill`: elements of the data, and others in between
 */
export type Moves = "stay" | "reshape" | "permute" | "repeat" | "pick" | "join" | "fill";

const moving = (moves: Moves, more: Partial<Traits> = {}): Traits => ({ form: "affine", moves, sign: "kept", ...more });
const curve = (more: Partial<Traits> = {}): Traits => ({ form: "curved", elementwise: true, ...more });
const binary = (form: Form, more: Partial<Traits> = {}): Traits => ({ form, data: [0, 1], elementwise: true, ...more });
const normalisation = (more: Partial<Traits> = {}): Traits => ({ form: "curved", weighted: true, ...more });
const reduction = (form: Form, more: Partial<Traits> = {}): Traits => ({ form, rowwise: true, ...more });
const SOURCE: Traits = { form: "source", data: [] };
const recurrent: Traits = { form: "lowered", weighted: true };

/** A row for every operator that can be read. Adding an operator is adding a row here, a shape rule and a gradient. */
export const TRAITS: Readonly<Record<string, Traits>> = {
  Identity: moving("stay", { elementwise: true }),
  Dropout: moving("stay", { elementwise: true }),
  Cast: moving("stay", { elementwise: true }),
  Reshape: moving("reshape", { map: "lost" }),
  Flatten: moving("reshape", { map: "lost" }),
  Squeeze: moving("reshape"),
  Unsqueeze: moving("reshape"),
  Transpose: moving("permute"),
  DepthToSpace: moving("permute", { map: "lost" }),
  SpaceToDepth: moving("permute", { map: "lost" }),
  Expand: moving("repeat"),
  Tile: moving("repeat", { map: "lost" }),
  Slice: moving("pick"),
  Split: moving("pick"),
  Gather: moving("pick"),
  GatherElements: moving("pick"),
  GatherND: moving("pick"),
  TopK: moving("pick", { form: "choice", index: 1 }),
  Concat: moving("join", { data: "all" }),
  Pad: moving("fill", { data: [0, 2] }),
  Trilu: moving("fill"),
  ScatterElements: { form: "placed", data: [0, 2] },
  ScatterND: { form: "placed", data: [0, 2] },

  Add: binary("affine", { sign: "kept" }),
  Sub: binary("affine"),
  Neg: { form: "affine", elementwise: true, sign: "turned" },
  Mul: binary("bilinear", { sign: "product" }),
  Div: binary("quotient", { sign: "product" }),
  BatchNormalization: { form: "affine", elementwise: true, weighted: true },

  Relu: curve({ range: "non-negative" }),
  LeakyRelu: curve(),
  PRelu: curve({ weighted: true }),
  ThresholdedRelu: curve(),
  Elu: curve(),
  Celu: curve(),
  Selu: curve(),
  Gelu: curve(),
  Mish: curve(),
  HardSwish: curve(),
  Sigmoid: curve({ range: "unit", squashes: true }),
  HardSigmoid: curve({ range: "unit", squashes: true }),
  Tanh: curve({ squashes: true }),
  Softplus: curve(),
  Softsign: curve({ squashes: true }),
  Erf: curve({ squashes: true }),
  QuantizeLinear: curve(),
  DynamicQuantizeLinear: curve({ statistics: [1, 2] }),
  Exp: curve({ range: "non-negative" }),
  Log: curve(),
  Sqrt: curve({ range: "non-negative" }),
  Reciprocal: curve(),
  Abs: curve({ range: "non-negative" }),
  Pow: curve(),
  Clip: curve({ squashes: true }),
  Sin: curve(),
  Cos: curve(),
  Tan: curve(),
  Asin: curve(),
  Acos: curve(),
  Atan: curve({ squashes: true }),
  Sinh: curve(),
  Cosh: curve(),
  Asinh: curve(),
  Acosh: curve(),
  Atanh: curve(),
  Floor: { form: "rounded", elementwise: true },
  Ceil: { form: "rounded", elementwise: true },
  Round: { form: "rounded", elementwise: true },

  Max: { form: "choice", data: "all", elementwise: true, sign: "kept" },
  Min: { form: "choice", data: "all", elementwise: true },
  Where: { form: "choice", data: [1, 2], elementwise: true, sign: "kept" },

  Conv: { form: "bilinear", data: [0, 1], sign: "product", map: "window", weighted: true },
  ConvTranspose: { form: "bilinear", data: [0, 1], map: "lost", weighted: true },
  MatMul: { form: "bilinear", data: [0, 1], rowwise: true, sign: "product", map: "lost", weighted: true },
  // The factors alpha and beta may turn the sign of a product.
  Gemm: { form: "bilinear", data: [0, 1], rowwise: true, map: "lost", weighted: true },

  MaxPool: { form: "choice", sign: "kept", map: "window", index: 1 },
  AveragePool: { form: "affine", sign: "kept", map: "window" },
  GlobalAveragePool: { form: "affine", sign: "kept", map: "lost" },
  Resize: { form: "affine", map: "lost" },
  CumSum: { form: "affine" },

  ReduceSum: reduction("affine", { sign: "kept" }),
  ReduceMean: reduction("affine", { sign: "kept" }),
  ReduceMax: reduction("choice", { sign: "kept" }),
  ReduceMin: reduction("choice"),
  ReduceProd: reduction("curved"),
  ReduceL1: reduction("curved"),
  ReduceL2: reduction("curved"),
  ReduceSumSquare: reduction("curved"),
  ReduceLogSum: reduction("curved"),
  ReduceLogSumExp: reduction("curved"),
  ArgMax: { form: "flat", index: 0 },
  ArgMin: { form: "flat", index: 0 },

  Softmax: { form: "curved", rowwise: true, range: "unit" },
  LogSoftmax: { form: "curved", rowwise: true },
  LayerNormalization: normalisation({ rowwise: true }),
  RMSNormalization: normalisation({ rowwise: true }),
  GroupNormalization: normalisation(),
  InstanceNormalization: normalisation(),

  Sign: { form: "flat", elementwise: true },
  Greater: binary("flat"),
  GreaterOrEqual: binary("flat"),
  Less: binary("flat"),
  LessOrEqual: binary("flat"),
  Equal: binary("flat"),
  And: binary("flat"),
  Or: binary("flat"),
  Xor: binary("flat"),
  Not: { form: "flat", elementwise: true },
  IsNaN: { form: "flat", elementwise: true },
  IsInf: { form: "flat", elementwise: true },
  Shape: { form: "flat" },
  Size: { form: "flat" },
  OneHot: { form: "flat" },
  NonZero: { form: "flat" },
  Range: { form: "flat", data: "all" },

  Mod: binary("integer"),
  BitwiseAnd: binary("integer"),
  BitwiseXor: binary("integer"),
  MatMulInteger: { form: "integer", data: [0, 1], rowwise: true },

  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
  Attention: { form: "lowered", data: [0, 1, 2] },
  DequantizeLinear: { form: "lowered" },
  QLinearConv: { form: "lowered" },
  QLinearMatMul: { form: "lowered" },
  ConvInteger: { form: "lowered" },
  Einsum: { form: "lowered", data: "all" },
  Sum: { form: "lowered", data: "all" },
  Mean: { form: "lowered", data: "all" },
  CastLike: { form: "lowered" },
  Swish: { form: "lowered" },
  GlobalMaxPool: { form: "lowered" },

  Constant: SOURCE,
  ConstantOfShape: SOURCE,
};

/** An operator's facts; a graph's inputs, constants and loops have none. */
export const traitsOf = (op: string): Traits => own(TRAITS, op) ?? SOURCE;
