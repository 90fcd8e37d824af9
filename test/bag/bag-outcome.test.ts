import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { McapWriter } from "@mcap/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bagOutcome } from "#src/bag/bag-outcome.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-bag-outcome-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A rosbag2 folder whose metadata have this custom data. */
async function recorded(name: string, custom: string): Promise<string> {
  const bag = join(folder, name);
  await mkdir(bag);
  await mcap(join(name, "a.mcap"), {});
  await writeFile(
    join(bag, "metadata.yaml"),
    `rosbag2_bagfile_information:\n  version: 9\n  relative_file_paths: [a.mcap]\n  custom_data: ${custom}\n`,
  );
  return bag;
}

/** An MCAP file with a metadata record, written by the format's own library. */
async function mcap(name: string, record: Readonly<Record<string, string>>): Promise<string> {
  const path = join(folder, name);
  const file = await open(path, "w");
  let position = 0n;
  const writer = new McapWriter({
    writable: {
      position: () => position,
      write: async (bytes) => {
        await file.write(bytes);
        position += BigInt(bytes.length);
      },
    },
  });
  await writer.start({ profile: "", library: "" });
  await writer.addMetadata({ name: "torquelens.outcome", metadata: new Map(Object.entries(record)) });
  await writer.end();
  await file.close();
  return path;
}

describe("the outcome that a bag states", () => {
  it("is read from custom data of metadata.yaml, in words or as JSON", async () => {
    expect(await bagOutcome(await recorded("words", "{torquelens.outcome: success}"))).toMatchObject({ success: true });
    const json = `{torquelens.outcome: '{"success": false, "error": 0.07, "condition": "wet"}'}`;
    expect(await bagOutcome(await recorded("json", json))).toMatchObject({
      success: false,
      error: 0.07,
      condition: "wet",
    });
    expect(await bagOutcome(await recorded("other", "{operator: me}"))).toBeUndefined();
  });

  it("is read from an MCAP file's metadata record", async () => {
    expect(await bagOutcome(await mcap("failed.mcap", { outcome: "failure" }))).toMatchObject({ success: false });
    expect(await bagOutcome(await mcap("none.mcap", { other: "failure" }))).toBeUndefined();
  });
});
