import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { readModel } from "#src/graph/onnx-read.js";
import { type GraphProto, ONNX } from "#src/graph/onnx-schema.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { decodeMessage, encodeMessage } from "#src/graph/protobuf.js";
import { uniform } from "../evaluate.js";
import { architectureNames, architecturePath, modelBytes as fixtureBytes, names } from "../reference/fixtures.js";

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

  it("models with parts removed, swapped and renamed", () => {
    const next = uniform(7);
    const below = (n: number) => Math.floor(n * next());
    const pick = <T>(items: readonly T[]) => items[below(items.length)]!;
    const rename = ({ node }: GraphProto) => {
      const names = node.flatMap(({ input, output }) => [...input, ...output]);
      const { input, output } = pick(node);
      const where = next() < 0.6 && input.length > 0 ? input : output;
      where[below(where.length)] = next() < 0.8 ? pick(names) : ["", "nowhere", "two\nlines"][below(3)]!;
    };
    const damages: ((graph: GraphProto) => void)[] = [
      rename,
      ({ node }) => void node.splice(below(node.length), 1),
      ({ node }) => void node.splice(below(node.length), 0, pick(node)),
      ({ node }) => void node.reverse(),
      ({ initializer }) => void initializer.splice(below(initializer.length), 1),
      ({ initializer }) => void initializer.push(pick(initializer)),
      ({ node }) => void pick(node).attribute.pop(),
      ({ initializer }) => {
        pick(initializer).dims = [below(4) - 1, below(3)];
      },
      ({ output }) => {
        pick(output).name = "nowhere";
      },
      (graph) => {
        const floats = graph.initializer.filter(({ dataType, rawData }) => dataType === 1 && rawData?.byteLength);
        if (floats.length > 0) {
          const tensor = pick(floats);
          tensor.rawData = tensor.rawData!.slice();
          tensor.rawData.set([0, 0, 0xc0, 0x7f], 4 * below(tensor.rawData.byteLength / 4));
        }
      },
    ];
    const files = architectureNames.map((name) => new Uint8Array(readFileSync(architecturePath(name))));
    const counts = { read: 0, refused: 0 };
    for (let i = 0; i < 400; i++) {
      const model = decodeMessage(ONNX, "ModelProto", files[i % files.length]!);
      for (let k = 0; k <= i % 2; k++) pick(damages)(model.graph as GraphProto);
      counts[readsOrRefuses(encodeMessage(ONNX, "ModelProto", model))]++;
    }
    expect(counts.read).toBeGreaterThan(20);
    expect(counts.refused).toBeGreaterThan(100);
  });

  const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52];
  it.each([
    ["an empty file", new Uint8Array(0)],
    ["a picture", Uint8Array.from(PNG)],
    ["text", new TextEncoder().encode("policy: reacher\ninputs:\n  image: {}\n")],
    ["zeros", new Uint8Array(4096)],
    ["ones", new Uint8Array(4096).fill(255)],
    ["a huge declared length", Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1)],
  ])("%s", (_, bytes) => {
    expect(() => readModel(bytes, "p.onnx")).toThrow(/^p\.onnx: (truncated, or )?not an ONNX file/);
  });

  it("messages nested deeper than protobuf allows", () => {
    expect(() => readModel(nested(20_000), "p.onnx")).toThrow(/^p\.onnx: \w+ is nested deeper than 100 messages$/);
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
