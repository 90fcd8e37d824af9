import type { Schema } from "./protobuf.js";

/** The part of ONNX's protobuf messages that an inference network uses; field numbers are the standard's. */
export const ONNX: Schema = {
  ModelProto: {
    1: ["irVersion", "int"],
    2: ["producerName", "string"],
    3: ["producerVersion", "string"],
    7: ["graph", "GraphProto"],
    8: ["opsetImport", "OperatorSetIdProto", "repeated"],
    14: ["metadataProps", "StringStringEntryProto", "repeated"],
    25: ["functions", "FunctionProto", "repeated"],
  },
  FunctionProto: {
    1: ["name", "string"],
    4: ["input", "string", "repeated"],
    5: ["output", "string", "repeated"],
    6: ["attribute", "string", "repeated"],
    7: ["node", "NodeProto", "repeated"],
    9: ["opsetImport", "OperatorSetIdProto", "repeated"],
    10: ["domain", "string"],
    11: ["attributeProto", "AttributeProto", "repeated"],
  },
  OperatorSetIdProto: { 1: ["domain", "string"], 2: ["version", "int"] },
  StringStringEntryProto: { 1: ["key", "string"], 2: ["value", "string"] },
  GraphProto: {
    1: ["node", "NodeProto", "repeated"],
    2: ["name", "string"],
    5: ["initializer", "TensorProto", "repeated"],
    11: ["input", "ValueInfoProto", "repeated"],
    12: ["output", "ValueInfoProto", "repeated"],
    15: ["sparseInitializer", "SparseTensorProto", "repeated"],
  },
  SparseTensorProto: {},
  NodeProto: {
    1: ["input", "string", "repeated"],
    2: ["output", "string", "repeated"],
    3: ["name", "string"],
    4: ["opType", "string"],
    5: ["attribute", "AttributeProto", "repeated"],
    7: ["domain", "string"],
  },
  AttributeProto: {
    1: ["name", "string"],
    2: ["f", "float"],
    3: ["i", "int"],
    4: ["s", "bytes"],
    5: ["t", "TensorProto"],
    6: ["g", "GraphProto"],
    7: ["floats", "float", "repeated"],
    8: ["ints", "int", "repeated"],
    9: ["strings", "bytes", "repeated"],
    20: ["type", "int"],
    21: ["refAttrName", "string"],
  },
  TensorProto: {
    1: ["dims", "int", "repeated"],
    2: ["dataType", "int"],
    4: ["floatData", "float", "repeated"],
    5: ["int32Data", "int", "repeated"],
    7: ["int64Data", "int", "repeated"],
    8: ["name", "string"],
    9: ["rawData", "bytes"],
    10: ["doubleData", "double", "repeated"],
    11: ["uint64Data", "int", "repeated"],
    13: ["externalData", "StringStringEntryProto", "repeated"],
    14: ["dataLocation", "int"],
  },
  ValueInfoProto: { 1: ["name", "string"], 2: ["type", "TypeProto"] },
  TypeProto: {
    1: ["tensorType", "TensorTypeProto"],
    4: ["sequenceType", "OpaqueTypeProto"],
    5: ["mapType", "OpaqueTypeProto"],
    9: ["optionalType", "OpaqueTypeProto"],
  },
  OpaqueTypeProto: {},
  TensorTypeProto: { 1: ["elemType", "int"], 2: ["shape", "TensorShapeProto"] },
  TensorShapeProto: { 1: ["dim", "DimensionProto", "repeated"] },
  DimensionProto: { 1: ["dimValue", "int"], 2: ["dimParam", "string"] },
};

/** AttributeProto.AttributeType numbers. */
export const ATTRIBUTE_TYPE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

export interface TensorProto {
  dims: number[];
  dataType?: number;
  floatData: number[];
  int32Data: number[];
  int64Data: number[];
  uint64Data: number[];
  doubleData: number[];
  name?: string;
  rawData?: Uint8Array;
  externalData: { key?: string; value?: string }[];
  dataLocation?: number;
}
export interface AttributeProto {
  name?: string;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats: number[];
  ints: number[];
  strings: Uint8Array[];
  type?: number;
  /** Attribute of the function's call whose value this one takes. */
  refAttrName?: string;
}
export interface NodeProto {
  input: string[];
  output: string[];
  name?: string;
  opType?: string;
  attribute: AttributeProto[];
  domain?: string;
  /** Operator set of the function that the node is from, where it is written out. */
  opset?: number;
}
export interface FunctionProto {
  name?: string;
  input: string[];
  output: string[];
  node: NodeProto[];
  opsetImport: { domain?: string; version?: number }[];
  domain?: string;
  attributeProto: AttributeProto[];
}
export interface ValueInfoProto {
  name?: string;
  type?: { tensorType?: { elemType?: number; shape?: { dim: { dimValue?: number; dimParam?: string }[] } } };
}
export interface GraphProto {
  node: NodeProto[];
  name?: string;
  initializer: TensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  sparseInitializer: unknown[];
}
export interface ModelProto {
  irVersion?: number;
  graph?: GraphProto;
  opsetImport: { domain?: string; version?: number }[];
  metadataProps: { key?: string; value?: string }[];
  functions: FunctionProto[];
}
