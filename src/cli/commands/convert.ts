import { InputError } from "../../errors.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import type { GivenShapes } from "../../graph/given-shapes.js";
import { readBytes } from "../../policy/model-file.js";
import { cardFile, loadModel } from "../../policy/policy.js";
import { tensorsOf } from "../../policy/tensors.js";
import { writeOut } from "../../text/terminal.js";
import { looksLikeJson } from "../../tfjs/model-json.js";
import { tensorsText } from "../output/policy-text.js";

export interface ConvertOptions {
  readonly output: string;
  readonly shape?: GivenShapes;
  readonly json?: boolean;
}

/** Writes a model of TensorFlow.js as ONNX, or an ONNX file with shapes for its inputs. */
export async function convert(path: string, { output, shape, json }: ConvertOptions): Promise<void> {
  await refuseOverwriting([path], [output]);
  const bytes = await readBytes(path);
  if (!looksLikeJson(bytes) && !shape)
    throw new InputError(`${path}: expected the model.json of a TensorFlow.js model, or --shape with an ONNX file`);
  const model = await loadModel(path, bytes, shape);
  await refuseOverwriting([path, ...(model.dataFiles ?? [])], [output]);
  await assertWritable(output);
  await writeAtomically(output, model.bytes);
  if (json) writeOut(`${JSON.stringify({ output, sha256: model.sha256, ...tensorsOf(model.graph) })}\n`);
  else
    writeOut(
      `${output}: ${path} as ONNX\n\n${tensorsText(model)}\n\n` +
        `torquelens inspect --template ${output} -o ${cardFile(output)} writes a policy card to fill in\n`,
    );
}
