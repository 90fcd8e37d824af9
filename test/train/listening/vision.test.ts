import { expect, test } from "vitest";
import { Session, type TensorData } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import { listeningArchitecture } from "#src/train/listening/architectures.js";
import { initialiseListening, listeningLayout } from "#src/train/listening/layout.js";
import type { ListeningSpec } from "#src/train/listening/spec.js";
import { visionStep } from "#src/train/listening/step.js";

const spec: ListeningSpec = {
  width: 16,
  height: 16,
  channels: 3,
  mask: { width: 4, height: 4 },
  kinds: 5,
  vocabulary: 5,
  tokens: 4,
  actions: 3,
  ...listeningArchitecture("seq2seq"),
};
const layout = listeningLayout(spec);

test("the convolutions' fit has the slopes that differences have", async () => {
  const vector = new Float32Array(layout.size);
  initialiseListening(spec, layout, vector, random(3));
  const session = await Session.create(visionStep(spec, layout, 2).bytes, { threads: 1 });
  const draws = random(4);
  const kinds = new Float32Array(2 * 16 * 5);
  for (let cell = 0; cell < 32; cell++) {
    kinds[cell * 5 + draws.integer(3)] = 1;
    const part = draws.uniform();
    kinds[cell * 5 + 3] = part;
    kinds[cell * 5 + 4] = 1 - part;
  }
  const image = Uint8Array.from({ length: 2 * 3 * 256 }, () => draws.integer(256));
  const run = async (parameters: Float32Array) => {
    const named = layout.names("vision").map((name): [string, TensorData] => {
      const { shape } = layout.slots.get(name)!;
      return [name, { dtype: "float32", shape, data: layout.view(parameters, name).slice() }];
    });
    return session.run({
      ...Object.fromEntries(named),
      image: { dtype: "uint8", shape: [2, 3, 16, 16], data: image },
      kinds: { dtype: "float32", shape: [2, 16, 5], data: kinds },
    });
  };
  const found = await run(vector);
  const loss = (out: typeof found) => (out.loss!.data as Float32Array)[0]!;
  for (const name of layout.names("vision")) {
    const slope = found[`gradient.${name}`]!.data as Float32Array;
    // Along its own gradient a parameter changes the loss by the gradient's square.
    const length = Math.sqrt(slope.reduce((sum, x) => sum + x * x, 0));
    expect(length, name).toBeGreaterThan(1e-4);
    const step = 2e-3 / length;
    const moved = async (by: number) => {
      const parameters = vector.slice();
      layout.view(parameters, name).forEach((value, i, view) => {
        view[i] = value + by * slope[i]!;
      });
      return loss(await run(parameters));
    };
    const change = ((await moved(step)) - (await moved(-step))) / (2 * step);
    expect(Math.abs(change / length ** 2 - 1), name).toBeLessThan(0.05);
  }
  await session.release();
});

test("a layer's first weights have the size that its inputs ask for", () => {
  const vector = new Float32Array(layout.size);
  initialiseListening(spec, layout, vector, random(1));
  const deviation = (name: string) => {
    const view = layout.view(vector, name);
    return Math.sqrt(view.reduce((sum, x) => sum + x * x, 0) / view.length);
  };
  expect(deviation("core.weight") * Math.sqrt(336)).toBeCloseTo(1, 1);
  expect(deviation("conv2.weight") * Math.sqrt((9 * 16) / 2)).toBeCloseTo(1, 1);
  expect(deviation("policy.weight") * Math.sqrt(336)).toBeLessThan(0.2);
  expect(layout.view(vector, "core.bias").every((x) => x === 0)).toBe(true);
});
