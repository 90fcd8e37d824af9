import { beforeAll, describe, expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import { input } from "#src/graph/build.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { substitute } from "#src/graph/substitute.js";
import { topologicalOrder } from "#src/graph/value.js";
import { type ExpertStep, expertEpisodes } from "#src/reproduction/jain/episodes.js";
import { focusCentre, measure, type StepFound, sharesOf } from "#src/reproduction/jain/measure.js";
import { MODALITIES, POOLS, TARGETS } from "#src/reproduction/jain/paper.js";
import { readoutModel } from "#src/reproduction/jain/readout.js";
import { Session, type TensorData } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { LISTENING_ARCHITECTURES, listeningArchitecture } from "#src/train/listening/architectures.js";
import { exportListening, listeningPolicy } from "#src/train/listening/export.js";
import { initialiseListening, listeningLayout, listeningState } from "#src/train/listening/layout.js";
import { listeningSpec } from "#src/train/listening/recipe.js";
import { fakePolicy } from "./policy.js";

const entry = worldNamed("tabletop");
let episodes: ExpertStep[][];
beforeAll(async () => {
  episodes = await expertEpisodes(entry, { seed: 3, count: 2 });
}, 60_000);

function made(name: string) {
  const spec = listeningSpec(entry.facts, listeningArchitecture(name));
  const layout = listeningLayout(spec);
  const vector = new Float32Array(layout.size);
  initialiseListening(spec, layout, vector, random(2));
  // A policy whose mind is made up somewhat, so that probabilities have slopes.
  layout.view(vector, "policy.weight").forEach((value, i, view) => {
    view[i] = 8 * value;
  });
  const { parts } = listeningPolicy(spec, layout, vector).found.joint;
  return { spec, bytes: exportListening(spec, layout, vector), parts };
}

const found = async (name: string): Promise<StepFound[][]> => {
  const { spec, bytes, parts } = made(name);
  return measure(readoutModel(bytes, name, parts), spec, entry.facts, episodes, {});
};

test("the expert does what it is told, and its last action is stop", () => {
  const names = entry.facts.actions.names;
  for (const steps of episodes) {
    expect(names[steps.at(-1)!.action]).toBe("stop");
    expect(steps.some(({ interacts }) => interacts)).toBe(true);
    steps.forEach(({ previous, interacts, cells, action }, t) => {
      expect(previous).toBe(t === 0 ? -1 : steps[t - 1]!.action);
      expect(interacts).toBe(cells.includes(1));
      expect(interacts).toBe(["pick", "place", "open", "close"].includes(names[action]!));
    });
  }
});

describe.each(["seq2seq", "moca"])("%s", (name) => {
  test("attribution is difference of the target times the value, element by element", { timeout: 60_000 }, async () => {
    const { spec, bytes, parts } = made(name);
    const graph = readModel(bytes, name);
    const joint = topologicalOrder(graph.outputs.values())
      .flatMap(({ outputs }) => outputs)
      .find((value) => value.name === "joint")!;
    const given = input("given", "float32", joint.shape);
    const [actions] = substitute([graph.outputs.get("actions")!], new Map([[joint, given]]));
    const session = await Session.create(
      writeModel({
        ...graph,
        inputs: new Map([...graph.inputs, ["given", given]]),
        outputs: new Map([
          ["joint", joint],
          ["again", actions!],
        ]),
      }),
      { threads: 1 },
    );
    const step = episodes[0]![0]!;
    const feeds: Record<string, TensorData> = {
      image: { dtype: "uint8", shape: [1, 3, 64, 64], data: step.image },
      instruction: { dtype: "int64", shape: [1, 24], data: BigInt64Array.from(step.tokens, BigInt) },
      previous_action: { dtype: "float32", shape: [1, 9], data: new Float32Array(9) },
    };
    for (const [key, shape] of Object.entries(listeningState(spec)))
      feeds[key] = { dtype: "float32", shape: [1, ...shape], data: new Float32Array(shape[0]!) };
    const run = async (values: Float32Array) => {
      const out = await session.run({ ...feeds, given: { dtype: "float32", shape: joint.shape, data: values } });
      return { joint: out.joint!.data as Float32Array, logits: Array.from(out.again!.data as Float32Array) };
    };
    const { joint: values } = await run(new Float32Array(joint.shape[1]!));
    const targetsOf = (logits: readonly number[]): Record<(typeof TARGETS)[number], number> => {
      const all = logits.reduce((sum, z) => sum + Math.exp(z), 0);
      const p = logits.map((z) => Math.exp(z) / all);
      return {
        likely: p[likely]!,
        expert: p[step.action]!,
        loss: -Math.log(p[step.action]!),
        logits: logits.reduce((a, b) => a + b, 0),
      };
    };
    const { logits } = await run(values);
    const likely = logits.indexOf(Math.max(...logits));
    const attributions = new Map(TARGETS.map((target) => [target, new Float64Array(values.length)]));
    for (let i = 0; i < values.length; i++) {
      const moved = async (by: number) => {
        const changed = values.slice();
        changed[i]! += by;
        return targetsOf((await run(changed)).logits);
      };
      const [up, down] = [await moved(0.02), await moved(-0.02)];
      for (const target of TARGETS) attributions.get(target)![i] = ((up[target] - down[target]) / 0.04) * values[i]!;
    }
    await session.release();
    const [[measured]] = (await found(name)) as [[StepFound]];
    for (const target of TARGETS)
      for (const modality of MODALITIES) {
        const { from, to } = parts.find((part) => part.modality === modality)!;
        const own = [...attributions.get(target)!.slice(from, to)].map(Math.abs);
        const [l1, l2] = [own.reduce((a, b) => a + b, 0), Math.hypot(...own)];
        const wanted = { l2, linf: Math.max(...own), l1, "l1/d": l1 / own.length, "l2/d": l2 / own.length };
        for (const pool of POOLS) {
          const size = measured.sizeOf(target, modality, pool);
          const largest = Math.max(...MODALITIES.map((other) => measured.sizeOf(target, other, pool)));
          expect(Math.abs(size - wanted[pool]), `${target} ${modality} ${pool}`).toBeLessThan(0.02 * largest);
        }
      }
  });
});

describe.each(Object.keys(LISTENING_ARCHITECTURES))("%s", (name) => {
  test("shares add up, words have a place, and nothing is said of padding", { timeout: 60_000 }, async () => {
    const all = await found(name);
    expect(all.map((steps) => steps.length)).toEqual(episodes.map((steps) => steps.length));
    all.forEach((steps, e) => {
      const spoken = episodes[e]![0]!.tokens.filter((token) => token !== 0).length;
      for (const step of steps) {
        const shares = sharesOf(step, "likely", "l2")!;
        expect(shares.language + shares.image + shares.previous_action).toBeCloseTo(1, 6);
        expect(step.words).toHaveLength(spoken);
        expect(Math.max(...step.words)).toBeGreaterThan(0);
        const centre = focusCentre(step);
        expect(centre).toBeGreaterThan(1 / spoken);
        expect(centre).toBeLessThan(1);
      }
      // No action before the first step.
      if (listeningArchitecture(name).fusion.kind === "recurrent")
        expect(steps[0]!.sizeOf("likely", "previous_action", "l2")).toBe(0);
    });
  });
});

test("a policy that does not listen is refused", () => {
  expect(() => readoutModel(fakePolicy(), "other.onnx", [])).toThrow(InputError);
  expect(() => readoutModel(fakePolicy(), "other.onnx", [])).toThrow("other.onnx: no policy that listens");
});
