import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { pictureLength, pixels } from "#src/sim/worlds/canvas.js";
import { type Layout, RedFetchGreen } from "#src/sim/worlds/red-fetch-green/red-fetch-green.js";

interface Episode {
  readonly layout: Layout;
  readonly actions: string;
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  readonly states: string;
  readonly images: string;
}

const { limit, episodes } = JSON.parse(readFileSync(new URL("../../data/fetch.json", import.meta.url), "utf8")) as {
  limit: number;
  episodes: Episode[];
};

function make(): { readonly world: RedFetchGreen; readonly image: Uint8Array } {
  const size = { width: 64, height: 64, channels: 3 };
  const image = new Uint8Array(pictureLength(size));
  return { world: new RedFetchGreen(pixels(image, size)), image };
}

/** Agent's cell, direction, and the contents of the cells, as the reference hashes them. */
function stateOf(world: RedFetchGreen): Uint8Array {
  const [agent, direction, , ...cells] = world.save();
  return Uint8Array.of(agent!, direction!, ...cells);
}

describe("Red-Fetch-Green", () => {
  it("has the states, images and results of minigrid's Fetch in every step", () => {
    // One world plays all episodes: what it redraws must not depend on the last one.
    const { world, image } = make();
    expect(world.facts.limit).toBe(limit);
    const ends = { fetched: 0, wrong: 0, limit: 0 };
    for (const { layout, actions, ...expected } of episodes) {
      world.place(layout);
      const states = createHash("sha256").update(stateOf(world));
      const images = createHash("sha256").update(image);
      let last = { reward: 0, terminated: false, truncated: false };
      for (const action of actions) {
        const { reward, terminated, truncated, success } = world.step([Number(action)]);
        last = { reward, terminated, truncated };
        expect(success).toBe(reward > 0);
        const result = new DataView(new ArrayBuffer(10));
        result.setFloat64(0, reward, true);
        result.setUint8(8, terminated ? 1 : 0);
        result.setUint8(9, truncated ? 1 : 0);
        states.update(stateOf(world)).update(new Uint8Array(result.buffer));
        images.update(image);
      }
      expect({
        ...last,
        states: states.digest("hex").slice(0, 32),
        images: images.digest("hex").slice(0, 32),
      }).toEqual(expected);
      if (last.truncated) ends.limit += 1;
      if (last.reward > 0) ends.fetched += 1;
      if (last.terminated && last.reward === 0) ends.wrong += 1;
    }
    expect(Math.min(ends.limit, ends.fetched, ends.wrong)).toBeGreaterThan(5);
  });

  it("starts with things in five different cells inside the walls, each place and direction as likely", () => {
    const { world } = make();
    const counts = { agent: new Uint32Array(64), green: new Uint32Array(64), direction: new Uint32Array(4) };
    const runs = 7200;
    for (let episode = 0; episode < runs; episode++) {
      world.reset(4, episode);
      const [agent, direction, steps, ...cells] = world.save();
      expect(steps).toBe(0);
      expect([2, 3, 4].map((kind) => cells.filter((cell) => cell === kind).length)).toEqual([1, 1, 1]);
      expect(cells[agent!]).toBe(0);
      counts.agent[agent!]! += 1;
      counts.green[cells.indexOf(2)]! += 1;
      counts.direction[direction!]! += 1;
    }
    // χ² of uniform counts: 35 and 3 degrees of freedom, 99.9 % quantiles.
    const chiSquare = (seen: readonly number[]): number =>
      seen.reduce((sum, count) => sum + (count - runs / seen.length) ** 2 / (runs / seen.length), 0);
    const inside = (cells: Uint32Array): number[] =>
      [...cells].filter((_, cell) => cell % 8 > 0 && cell % 8 < 7 && cell > 8 && cell < 56);
    expect(chiSquare(inside(counts.agent))).toBeLessThan(66.6);
    expect(chiSquare(inside(counts.green))).toBeLessThan(66.6);
    expect(chiSquare([...counts.direction])).toBeLessThan(16.3);
  });

  it("labels each pixel with its tile's content", () => {
    const { world } = make();
    world.place({ agent: 9, direction: 1, green: 12, blue: 21, yellow: 54 });
    const labels = new Uint8Array(64 * 64);
    world.segmentation(labels);
    const names = world.facts.classes;
    const count = (name: string): number => labels.filter((label) => names[label] === name).length;
    expect(Object.fromEntries(names.map((name) => [name, count(name) / 64]))).toEqual({
      empty: 32,
      wall: 28,
      agent: 1,
      target: 1,
      distractor: 2,
    });
    expect(names[labels[64 * 8 + 8]!]).toBe("agent");
    expect(names[labels[64 * 15 + 39]!]).toBe("target");
  });

  it("refuses an action that it does not have", () => {
    const { world } = make();
    world.reset(0, 0);
    expect(() => world.step([4])).toThrow("action 4: expected 0 to 3");
  });
});
