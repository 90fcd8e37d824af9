// Compares every method with other implementations: `npm run conformance` prints the table and writes docs/conformance.md.
import { InputError } from "#src/errors.js";
import { measure, pairs } from "./conformance-pairs.js";
import { largest, rounded, TOLERANCE, table, writeSections } from "./conformance-table.js";

/** { network, spec, source, error, residual } of each pair; { …, missing } with the reason if it cannot run. */
async function results() {
  const found = [];
  for (const pair of pairs()) {
    if (!pair.exists) found.push({ ...pair, missing: "no such method yet" });
    else
      try {
        found.push({ ...pair, ...(await measure(pair.network, pair.spec)) });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        found.push({ ...pair, missing: error.message });
      }
  }
  return found;
}

const unique = (values) => [...new Set(values)];

/** One row per method. */
function summary(found) {
  const rows = unique(found.map(({ spec }) => spec))
    .sort()
    .map((spec) => {
      const all = found.filter((result) => result.spec === spec);
      const ran = all.filter(({ missing }) => missing === undefined);
      const agree = ran.filter(({ error }) => error < TOLERANCE);
      const figures = ran.length > 0 ? [ran.map(({ error }) => error), ran.map(({ residual }) => residual)] : [];
      return [
        `\`${spec}\``,
        unique(all.map(({ source }) => source)).join("; "),
        `${agree.length} of ${all.length}`,
        ...(figures.length > 0 ? figures.map((values) => rounded(largest(values))) : ["", ""]),
      ];
    });
  return table(["method", "reference", "networks that agree", "largest error", "largest residual"], rows);
}

/** One row per pair. */
const details = (found) =>
  table(
    ["network", "method", "agrees with", "error", "residual"],
    found.map(({ network, spec, source, error, residual, missing }) => [
      network,
      `\`${spec}\``,
      missing === undefined ? (error < TOLERANCE ? source : `**differs** from ${source}`) : `not run: ${missing}`,
      missing === undefined ? rounded(error) : "",
      missing === undefined ? rounded(residual) : "",
    ]),
  );

const found = await results();
const sections = { summary: summary(found), details: details(found.filter(({ exists }) => exists)) };
writeSections(sections);
console.log(sections.summary);
const differing = found.filter(({ error }) => error !== undefined && !(error < TOLERANCE));
for (const { network, spec, error, at } of differing) console.error(`differs: ${network} ${spec} ${error} in ${at}`);
process.exitCode = differing.length > 0 ? 1 : 0;
