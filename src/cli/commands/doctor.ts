import { basename } from "node:path";
import { datasetIn } from "../../bag/dataset/path.js";
import { openBag } from "../../bag/open-bag.js";
import { examine } from "../../doctor/doctor.js";
import type { Finding, Grade } from "../../doctor/finding.js";
import { Failed } from "../../errors.js";
import type { GivenShapes } from "../../graph/given-shapes.js";
import { readModel } from "../../graph/onnx-read.js";
import { areActions } from "../../outputs/kinds.js";
import { loadPolicy, type Policy } from "../../policy/policy.js";
import { writeOut } from "../../text/terminal.js";
import { foldersOf } from "../input/message-folders.js";
import { columns } from "../output/table.js";

export interface DoctorOptions {
  readonly card?: string;
  readonly shape?: GivenShapes;
  readonly msgPath: readonly string[];
  readonly json?: boolean;
}

/** Words of the grades, as they stand before a line. */
const WORDS: Readonly<Record<Grade, string>> = { good: "good", unknown: "unknown", warning: "warning", fault: "FAULT" };

/** Checks everything that can be checked before a robot is near, and ends with 1 where there is a fault. */
export async function doctor(path: string, bagPath: string | undefined, options: DoctorOptions): Promise<void> {
  const folders = await foldersOf(options);
  const dataset = bagPath === undefined ? undefined : (await datasetIn(bagPath))?.folder;
  const policy = await loadPolicy(path, { card: options.card, shape: options.shape, dataset });
  const bag = bagPath === undefined ? undefined : await openBag(bagPath, folders);
  try {
    const findings = [...aboutFile(policy), ...(await examine(policy, readModel(policy.bytes, policy.path), bag))];
    for (const line of bag?.problems ?? []) findings.push({ check: "recording", grade: "warning", text: line });
    const faults = findings.filter(({ grade }) => grade === "fault").length;
    if (options.json) writeOut(`${JSON.stringify({ policy: policy.path, sha256: policy.sha256, faults, findings })}\n`);
    else writeOut(`${textOf(policy, findings, faults)}\n`);
    if (faults > 0) throw new Failed();
  } finally {
    await bag?.close();
  }
}

function aboutFile({ path, sha256, graph, card, cardSource, cardNotes, modalities, outputs }: Policy): Finding[] {
  const what = areActions(outputs) ? "actions" : "outputs";
  const inputs = modalities.map(({ name, size }) => `${name} (${size})`).join(", ");
  return [
    {
      check: "file",
      grade: "good",
      text: `${basename(path)}, operator set ${graph.opset}, sha256 ${sha256.slice(0, 12)}…`,
    },
    { check: "card", grade: "good", text: `${cardSource}: ${card.name}, ${card.control_period} s` },
    ...(cardNotes ?? []).map((text): Finding => ({ check: "card", grade: "good", text })),
    { check: "shapes", grade: "good", text: `inputs ${inputs}; ${outputs.length} ${what}` },
  ];
}

function textOf({ path }: Policy, findings: readonly Finding[], faults: number): string {
  const rows = findings.map(({ check, grade, text }) => [WORDS[grade], check, text]);
  const warnings = findings.filter(({ grade }) => grade === "warning").length;
  const end =
    faults > 0
      ? `${faults} ${faults === 1 ? "fault" : "faults"}: mend before a robot is near`
      : `no fault${warnings > 0 ? `, ${warnings} ${warnings === 1 ? "warning" : "warnings"}` : ""}`;
  return `${path}\n${columns(rows)}\n${end}`;
}
