// Sweeps every operator with odd parameters, and writes their table in docs/conformance.md.
import { NODES, sweep } from "../test/sweep/sweep.ts";
import { largest, rounded, table, writeSections } from "./conformance-table.js";

const NETWORKS = 6;
const SEED = 3;
const METHODS = ["dtd", "rap", "excitation-backprop", "lrp-epsilon", "gradient", "deeplift"];

const rows = [];
const wrong = [];
for (const op of Object.keys(NODES).sort()) {
  const found = [];
  for await (const each of sweep(op, METHODS, NETWORKS, SEED)) found.push(each);
  wrong.push(...found.filter((each) => each.wrong.length > 0));
  const of = (name) => found.filter(({ method }) => method === name);
  const explained = (name) => of(name).filter(({ refused }) => refused === undefined).length;
  const figure = (name) => {
    const known = found.flatMap(({ figures }) => (figures[name] === undefined ? [] : [figures[name]]));
    return known.length > 0 ? rounded(largest(known)) : "";
  };
  rows.push([
    op,
    `${of("gradient").length}`,
    ...["dtd", "gradient", "deeplift"].map((name) => `${explained(name)}`),
    ...["torque", "slope", "difference", "residual"].map(figure),
    `${of("dtd").filter(({ loses }) => loses !== undefined).length}`,
  ]);
}
const head = [
  "operator",
  "networks",
  "`dtd`",
  "`gradient`",
  "`deeplift`",
  "torque",
  "slope",
  "`deeplift` adds up",
  "residual",
  "`dtd` names a loss",
];
const text = table(head, rows);
writeSections({ operators: text });
console.log(text);
for (const each of wrong)
  console.error(`${each.op} ${each.method}: ${each.wrong.join(", ")}: ${each.network} ${each.refused ?? ""}`);
process.exitCode = wrong.length > 0 ? 1 : 0;
