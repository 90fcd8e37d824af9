import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { permuted, ReplacedAttention, uniform } from "#src/evaluation/attention/replaced.js";
import { subjectOf } from "#src/explain/subject.js";
import { loadPolicy, type Policy } from "#src/policy/policy.js";
import { Session, type TensorData } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import { randoms } from "../../evaluate.js";
import { ARM_ATTENTION, armPolicy } from "../../train/arm-policy.js";
import { bytesOf, randomParameters, smallRecipe } from "../../train/ppo/attentive-policy.js";

const WORLD = "red-fetch-green";
const source = random(5);
const image: TensorData = {
  dtype: "uint8",
  shape: [1, 3, 64, 64],
  data: Uint8Array.from({ length: 3 * 64 * 64 }, () => source.integer(256)),
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-replaced-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A policy of an architecture whose layers, where names and shapes agree, have the parameters of the others. */
async function policyOf(architecture: string): Promise<Policy> {
  const recipe = smallRecipe(WORLD, architecture);
  const like = smallRecipe(WORLD, "fls-each");
  const { layout, parameters } = randomParameters(WORLD, recipe, 1);
  const all = randomParameters(WORLD, like, 1);
  for (const [name, { shape }] of layout.slots) {
    const other = all.layout.slots.get(name);
    if (other && String(other.shape) === String(shape))
      layout.view(parameters, name).set(all.layout.view(all.parameters, name));
  }
  const path = join(folder, `${architecture}.onnx`);
  await writeFile(path, bytesOf(WORLD, recipe, layout, parameters));
  return loadPolicy(path);
}

async function logitsOf({ bytes }: Policy): Promise<Float32Array> {
  const session = await Session.create(bytes);
  const { logits } = await session.run({ image });
  await session.release();
  return logits!.data as Float32Array;
}

const commandWith = async (
  replaced: ReplacedAttention,
  maps: Parameters<ReplacedAttention["outputsWith"]>[1],
  fed = image,
) => (await replaced.outputsWith({ image: fed }, maps)).logits!.data as Float32Array;

const near = (found: Float32Array, wanted: Float32Array) => {
  for (const [i, value] of found.entries()) expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-5);
};

describe.each([
  ["sparse-fls", [16]],
  ["sparse-fls-normalised", [16]],
  ["rs-ppo-unpadded", [16]],
  ["fls-first", [225]],
  ["fls-each", [225, 36, 16]],
])("attention of %s", (architecture, sizes) => {
  let policy: Policy;
  let replaced: ReplacedAttention;
  beforeAll(async () => {
    policy = await policyOf(architecture);
    replaced = (await ReplacedAttention.create(subjectOf(policy)))!;
  });
  afterAll(() => replaced.release());

  it("gives the policy’s own command where it is its own", async () => {
    const maps = await replaced.maps({ image });
    expect(maps.map(({ length }) => length)).toEqual(sizes);
    near(await commandWith(replaced, maps), await logitsOf(policy));
  });

  it("is that of the Nature CNN with the same weights where every place counts 1", async () => {
    const ones = sizes.map((size) => new Float32Array(size).fill(1));
    const command = await commandWith(replaced, ones);
    const nature = await logitsOf(await policyOf("nature"));
    near(command, nature);
    expect(Math.max(...nature.map((value, i) => Math.abs(value - command[(i + 1) % 4]!)))).toBeGreaterThan(1e-3);
  });
});

it("is what DAQN reads its features through: nothing is left of them without any", async () => {
  const policy = await policyOf("daqn");
  const replaced = (await ReplacedAttention.create(subjectOf(policy)))!;
  const [map] = await replaced.maps({ image });
  expect(map!.reduce((sum, value) => sum + value)).toBeCloseTo(1, 5);
  const none = await commandWith(replaced, [new Float32Array(16)]);
  const other = { ...image, data: new Uint8Array(image.data as Uint8Array).reverse() };
  expect(await commandWith(replaced, [new Float32Array(16)], other)).toEqual(none);
  near(await commandWith(replaced, [map!]), await logitsOf(policy));
  await replaced.release();
});

describe("attention of an arm that asks queries", () => {
  const numbers = random(9);
  const feeds = {
    image: {
      dtype: "uint8" as const,
      shape: [1, 32, 32, 3],
      data: Uint8Array.from({ length: 32 * 32 * 3 }, () => numbers.integer(256)),
    },
    configuration: { dtype: "float32" as const, shape: [1, 10], data: randoms(10, 4) },
  };
  const torqueOf = async ({ bytes }: Policy): Promise<Float32Array> => {
    const session = await Session.create(bytes);
    const { torque } = await session.run(feeds);
    await session.release();
    return torque!.data as Float32Array;
  };

  it("gives the policy’s own torque where it is its own, and that of equal queries where it is uniform", async () => {
    const policy = await armPolicy(ARM_ATTENTION.query);
    const replaced = (await ReplacedAttention.create(subjectOf(policy)))!;
    const maps = await replaced.maps(feeds);
    expect(maps.map(({ length }) => length)).toEqual([3 * 14 * 14]);
    const torqueWith = async (other: typeof maps) =>
      (await replaced.outputsWith(feeds, other)).torque!.data as Float32Array;
    const torque = await torqueOf(policy);
    near(await torqueWith(maps), torque);
    // Queries of zeros find all places alike.
    const alike = await armPolicy(ARM_ATTENTION.query, 1, (layout, vector) => {
      for (const name of ["query2.weight", "query2.bias"]) layout.view(vector, name).fill(0);
    });
    const uniformly = await torqueWith(replaced.uniform(maps));
    near(uniformly, await torqueOf(alike));
    expect(Math.max(...torque.map((value, i) => Math.abs(value - uniformly[i]!)))).toBeGreaterThan(1e-3);
    await replaced.release();
  });

  it("keeps each query’s weights when they are mixed", async () => {
    const replaced = (await ReplacedAttention.create(subjectOf(await armPolicy(ARM_ATTENTION.query))))!;
    const [map] = await replaced.maps(feeds);
    const [mixed] = replaced.permuted([map!], random(2));
    expect(mixed).not.toEqual(map);
    for (const q of [0, 1, 2]) {
      const of = (all: Float32Array) => all.slice(q * 196, (q + 1) * 196).sort();
      expect(of(mixed!)).toEqual(of(map!));
    }
    await replaced.release();
  });
});

it("is absent from a network without", async () => {
  expect(await ReplacedAttention.create(subjectOf(await policyOf("nature")))).toBeUndefined();
});

describe("other maps", () => {
  const map = Float32Array.from([1, 2, 3, 4, 5, 6, 10]);
  it("have the same values in another order, each order as likely", () => {
    const numbers = random(1);
    const firsts = new Map<number, number>();
    for (let i = 0; i < 7000; i++) {
      const mixed = permuted(map, numbers);
      if (i === 0) expect([...mixed].sort((a, b) => a - b)).toEqual([...map]);
      firsts.set(mixed[0]!, (firsts.get(mixed[0]!) ?? 0) + 1);
    }
    for (const value of map) expect(Math.abs(firsts.get(value)! - 1000)).toBeLessThan(150);
    expect([...map]).toEqual([1, 2, 3, 4, 5, 6, 10]);
  });
  it("have the same sum where they are uniform", () => {
    expect([...uniform(map)]).toEqual(Array(7).fill(Math.fround(31 / 7)));
  });
});
