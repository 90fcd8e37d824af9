import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "@foxglove/rosmsg";
import { MessageWriter } from "@foxglove/rosmsg2-serialization";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { messageType } from "#src/messages/definitions.js";
import { EXPLANATION, RATIOS, toExplanation, toRatios } from "#src/messages/explanation.js";
import { explanationOf, imageShares, START } from "../../analysis/runs.js";
import { mcapOf, type Sample } from "../../bag/recordings.js";
import { torquelens } from "../run.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-odd-"));
});
afterAll(() => rm(folder, { recursive: true }));

const ticks = imageShares([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]).map(explanationOf);

interface Odd {
  /** Changes the definition that the recording holds, and the messages are written by. */
  readonly define?: (definition: string) => string;
  /** Changes the message of a tick. */
  readonly change?: (message: Record<string, unknown>, tick: number) => object;
}

/** A recording of eight explanations, or ratios. */
async function recording(name: string, type: string, { define = (text) => text, change = (m) => m }: Odd) {
  const definition = define(messageType(type).schema);
  const writer = new MessageWriter(parse(definition, { ros2: true }));
  const samples = ticks.map((tick, i): Sample => {
    const message = type === RATIOS ? toRatios(tick) : toExplanation(tick);
    const data = writer.writeMessage(change({ ...message }, i));
    const topic = `/torquelens/${type === RATIOS ? "ratios" : "explanation"}`;
    return { topic, type, logTime: START + BigInt(i) * 50_000_000n, data, definition };
  });
  const path = join(folder, `${name}.mcap`);
  await writeFile(path, await mcapOf(samples));
  return path;
}

/** A text without what it says that it found. */
const rest = (text: string) => text.replace(/<script[\s\S]*?<\/script>|found \S+ among|one-\w+/g, "");
const ODD_WORDS = /undefined|NaN|\[object|Infinity/;

describe("a recording whose definition of our messages is another", () => {
  const without = (field: string) => (text: string) => text.replace(new RegExp(`^\\S+ ${field}\\b.*\\n`, "m"), "");
  const as = (field: string, type: string) => (text: string) =>
    text.replace(new RegExp(`^\\S+ ${field}\\b`, "m"), `${type} ${field}`);
  const gone = (field: string) => (message: Record<string, unknown>) => ({ ...message, [field]: undefined });
  it.each([
    [
      "torques",
      { define: without("torques"), change: gone("torques") },
      "has no field torques, expected torquelens/TorqueRelevance[]",
    ],
    ["modalities", { define: without("modalities") }, "has no field modalities, expected string[]"],
    ["flags", { define: without("flags") }, "has no field flags, expected string[]"],
    [
      "shares",
      {
        define: (text: string) => text.replace("float32[] shares", "string[] shares"),
        change: (m: object) => ({ ...m, shares: ["a"] }),
      },
      "has shares as string[], expected float32[]",
    ],
    [
      "method",
      { define: as("method", "uint8"), change: (m: object) => ({ ...m, method: 3 }) },
      "has method as uint8, expected string",
    ],
  ])("is refused by the field: %s", async (name, odd, reason) => {
    const path = await recording(name, EXPLANATION, odd);
    for (const command of [["profile"], ["report"], ["view", "--page-port", "0"]]) {
      const { code, stdout, stderr } = await torquelens(command[0]!, path, ...command.slice(1));
      expect([command[0], code, stdout]).toEqual([command[0], 2, ""]);
      expect(stderr).toContain(`/torquelens/explanation: its definition of ${EXPLANATION} ${reason}`);
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
  });

  it("is refused by the field of the ratios", async () => {
    const path = await recording("ratios", RATIOS, { define: without("position") });
    const line = `torquelens: ${path}: /torquelens/ratios: its definition of ${RATIOS} has no field position, expected float32\n`;
    expect(await torquelens("profile", path)).toEqual({ code: 2, stdout: "", stderr: line });
  });
});

describe("explanations that cannot be ours", () => {
  const shares = (...values: number[]) => Float32Array.from(values);
  it.each([
    ["NaN", { shares: shares(Number.NaN, 0.5, 0.5, 0) }, "found NaN among the shares, expected 0 to 1"],
    [
      "infinite",
      { shares: shares(Number.POSITIVE_INFINITY, 0, 0, 0) },
      "found Infinity among the shares, expected 0 to 1",
    ],
    ["negative", { shares: shares(-1, 2, 0, 0) }, "found -1 among the shares, expected 0 to 1"],
    ["few", { shares: shares(1) }, "found an explanation with 1 shares, expected 4, one a modality"],
    ["none", { shares: shares(), modalities: [] }, /^found (an explanation with|0 modalities)/],
    ["level", { level: 9 }, "found level 9, expected 0, 1, 2"],
    ["twins", { modalities: ["image", "image", "b", "c"] }, "found two modalities of one name"],
  ])("are left out and counted: %s", async (name, odd, reason) => {
    const change = (message: object, tick: number) => (tick === 0 ? { ...message, ...odd } : message);
    const path = await recording(`one-${name}`, EXPLANATION, { change });
    const made = await torquelens("profile", path, "--json");
    expect(made.code).toBe(0);
    expect(made.stderr).toMatch(/^warning: .*: 1 explanation skipped, the first on \/torquelens\/explanation: /);
    expect(made.stderr).toContain(typeof reason === "string" ? reason : "found ");
    expect(JSON.parse(made.stdout)).toMatchObject({ ticks: 7, shares: { image: { q50: 0.5 } } });
    const files = ["html", "csv"].map((ending) => join(folder, `${name}.${ending}`));
    const told = await torquelens("report", path, "-o", files[0]!, "--csv", files[1]!, "--json");
    expect([told.code, told.stderr]).toEqual([0, expect.not.stringMatching(/undefined/)]);
    const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
    for (const text of [told.stdout, ...texts]) expect(rest(text)).not.toMatch(ODD_WORDS);
    const all = await recording(`all-${name}`, EXPLANATION, { change: (message) => ({ ...message, ...odd }) });
    for (const command of ["profile", "report"]) {
      const { code, stderr } = await torquelens(command, all);
      expect([command, code]).toEqual([command, 2]);
      expect(stderr.trim().split("\n").at(-1)).toMatch(/^torquelens: /);
    }
  });
});
