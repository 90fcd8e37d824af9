import { int64 } from "./build.js";
import type { Attributes, Value } from "./value.js";

export interface NodeForm {
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
}

/** Moves an attribute of old operator sets to the input where opset 18 has it. */
function attributeToInput({ inputs, attributes }: NodeForm, name: string, position: number): NodeForm {
  const { [name]: value, ...rest } = attributes;
  if (value === undefined) return { inputs, attributes };
  const extended = [...inputs];
  while (extended.length < position) extended.push(undefined);
  extended[position] = int64(value as readonly number[]);
  return { inputs: extended, attributes: rest };
}

const axesToInput = (form: NodeForm) => attributeToInput(form, "axes", 1);

/** Forms that operator sets 13 to 17 write differently from 18. */
const UPGRADE: Readonly<Record<string, (form: NodeForm, outputs: number) => NodeForm>> = {
  ReduceMean: axesToInput,
  ReduceMax: axesToInput,
  ReduceSum: axesToInput,
  Squeeze: axesToInput,
  Unsqueeze: axesToInput,
  Split: (form, outputs) => {
    const { inputs, attributes } = attributeToInput(form, "split", 1);
    return inputs[1] ? { inputs, attributes } : { inputs, attributes: { num_outputs: outputs, ...attributes } };
  },
};

/** The opset-18 form of a node with that many outputs, read from any supported operator set. */
export const upgrade = (op: string, form: NodeForm, outputs: number): NodeForm => UPGRADE[op]?.(form, outputs) ?? form;
