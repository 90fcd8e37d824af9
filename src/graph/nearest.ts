import { own } from "../own.js";

/** For operators that are not read: what can be read in their place. */
const NEAREST: Readonly<Record<string, string>> = {
  If: "a condition that is known beforehand, or Where",
  Loop: "its steps written out one after another",
  Scan: "its steps written out one after another",
  GridSample: "Resize, or Gather at constant places",
  AffineGrid: "constant places",
  RoiAlign: "Slice and Resize",
  NonMaxSuppression: "TopK",
  CumProd: "ReduceProd",
  BitCast: "Cast",
  TensorScatter: "ScatterElements",
  RotaryEmbedding: "its Mul, Concat and Add written out",
  GlobalLpPool: "ReduceL2",
  LpPool: "AveragePool",
  LpNormalization: "ReduceL2 and Div",
  MeanVarianceNormalization: "InstanceNormalization",
  LRN: "BatchNormalization",
  Hardmax: "ArgMax and OneHot",
  Det: "its products written out",
  DFT: "MatMul with the transform's matrix",
  STFT: "Conv with the transform's matrix",
  MaxUnpool: "ConvTranspose or Resize",
  MaxRoiPool: "Slice and MaxPool",
  DeformConv: "Conv",
  RandomNormal: "an input with the noise",
  RandomNormalLike: "an input with the noise",
  RandomUniform: "an input with the noise",
  RandomUniformLike: "an input with the noise",
  Multinomial: "the probabilities as output",
  Bernoulli: "the probabilities as output",
  Compress: "Gather at constant places",
  Unique: "TopK",
  StringNormalizer: "token numbers as input",
  TfIdfVectorizer: "token numbers as input",
  SequenceConstruct: "Concat",
  ConcatFromSequence: "Concat",
  SplitToSequence: "Split",
  SequenceAt: "Split",
  ImageDecoder: "the decoded image as input",
  QLinearReduceMean: "QuantizeLinear and DequantizeLinear around ReduceMean",
  GroupQueryAttention: "Attention of operator set 23",
  GroupNorm: "GroupNormalization",
  BiasSplitGelu: "Split, Gelu and Mul",
  ReorderInput: "the file before onnxruntime's optimiser, or with optimisations up to ORT_ENABLE_EXTENDED",
  ReorderOutput: "the file before onnxruntime's optimiser, or with optimisations up to ORT_ENABLE_EXTENDED",
  NhwcFusedConv: "the file before onnxruntime's optimiser, or with optimisations up to ORT_ENABLE_EXTENDED",
};

/** The end of a message on an operator that is not read: what can be read in its place, empty where nothing comes near. */
export function nearestTo(op: string): string {
  const nearest = own(NEAREST, op);
  return nearest === undefined ? "" : `; nearest that is read: ${nearest}`;
}
