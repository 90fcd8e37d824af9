import { InputError } from "../../errors.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import { storeAt } from "../../fleet/store/place.js";
import { fleetFindings } from "../../fleet/survey/fleet-findings.js";
import { fleetJson } from "../../fleet/survey/fleet-json.js";
import { fleetPage } from "../../fleet/survey/page/fleet-page.js";
import { writeOut } from "../../text/terminal.js";
import { conditionsOf } from "../input/conditions.js";
import { fleetText } from "../output/fleet-text.js";
import { warn } from "../output/warnings.js";
import type { ReportOptions } from "./report.js";

/** Options of reports on recordings that have no meaning for a data set. */
const OF_RECORDINGS = ["csv", "parquet", "policy", "card", "names", "by", "outcome", "topic"] as const;

/** Reports on a data set of `torquelens batch`. */
export async function reportDataset(bags: readonly string[], options: ReportOptions): Promise<void> {
  const { dataset, output, json, where, against, moments } = options;
  if (bags.length > 0) throw new InputError(`${bags[0]}: a recording, expected none beside --dataset`);
  const foreign = OF_RECORDINGS.find((name) => options[name] !== undefined);
  if (foreign !== undefined) throw new InputError(`--${foreign}: of reports on recordings, not with --dataset`);
  if (options.event.length > 0) throw new InputError("--event: of reports on recordings, not with --dataset");
  if (output !== undefined) await assertWritable(output);
  const found = await fleetFindings(await storeAt(dataset!), {
    where: conditionsOf("--where", where),
    ...(against && { against: conditionsOf("--against", against) }),
    moments,
  });
  for (const note of found.notes) warn(note);
  if (output !== undefined) await writeAtomically(output, await fleetPage(found));
  if (json) writeOut(`${JSON.stringify(fleetJson(found))}\n`);
  else writeOut(`${fleetText(found)}\n`);
}
