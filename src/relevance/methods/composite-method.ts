import type { Node, Value } from "../../graph/value.js";
import { parseYaml } from "../../yaml/parse.js";
import type { Analysis, Network } from "../contract/facts.js";
import type { Method } from "../contract/method.js";
import type { Row } from "../contract/rules.js";
import { nodesOf } from "../network/layer-nodes.js";
import { positive } from "../rules/operator/positive.js";
import { signed } from "../rules/operator/signed.js";
import { withSoftArgmax } from "../rules/operator/soft-argmax.js";
import { followed } from "../tiles/followed.js";
import { type CompositeTable, compositeSchema, type TableRow } from "./composite-schema.js";
import { RULE_BOOK } from "./rule-book.js";
import { isFirst, isOutput, STABILISER } from "./shared.js";

/**
 * A user's own method: first-match rows of rules for linear layers, and an operator table (docs/methods.md §3).
 * @param text YAML
 * @param source the file's name, in messages and as the method's spec
 * @throws InputError for an invalid table, naming the key path
 */
export function compositeMethod(text: string, source: string): Method {
  const table = parseYaml(text, source, compositeSchema);
  const rows = [...table.rows, fallback(table)].map(rowOf);
  const rules = table.rows.map(({ rule }) => RULE_BOOK[rule]);
  const linear = rules.every((rule) => rule.linear);
  const operators = withSoftArgmax(table.soft_argmax, OPERATORS[table.operators], STABILISER);
  const conserves =
    table.operators === "positive" && table.soft_argmax !== "gradient" && rows.every(({ loses }) => !loses);
  return {
    name: table.name,
    spec: source,
    origin: { table: text, source },
    title: `composite table of ${source}`,
    cite: source,
    conserves,
    linear,
    contrasts: table.operators === "signed",
    attribute: (network) => ({
      ...followed(network, {
        seed: table.seed ?? SEEDS[table.operators],
        rows,
        operators,
        linear,
        positive: conserves,
        tellsConstants: true,
      }),
      warnings: unmatched(network, table, rows, source),
    }),
  };
}

const OPERATORS = { positive, signed: signed({ epsilon: STABILISER, bias: "absorb" }) };
const SEEDS = { positive: "torque", signed: "size" } as const;

/** The rule of layers that no row matches: the operator table's own. */
const fallback = ({ operators }: CompositeTable): TableRow =>
  operators === "positive" ? { rule: "eq2" } : { rule: "epsilon", epsilon: STABILISER, bias: "absorb" };

function rowOf(row: TableRow): Row {
  const named = row.name === undefined ? undefined : new RegExp(row.name);
  const when: Row["when"] = (layer, context) =>
    (row.kind === undefined || [row.kind].flat().includes(layer.kind)) &&
    (row.position === undefined || [row.position].flat().some((position) => POSITIONS[position](layer, context))) &&
    (row.operator === undefined ||
      nodesOf(layer, context.analysis).some(({ op }) => [row.operator].flat().includes(op))) &&
    (named === undefined || nodesOf(layer, context.analysis).some(({ label }) => named.test(label)));
  return { name: row.rule, ...RULE_BOOK[row.rule].make(row), when };
}

const POSITIONS: Readonly<Record<"first" | "bounded" | "hidden" | "output", Row["when"]>> = {
  first: (layer, { analysis }) => !isBehindLayer(layer.input, analysis),
  bounded: isFirst,
  hidden: (layer, context) => !isOutput(layer, context) && isBehindLayer(layer.input, context.analysis),
  output: isOutput,
};

/** Returns true if a value depends on a linear layer. */
function isBehindLayer(value: Value, analysis: Analysis): boolean {
  const seen = new Set<Node>();
  const found = (node: Node): boolean => {
    if (seen.has(node) || !node.outputs.some((output) => analysis.isDependent(output))) return false;
    seen.add(node);
    return analysis.layer(node) !== undefined || node.inputs.some((input) => input && found(input.node));
  };
  return found(value.node);
}

/** One line per row that matches no layer of the network. */
function unmatched({ context }: Network, { rows: tableRows }: CompositeTable, rows: readonly Row[], source: string) {
  const matched = new Set<Row>();
  const folded = new Set<Node>();
  for (const node of [...context.analysis.order].reverse()) {
    const layer = folded.has(node) ? undefined : context.analysis.layer(node);
    if (!layer) continue;
    for (const part of nodesOf(layer, context.analysis)) folded.add(part);
    const row = rows.find(({ when }) => when(layer, context));
    if (row) matched.add(row);
  }
  return tableRows.flatMap((row, i) =>
    matched.has(rows[i]!) ? [] : [`${source}: rows[${i}] (${described(row)}) matches no layer`],
  );
}

const described = ({ rule, operator, name, position, kind }: TableRow): string =>
  [
    ...Object.entries({ operator, name, position, kind }).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key}: ${[value].flat().join(" or ")}`],
    ),
    `rule: ${rule}`,
  ].join(", ");
