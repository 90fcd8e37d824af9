import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { apply, applyNode } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { compile } from "#src/relevance/compile.js";
import { compositeMethod } from "#src/relevance/methods/composite-method.js";
import { methodNamed } from "#src/relevance/methods.js";
import { relativeError } from "../../evaluate.js";
import { netA, netB } from "../../golden.js";
import { configuration, dense, explain, image, observation, subjectOf, weights } from "../subjects.js";

const HEAD = "torquelens_composite: 1\nname: mine\n";
const SIGNED = `${HEAD}operators: signed\n`;
const POSITIVE = `${HEAD}operators: positive\n`;

/** A convolution, a mean, two dense layers beside a configuration. */
function policy() {
  const [picture, x] = [image(), configuration()];
  const conv = (input: typeof picture, shape: number[], seed: number, name: string) =>
    b.relu(applyNode("Conv", [input, weights(shape, seed)], {}, { name }).outputs[0]!);
  const maps = conv(conv(picture, [3, 3, 3, 3], 1, "trunk/first"), [4, 3, 2, 2], 2, "trunk/second");
  const features = b.reshape(apply("GlobalAveragePool", [maps]), [1, 4]);
  const joined = b.concat([features, x], 1);
  const hidden = b.relu(b.add(dense(joined, 5, 3), weights([5], 4)));
  return subjectOf([picture, x], dense(hidden, 3, 5));
}

const rulesOf = (text: string, subject = policy()) =>
  compile(subject, { method: compositeMethod(text, "mine.yaml") }).rules.flatMap(({ op, rule }) =>
    ["Conv", "GlobalAveragePool", "Gemm", "Add"].includes(op) ? [`${op} ${rule}`] : [],
  );

describe("composite tables", () => {
  const named: Readonly<Record<string, string>> = {
    dtd: `${POSITIVE}rows:
  - {position: output, rule: eq1}
  - {position: bounded, rule: zbox}
  - {rule: eq2}
`,
    "lrp-gamma:gamma=0.5": `${SIGNED}rows:
  - {kind: convolution, rule: gamma, gamma: 0.5}
  - {rule: epsilon, epsilon: 0.000001}
`,
    "lrp-alpha-beta:alpha=1.5,bias=ignore": `${SIGNED}rows:
  - {operator: Conv, rule: alpha-beta, alpha: 1.5, bias: ignore}
  - {rule: epsilon, bias: ignore}
`,
    "epsilon-plus:soft-argmax=winner": `${SIGNED}soft_argmax: winner
rows:
  - {kind: [convolution, transposed convolution], rule: zplus}
`,
    rap: `${POSITIVE}rows:
  - {position: output, rule: rap-influence}
  - {position: bounded, rule: rap-zbox}
  - {rule: rap}
`,
  };
  it.each(Object.entries(named))("reproduce %s exactly", async (spec, text) => {
    const method = compositeMethod(text, "mine.yaml");
    const builtIn = methodNamed(spec);
    expect([method.conserves, method.linear]).toEqual([builtIn.conserves, builtIn.linear]);
    for (const subject of [netA(), netB(), policy()]) {
      const feeds = observation([...subject.graph.inputs.values()]);
      const [mine] = await explain(subject, feeds, { method });
      const [theirs] = await explain(subject, feeds, { method: builtIn });
      for (const [name, values] of Object.entries(theirs!)) expect(mine![name], name).toEqual(values);
    }
  });

  it("the example of the documentation is epsilon-gamma-box", async () => {
    const docs = readFileSync(new URL("../../../docs/methods.md", import.meta.url), "utf8");
    const [, text] = /```yaml\n(torquelens_composite:[^`]*)```/.exec(docs)!;
    const feeds = observation([...netB().graph.inputs.values()]);
    const [mine] = await explain(netB(), feeds, { method: compositeMethod(text!, "docs.yaml") });
    const [theirs] = await explain(netB(), feeds, { method: "epsilon-gamma-box" });
    const name = "torquelens.relevance.image";
    expect(relativeError(mine![name]!, theirs![name]!)).toBe(0);
  });

  it("the first row that matches decides: operator, name, position and kind, all that a row names", () => {
    const rows = (list: string) => rulesOf(`${POSITIVE}rows:\n${list}`);
    expect(rows("  - {rule: flat}\n")).toEqual([
      "Conv flat",
      "Conv flat",
      "GlobalAveragePool flat",
      "Add flat",
      "Gemm flat",
    ]);
    expect(rows("  - {name: 'trunk/s', rule: wsquare}\n  - {operator: Conv, rule: flat}\n  - {rule: eq2}\n")).toEqual([
      "Conv flat",
      "Conv wsquare",
      "GlobalAveragePool eq2",
      "Add eq2",
      "Gemm eq2",
    ]);
    expect(
      rows("  - {kind: [dense, mean], position: hidden, rule: flat}\n  - {position: output, rule: eq1}\n"),
    ).toEqual(["Conv eq2", "Conv eq2", "GlobalAveragePool flat", "Add flat", "Gemm eq1"]);
    expect(rows("  - {position: first, rule: wsquare}\n  - {position: [output, hidden], rule: flat}\n")).toEqual([
      "Conv wsquare",
      "Conv flat",
      "GlobalAveragePool flat",
      "Add flat",
      "Gemm flat",
    ]);
    expect(rows("  - {operator: Gemm, rule: flat}\n")[3]).toBe("Add flat");
  });

  it("layers that no row matches take the operator table's rule", () => {
    const only = "rows:\n  - {kind: mean, rule: flat}\n";
    expect(rulesOf(POSITIVE + only)).toEqual(["Conv eq2", "Conv eq2", "GlobalAveragePool flat", "Add eq2", "Gemm eq2"]);
    expect(rulesOf(SIGNED + only)[0]).toBe("Conv epsilon");
  });

  it("a row that matches nothing is warned of, at every depth", () => {
    const text = `${POSITIVE}rows:\n  - {rule: eq2}\n  - {operator: [Conv, Gemm], name: nobody, rule: flat}\n`;
    for (const depth of ["shares", "heatmap", "full"] as const) {
      const { warnings } = compile(policy(), { method: compositeMethod(text, "mine.yaml"), depth });
      expect(warnings).toEqual([
        "mine.yaml: rows[1] (operator: Conv or Gemm, name: nobody, rule: flat) matches no layer",
      ]);
    }
    const fine = compositeMethod(`${POSITIVE}rows:\n  - {operator: Conv, rule: flat}\n`, "mine.yaml");
    expect(compile(policy(), { method: fine, depth: "shares" }).warnings).toEqual([]);
  });

  it("zB is refused where no range is known, naming the node", () => {
    const method = compositeMethod(`${POSITIVE}rows:\n  - {rule: zbox}\n`, "mine.yaml");
    expect(() => compile(policy(), { method })).toThrow(
      /^node ".*" \(Gemm\): rule zbox: .* expected position: bounded/,
    );
  });

  const RULES = "eq1, eq2, zbox, wsquare, flat, epsilon, gamma, alpha-beta, zplus, rap, rap-influence, rap-zbox";
  const ROWS = `${SIGNED}rows:\n`;
  it.each([
    ["name: x\n", "torquelens_composite: missing, expected 1, the version of the format"],
    [`${HEAD}operators: both\nrows: [{rule: eq2}]\n`, 'operators: found "both", expected positive or signed'],
    [`${SIGNED}`, "rows: missing, expected a list of rows"],
    [`${SIGNED}rows: []\n`, "rows: found [], expected a list of rows"],
    [`${ROWS}  - {rule: lime}\n`, `rows[0].rule: found "lime", expected one of ${RULES}`],
    [`${ROWS}  - {kind: convolution}\n`, `rows[0].rule: missing, expected one of ${RULES}`],
    [`${ROWS}  - {rule: gamma, gamma: 0}\n`, "rows[0].gamma: found 0, expected a number above 0 and at most 1000000"],
    [
      `${ROWS}  - {rule: alpha-beta, alpha: 0.5}\n`,
      "rows[0].alpha: found 0.5, expected a number of at least 1 and at most 1000000",
    ],
    [
      `${ROWS}  - {rule: epsilon, gamma: 1}\n`,
      "rows[0].gamma: unknown key, expected one of rule, operator, name, position, kind, epsilon, bias",
    ],
    [`${ROWS}  - {rule: eq2, name: "("}\n`, 'rows[0].name: found "(", expected a regular expression'],
    [
      `${ROWS}  - {rule: eq2, kind: conv}\n`,
      'rows[0].kind: found "conv", expected one of convolution, transposed convolution, dense, mixture, mean, or a list of them',
    ],
    [
      `${ROWS}  - {rule: eq2, position: [last]}\n`,
      'rows[0].position[0]: found "last", expected one of first, bounded, hidden, output, or a list of them',
    ],
    ["rows: [\n", "not YAML, line 2: "],
  ])("refuses %j", (text, message) => {
    expect(() => compositeMethod(text, "mine.yaml")).toThrow(`mine.yaml: ${message}`);
  });
});
