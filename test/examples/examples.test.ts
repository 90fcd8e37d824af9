import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { subjectOf } from "#src/explain/subject.js";
import { shippedPolicy } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";

const root = new URL("../../", import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), "torquelens-examples-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const read = (name: string) => readFileSync(join(root, "examples", name), "utf8");

/** Lines that an example prints, run by the command of its header. */
function runExample(name: string, ...args: string[]): string[] {
  expect(read(name)).toContain(`npx tsx examples/${name}`);
  const command = ["--import", "tsx", `examples/${name}`, ...args];
  return execFileSync(process.execPath, command, { cwd: root, encoding: "utf8" }).trim().split("\n");
}

describe("the TypeScript examples", () => {
  it("explain an image", async () => {
    const overlay = join(scratch, "overlay.png");
    const lines = runExample("explain.ts", overlay);
    expect(lines.slice(0, 3)).toEqual(["shoulder: -0.0511 N·m", "elbow: 0.0223 N·m", "image: 46.9 %"]);
    expect(await sharp(overlay).metadata()).toMatchObject({ width: 96, height: 96 });
  });

  it("replay a bag", () => {
    const lines = runExample("replay-bag.ts");
    expect(lines[0]).toMatch(/^image: \d+\.\d %$/);
    expect(lines).toHaveLength(5);
  });

  it("make a method", () => {
    const lines = runExample("own-method.ts");
    expect(lines.filter((line) => line.endsWith(": gamma"))).toHaveLength(2);
    const [dtd, own] = lines.slice(-2);
    expect(own).toMatch(/^image 0\.\d+ /);
    expect(own).not.toBe(dtd);
  });

  it("make a sink", () => {
    const lines = runExample("own-sink.ts", "3");
    expect(lines[0]).toBe("tick,shoulder,elbow,image_share");
    expect(lines.slice(1).map((line) => line.split(",").length)).toEqual([4, 4, 4]);
  });
});

describe("the examples in other languages", () => {
  it.each(["python/explain.py", "cpp/explain.cpp", "browser/explain.js"])(
    "%s has the model's tensors",
    async (name) => {
      const { graph } = compile(subjectOf(await loadPolicy(shippedPolicy("reacher"))));
      expect([...graph.metadata.keys()]).toContain("torquelens.modalities");
      for (const input of graph.inputs.keys()) expect(read(name)).toContain(input);
      const outputs = [...read(name).matchAll(/["'](torque|torquelens\.(?:shares|heatmap)[.\w]*)["']/g)].map(
        ([, tensor]) => tensor!,
      );
      expect(new Set(outputs).size).toBe(3);
      for (const output of outputs) expect(graph.outputs.has(output), output).toBe(true);
    },
  );
});
