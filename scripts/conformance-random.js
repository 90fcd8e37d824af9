// Measures every method on random policies in all operator sets, and writes their table in docs/conformance.md.
import fc from "fast-check";
import { MEASURED_METHODS, measured } from "../test/fuzz/networks/measure.ts";
import { policyCases, policyOfCase } from "../test/fuzz/networks/policy.ts";
import { largest, rounded, table, writeSections } from "./conformance-table.js";

const POLICIES = 60;
const SEED = 14;

const cases = fc.sample(policyCases, { numRuns: POLICIES, seed: SEED });
const rows = [];
for (const method of MEASURED_METHODS) {
  const found = [];
  for (const each of cases) found.push(await measured(policyOfCase(each), method));
  const explained = found.filter(({ refusal }) => refusal === undefined);
  const known = (name) => explained.flatMap(({ [name]: value }) => (value === undefined ? [] : [value]));
  const figure = (values) => (values.length > 0 ? rounded(largest(values)) : "");
  rows.push([
    `\`${method}\``,
    `${explained.length} of ${POLICIES}`,
    figure(explained.map(({ torque }) => torque)),
    `${explained.filter(({ infinite }) => infinite.length > 0).length}`,
    known("residual").length > 0 ? `${figure(known("residual"))} of ${known("residual").length}` : "",
    figure(known("slope")),
  ]);
}
const head = ["method", "explains", "error of the torque", "not finite", "largest residual", "error of the slope"];
const text = table(head, rows);
writeSections({ random: text });
console.log(text);
