import fc from "fast-check";
import { failed } from "../failed.js";
import { kind } from "../kind.js";
import { inspected } from "./inspected.js";
import { MEASURED_METHODS, measured } from "./measure.js";
import { type PolicyCase, policyCases, policyOfCase } from "./policy.js";

/** Rounding of float32 in networks of this depth. */
const TOLERANCE = 2e-4;
/** The Explainer flags a residual above it. */
const CONSERVED = 1e-3;
/** Error of a difference of two steps. */
const SLOPE = 2e-2;

interface NetworkCase {
  readonly policy: PolicyCase;
  readonly method: string;
}

/**
 * A random policy in any operator set, and one method: what is read, written and compiled commands the torque of the
 * untouched file; gradients are slopes of the untouched file; relevance is finite; methods that conserve do, or name the
 * nodes where they do not.
 */
export const networks = kind<NetworkCase>({
  name: "networks",
  about: "random ONNX policies, each with one method, against the untouched file in onnxruntime",
  cases: fc.record({ policy: policyCases, method: fc.constantFrom(...MEASURED_METHODS) }),
  holds: async ({ policy, method }) => {
    const random = policyOfCase(policy);
    const { written, refusal, rules, torque, infinite, residual = 0, slope = 0 } = await measured(random, method);
    if (written > TOLERANCE) failed(`the torque of the file written again differs by ${written}`);
    if (refusal !== undefined) return refused(method, refusal);
    if (torque > TOLERANCE) failed(`the torque of the file compiled with ${method} differs by ${torque}`);
    if (infinite.length > 0) failed(`${infinite} of ${method} is not finite`);
    if (residual > CONSERVED) failed(`${method} loses ${residual} of the relevance and names no node`);
    if (slope > SLOPE) failed(`the gradient differs from the torques' slope by ${slope}`);
    await inspected(random, method, rules);
    return method;
  },
});

/** A refusal names the node, or what the method did not find, in one line. */
function refused(method: string, refusal: string): string {
  const isClear = /^(node "|method )[^\n]+; (methods that work here: |no other method works either)/.test(refusal);
  return isClear ? `${method} refuses` : failed(`a refusal that names neither node nor method: ${refusal}`);
}
