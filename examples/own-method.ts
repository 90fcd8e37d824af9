// A method of your own: a table that says which relevance rule each layer takes (docs/methods.md, section 3).
//
//   npx tsx examples/own-method.ts
//
// In a project of your own: ONNXRUNTIME_NODE_INSTALL=skip npm install torquelens tsx, copy this file, and run it the same way. On the command line the
// table is a file: torquelens explain … --method my-rules.yaml
import { compile, compositeMethod, Explainer, loadPolicy, run, shippedPolicy, subjectOf } from "torquelens";
import { loadTask, SimulatedSource } from "torquelens/sim";

const method = compositeMethod(
  `
torquelens_composite: 1
name: gamma-in-convolutions
operators: signed
rows:
  - { position: bounded, rule: zbox }
  - { kind: convolution, rule: gamma, gamma: 0.5 }
  - { rule: epsilon, epsilon: 0.000001, bias: absorb }
`,
  "own-method.ts",
);

const policy = await loadPolicy(shippedPolicy("reacher"));

// The rule that each node of the policy got.
const { rules } = compile(subjectOf(policy), { method });
for (const { node, rule } of rules) console.log(`${node}: ${rule}`);

// Shares by this method beside those by Deep Taylor decomposition, for the same torques.
for (const chosen of ["dtd", method]) {
  const task = await loadTask("reacher", { width: 96, height: 96 });
  const explainer = await Explainer.create(policy, { method: chosen });
  const write = ({ modalities, shares }: { modalities: readonly string[]; shares: Float32Array }) =>
    console.log(modalities.map((modality, m) => `${modality} ${shares[m]!.toFixed(3)}`).join("  "));
  const sink = { write, close: async () => {} };
  await run(new SimulatedSource({ task, ticks: 1, speed: 0 }), explainer, [sink]).finally(() => explainer.close());
}
