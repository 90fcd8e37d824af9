import { InputError } from "../errors.js";
import { input } from "../graph/build.js";
import type { Graph } from "../graph/value.js";
import type { Attribution } from "./contract/attribution.js";
import type { Network } from "./contract/facts.js";
import type { Method } from "./contract/method.js";
import type { Subject } from "./contract/subject.js";
import { configure } from "./methods/method-spec.js";
import { METHODS } from "./methods.js";
import { countTorques, ExplainedNetwork } from "./network/network.js";

/** A method's attribution of a network. @throws InputError with the reason and the methods that work instead */
export function attributed(method: Method, network: Network): Attribution {
  try {
    return method.attribute(network);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const working = METHODS.map((entry) => configure(entry, {})).filter((other) => works(other, network));
    const names = working.filter(({ name }) => name !== method.name).map(({ name }) => name);
    throw new InputError(
      `${error.message}; ${names.length > 0 ? `methods that work here: ${names.join(", ")}` : "no other method works either"}`,
    );
  }
}

function works(method: Method, network: Network): boolean {
  try {
    method.attribute(network);
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

const DIFFERENCES = new WeakMap<Graph, boolean>();

/** True where one dense layer makes the logits of a subject's actions, so that a difference of two is one neuron. */
export function hasDifferences(subject: Subject): boolean {
  const { graph } = subject;
  const known = DIFFERENCES.get(graph);
  if (known !== undefined) return known;
  const importance = input("torquelens.importance", "float32", [countTorques(subject)]);
  const found = new ExplainedNetwork(subject, importance, "shares").context.readout !== undefined;
  DIFFERENCES.set(graph, found);
  return found;
}
