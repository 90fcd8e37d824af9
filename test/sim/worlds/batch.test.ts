import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { random } from "#src/sim/random.js";
import { WorldBatch } from "#src/sim/worlds/batch.js";
import { type PixelData, pictureLength, planes } from "#src/sim/worlds/canvas.js";
import { actionLength, type World, type WorldEntry } from "#src/sim/worlds/world.js";
import { worldNamed, worldNames } from "#src/sim/worlds/worlds.js";

type Actions = () => number[];

/** Random actions for so many worlds. */
function actionsOf({ facts }: WorldEntry, count: number, seed: number): Actions {
  const numbers = random(seed);
  const { actions } = facts;
  const one = (i: number): number =>
    actions.kind === "discrete"
      ? numbers.integer(actions.names.length)
      : numbers.between(actions.low[i % actions.low.length]!, actions.high[i % actions.high.length]!);
  return () => Array.from({ length: count * actionLength(actions) }, (_, i) => one(i));
}

/** A world alone, with its picture. */
async function alone({ facts, load }: WorldEntry): Promise<{ readonly world: World; readonly picture: Uint8Array }> {
  const picture = new Uint8Array(pictureLength(facts.picture));
  return { world: (await load())(planes(picture, facts.picture)), picture };
}

/** Compares two pictures; `expect` takes long for large arrays. */
const same = (a: PixelData, b: PixelData): boolean => Buffer.compare(Uint8Array.from(a), Uint8Array.from(b)) === 0;

const [COUNT, SEED, FIRST] = [3, 11, 40];

describe.each(worldNames.map((name) => [name, worldNamed(name)] as const))("a batch of %s", (_, entry) => {
  const size = pictureLength(entry.facts.picture);
  const width = actionLength(entry.facts.actions);

  it.each([1, 2, 4])("shows what each world alone shows, with stacks of %i", async (frames) => {
    const batch = await WorldBatch.load(entry, { count: COUNT, seed: SEED, first: FIRST, frames });
    expect(batch.shape[1]).toBe(frames * entry.facts.picture.channels);
    const next = actionsOf(entry, COUNT, 5);
    const worlds = await Promise.all(Array.from({ length: COUNT }, () => alone(entry)));
    const episodes = worlds.map(({ world, picture }, i) => {
      world.reset(SEED, FIRST + i);
      return { index: FIRST + i, sum: 0, steps: 0, stack: Array.from({ length: frames }, () => picture.slice()) };
    });
    const isStack = (data: PixelData, i: number): boolean =>
      same(data.subarray(i * frames * size, (i + 1) * frames * size), Buffer.concat(episodes[i]!.stack));
    let ends = 0;
    for (let t = 0; t < 400; t++) {
      const actions = next();
      batch.step(actions);
      worlds.forEach(({ world, picture }, i) => {
        const episode = episodes[i]!;
        const step = world.step(actions.slice(i * width, (i + 1) * width));
        expect(batch.rewards[i]).toBe(Math.fround(step.reward));
        expect(batch.terminated[i]).toBe(Number(step.terminated));
        expect(batch.truncated[i]).toBe(Number(step.truncated));
        expect(batch.livesLost[i]).toBe(Number(step.lifeLost ?? false));
        episode.sum += step.reward;
        episode.steps += 1;
        episode.stack.shift();
        episode.stack.push(picture.slice());
        if (step.terminated || step.truncated) {
          ends += 1;
          expect(isStack(batch.lastObservations, i)).toBe(true);
          expect([batch.episodes[i], batch.returns[i], batch.lengths[i], batch.successes[i]]).toEqual([
            episode.index,
            episode.sum,
            episode.steps,
            Number(step.success),
          ]);
          episode.index += COUNT;
          world.reset(SEED, episode.index);
          Object.assign(episode, { sum: 0, steps: 0, stack: episode.stack.map(() => picture.slice()) });
        }
      });
      for (let i = 0; i < COUNT; i++) expect(isStack(batch.observations, i)).toBe(true);
    }
    expect(ends).toBeGreaterThan(2);
  });

  it("goes on from a saved state to the last bit", async () => {
    const options = { count: COUNT, seed: SEED, frames: 2 };
    const one = await WorldBatch.load(entry, options);
    const next = actionsOf(entry, COUNT, 6);
    for (let t = 0; t < 77; t++) one.step(next());
    const other = await WorldBatch.load(entry, options);
    other.restore(one.save());
    expect(same(other.observations, one.observations)).toBe(true);
    for (let t = 0; t < 300; t++) {
      const actions = next();
      one.step(actions);
      other.step(actions);
      expect(other.rewards).toEqual(one.rewards);
    }
    expect(same(other.observations, one.observations)).toBe(true);
    expect(other.save().worlds).toEqual(one.save().worlds);
    expect(other.save().episodes).toEqual(one.save().episodes);
  });

  it("draws what changed as it would draw everything", async () => {
    const { world, picture } = await alone(entry);
    world.reset(SEED, 0);
    const next = actionsOf(entry, 1, 9);
    let episode = 0;
    for (let t = 0; t < 500; t++) {
      const { terminated, truncated } = world.step(next());
      if (terminated || truncated) world.reset(SEED, ++episode);
      if (t % 10 > 0) continue;
      const { world: again, picture: whole } = await alone(entry);
      again.restore(world.save());
      expect(same(picture, whole)).toBe(true);
      expect(again.save()).toEqual(world.save());
    }
  });

  it("has the same values as floats, and other episodes with another seed", async () => {
    const run = async (seed: number, type: "uint8" | "float32"): Promise<PixelData> => {
      const batch = await WorldBatch.load(entry, { count: 2, seed, type });
      const next = actionsOf(entry, 2, 7);
      for (let t = 0; t < 30; t++) batch.step(next());
      return batch.observations;
    };
    const bytes = await run(1, "uint8");
    expect(same(await run(1, "float32"), bytes)).toBe(true);
    expect(same(await run(2, "uint8"), bytes)).toBe(false);
  });

  it("labels every pixel with one of its classes, and each class comes up", async () => {
    const batch = await WorldBatch.load(entry, { count: COUNT, seed: SEED });
    const { width, height } = entry.facts.picture;
    const next = actionsOf(entry, COUNT, 8);
    const labels = new Set<number>();
    for (let t = 0; t < 20; t++) {
      const segmentation = batch.segmentation();
      expect(segmentation.length).toBe(COUNT * width * height);
      for (const label of segmentation) labels.add(label);
      batch.step(next());
    }
    expect([...labels].sort((a, b) => a - b)).toEqual(entry.facts.classes.map((_name, label) => label));
  });
});

describe("a batch", () => {
  // Policies were trained in these worlds: a change of rules or pictures makes them worthless. The highway depends on
  // sines, whose last bits depend on the version of Node.
  it.each([
    ["red-fetch-green", "332ee9273465ba7e30bd22d384877e87"],
    ["breakout", "30610a03b508234415db765f69b0a70e"],
  ])("plays %s as it always did", async (name, expected) => {
    const entry = worldNamed(name);
    const batch = await WorldBatch.load(entry, { count: 2, seed: 1 });
    const next = actionsOf(entry, 2, 3);
    const hash = createHash("sha256").update(batch.observations);
    for (let t = 0; t < 500; t++) {
      batch.step(next());
      hash.update(batch.observations).update(new Uint8Array(batch.rewards.buffer));
    }
    expect(hash.digest("hex").slice(0, 32)).toBe(expected);
  });

  it("refuses invalid counts and too few actions", async () => {
    const entry = worldNamed("red-fetch-green");
    await expect(WorldBatch.load(entry, { count: 0, seed: 0 })).rejects.toThrow("count: 0: expected a whole number");
    await expect(WorldBatch.load(entry, { count: 1, seed: 0, frames: 1.5 })).rejects.toThrow("frames: 1.5: expected");
    const batch = await WorldBatch.load(entry, { count: 2, seed: 0 });
    expect(() => batch.step([0])).toThrow("1 numbers of actions: expected 2");
  });
});

describe("the table of worlds", () => {
  it("names the worlds where one is unknown", () => {
    expect(() => worldNamed("constructor")).toThrow(`no world named "constructor"; expected ${worldNames.join(", ")}`);
  });
});
