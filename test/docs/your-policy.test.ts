// Runs docs/your-policy.md: writes the files that it says to save, and runs every command, in order.
import { cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as g from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { torquelens } from "../cli/run.js";
import { config, model, writeFolder } from "../policy/lerobot-folder.js";
import { GRAPH_NETWORKS } from "../tfjs/graph-networks.js";
import { save } from "../tfjs/saved.js";
import { codeBlocks } from "./code-blocks.js";

const root = new URL("../../", import.meta.url).pathname;
const blocks = codeBlocks(await readFile(join(root, "docs/your-policy.md"), "utf8"));
const before = process.cwd();
let folder: string;

/** A walking policy with the metadata of Isaac Lab's export. */
function walker(): Uint8Array {
  const obs = g.input("obs", "float32", [1, 15]);
  const weight = g.tensor(
    "float32",
    [15, 2],
    Array.from({ length: 30 }, (_, i) => Math.sin(i)),
  );
  const metadata = {
    joint_names: "hip,knee",
    observation_names: "base_ang_vel,projected_gravity,command,joint_pos,joint_vel,actions",
  };
  const outputs = new Map([["actions", g.matmul(obs, weight)]]);
  return writeModel({
    name: "walk",
    inputs: new Map([["obs", obs]]),
    outputs,
    metadata: new Map(Object.entries(metadata)),
    opset: 18,
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-your-policy-"));
  await save(join(folder, "web"), { format: "graph-model", ...GRAPH_NETWORKS["fused products"]!() });
  await cp(join(root, "test/data/lerobot/v3.0"), join(folder, "dataset"), { recursive: true });
  const vector = { mean: [0.2, 0, 0.05], std: [0.15, 0.6, 0.05] };
  const stats = {
    "observation.images.top": { mean: [0.5, 0.4, 0.3], std: [0.25, 0.25, 0.2] },
    "observation.state": vector,
    action: vector,
  };
  const features = {
    input_features: {
      "observation.images.top": { type: "VISUAL", shape: [3, 8, 8] },
      "observation.state": { type: "STATE", shape: [3] },
    },
    output_features: { action: { type: "ACTION", shape: [3] } },
  };
  await writeFolder(join(folder, "lerobot"), { stats, config: config(features), model: model([], 3) });
  await writeFile(join(folder, "walk.onnx"), walker());
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(before);
  await rm(folder, { recursive: true });
});

describe("docs/your-policy.md", () => {
  for (const { language, text, before: said } of blocks) {
    const file =
      /saved? (?:the filled one )?as `([\w./]+)`/i.exec(said.split("\n").at(-1) ?? "")?.[1] ??
      /as `([\w./]+)`:\s*$/.exec(said)?.[1];
    if (language === "sh")
      for (const line of text.trim().split("\n"))
        it(`runs ${line}`, async () => {
          expect(line).toMatch(/^npx torquelens /);
          const { code, stderr } = await torquelens(...line.replace("npx torquelens ", "").split(" "));
          // A network of random weights commands other things than the data hold: a warning, or a fault that is none.
          if (!line.includes(" doctor ")) expect([code, stderr.includes("torquelens:")]).toEqual([0, false]);
          else expect([0, 1]).toContain(code);
        });
    else if (language === "yaml" || language === "json")
      it(`has a ${file} to save`, async () => {
        expect(file).toBeDefined();
        await writeFile(join(folder, file!), text);
      });
  }

  it("leaves the files that it names", async () => {
    const names = [
      "web/explained/explanation.json",
      "web.onnx",
      "lerobot.mcap",
      "lerobot.html",
      "lerobot-explained.onnx",
      "walk.yaml",
    ];
    for (const name of names) expect((await stat(join(folder, name))).size, name).toBeGreaterThan(0);
  });
});
