import { writeModel } from "../../graph/onnx-write.js";
import { DEVIATION } from "../network/deviation.js";
import { type ActorCritic, observedInputs, valuesOf } from "./network.js";

/** The network that acts in a training: parameters and an observation in, `policy` and `value` out. */
export function actingModel(network: ActorCritic, batch: number): Uint8Array {
  const observed = observedInputs(network, batch);
  const parameters = network.layout.inputs("whole");
  const used = Object.entries(parameters).filter(([name]) => name !== DEVIATION);
  const { policy, value } = network.outputs(parameters, observed);
  return writeModel({
    name: "acting",
    inputs: new Map([...used, ...valuesOf(observed).map((input) => [input.name!, input] as const)]),
    outputs: new Map(Object.entries({ policy, value })),
    metadata: new Map(),
    opset: 18,
  });
}
