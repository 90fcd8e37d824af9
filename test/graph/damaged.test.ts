import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { uniform } from "../evaluate.js";
import { modelBytes as fixtureBytes, names } from "../reference/fixtures.js";

/** Reads bytes that may be anything: a graph that can be written again, or an InputError of one line. */
function readsOrRefuses(bytes: Uint8Array): "read" | "refused" {
  try {
    writeModel(readModel(bytes, "p.onnx"));
    return "read";
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.message).toMatch(/^p\.onnx: [^\n]+$/);
    return "refused";
  }
}

describe("damaged files", () => {
  it.each(names)("%s cut at every fiftieth of its length", (name) => {
    const bytes = fixtureBytes(name);
    for (let part = 0; part < 50; part++) {
      const cut = bytes.slice(0, Math.floor((bytes.length * part) / 50));
      expect(readsOrRefuses(cut), `part ${part}`).toBe("refused");
    }
  });

  it("any byte changed, and any few", () => {
    const next = uniform(1);
    const files = names.slice(0, 12).map(fixtureBytes);
    const counts = { read: 0, refused: 0 };
    for (let i = 0; i < 1000; i++) {
      const bytes = files[i % files.length]!.slice();
      for (let k = 0; k <= i % 3; k++) {
        // Structure stands at the beginning more than in the weights that follow.
        const at = Math.floor(bytes.length * next() ** 3);
        bytes[at] = next() < 0.5 ? Math.floor(256 * next()) : bytes[at]! ^ (1 << Math.floor(8 * next()));
      }
      counts[readsOrRefuses(bytes)]++;
    }
    expect(counts.read).toBeGreaterThan(50);
    expect(counts.refused).toBeGreaterThan(50);
  });

  const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52];
  it.each([
    ["an empty file", new Uint8Array(0)],
    ["a picture", Uint8Array.from(PNG)],
    ["text", new TextEncoder().encode("policy: reacher\ninputs:\n  image: {}\n")],
    ["zeros", new Uint8Array(4096)],
    ["ones", new Uint8Array(4096).fill(255)],
    ["a huge declared length", Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1)],
    ["deep nesting", nested(20_000)],
  ])("%s", (_, bytes) => {
    expect(() => readModel(bytes, "p.onnx")).toThrow(/^p\.onnx: (truncated, or )?not an ONNX file/);
  });
});

/** Graphs in attributes of nodes of graphs, deeper than a stack. */
function nested(depth: number): Uint8Array {
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) + 128, ...varint(Math.floor(n / 128))]);
  const heads: number[][] = [];
  let size = 0;
  const wrap = (tag: number) => {
    heads.push([tag, ...varint(size)]);
    size += heads.at(-1)!.length;
  };
  for (let i = 0; i < depth; i++) for (const tag of [0x32, 0x2a, 0x0a]) wrap(tag); // attribute.g, node.attribute, graph.node
  wrap(0x3a); // model.graph
  return Uint8Array.from([0x08, 0x08, ...heads.reverse().flat()]);
}
