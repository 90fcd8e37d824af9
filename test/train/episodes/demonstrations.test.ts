import { expect, test } from "vitest";
import { random } from "#src/sim/random.js";
import {
  allocateDemonstrations,
  type Demonstrations,
  labelOf,
  recordTick,
  sample,
  sceneOf,
  standardise,
} from "#src/train/episodes/demonstrations.js";
import { TINY } from "../slow-network.js";

const TICKS = 10;
const EPISODES = 6;
const POINTS = 6;

/** Row r holds r in every element; its labels are r and −r. */
function numbered(): Demonstrations {
  const data = allocateDemonstrations(TINY, EPISODES, TICKS);
  for (let row = 0; row < EPISODES * TICKS; row++) {
    data.inputs.fill(row, row * data.width, (row + 1) * data.width);
    data.labels.set([row, -row], 2 * row);
  }
  return data;
}

function draw(data: Demonstrations, options: { noise: number; stale: number }) {
  const batch = 500;
  const x = new Float32Array(batch * data.width);
  const torque = new Float32Array(batch * data.torques);
  sample(data, { rows: 40, points: POINTS, ...options }, random(3), x, torque);
  return Array.from({ length: batch }, (_, i) => ({
    seen: x[i * data.width]!,
    felt: x[(i + 1) * data.width - 1]!,
    label: torque[2 * i]!,
  }));
}

test("samples are rows with their own labels, from the requested range alone", () => {
  const samples = draw(numbered(), { noise: 0, stale: 0 });
  for (const { seen, felt, label } of samples) expect([seen, felt]).toEqual([label, label]);
  expect(new Set(samples.map(({ label }) => label)).size).toBe(40);
  expect(Math.max(...samples.map(({ label }) => label))).toBe(39);
});

test("stale samples show an image of the same episode, every second time its first", () => {
  const samples = draw(numbered(), { noise: 0, stale: 1 });
  for (const { seen, felt, label } of samples) {
    expect(felt).toBe(label);
    expect(Math.floor(seen / TICKS)).toBe(Math.floor(label / TICKS));
  }
  const first = samples.filter(({ seen }) => seen % TICKS === 0).length / samples.length;
  expect(first).toBeGreaterThan(0.5);
  expect(first).toBeLessThan(0.6);
});

test("a recorded tick has its own scene and label, and none where nobody asks for scenes", () => {
  const action = {
    torque: Float64Array.of(1, 1),
    points: new Float32Array(POINTS),
    configuration: Float32Array.of(7, 8),
  };
  for (const scene of [0, 3]) {
    const data = allocateDemonstrations(TINY, EPISODES, TICKS, scene);
    const at = (episode: number, tick: number) => ({
      episode,
      tick,
      action,
      label: Float64Array.of(episode, tick),
      scene: Float64Array.of(episode, tick, 0.1),
    });
    for (let episode = 0; episode < EPISODES; episode++)
      for (let tick = 0; tick < TICKS; tick++) recordTick(data, Float64Array.of(2, 4), at(episode, tick));
    const row = 3 * TICKS + 8;
    expect([...labelOf(data, row)]).toEqual([3 / 2, 8 / 4]);
    expect([...sceneOf(data, row)]).toEqual(scene === 0 ? [] : [3, 8, 0.1]);
    expect(data.scenes).toHaveLength(scene * EPISODES * TICKS);
  }
});

test("noise is added to the feature points alone", () => {
  const samples = draw(numbered(), { noise: 0.1, stale: 0 });
  for (const { felt, label } of samples) expect(felt).toBe(label);
  const noise = samples.map(({ seen, label }) => seen - label);
  const deviation = Math.sqrt(noise.reduce((sum, value) => sum + value * value, 0) / noise.length);
  expect(deviation).toBeGreaterThan(0.09);
  expect(deviation).toBeLessThan(0.11);
});

test("standardised rows have mean 0 and deviation 1; constant elements are not amplified", () => {
  const data = numbered();
  for (let row = 0; row < 40; row++) data.inputs[row * data.width + 1] = 5;
  standardise(data, 40);
  const column = (j: number) =>
    Array.from({ length: 40 }, (_, row) => (data.inputs[row * data.width + j]! - data.mean[j]!) * data.scale[j]!);
  const values = column(0);
  expect(values.reduce((a, b) => a + b, 0) / 40).toBeCloseTo(0, 5);
  expect(values.reduce((a, b) => a + b * b, 0) / 40).toBeCloseTo(1, 5);
  expect(column(1).every((value) => value === 0)).toBe(true);
  expect(data.scale[1]).toBe(30);
});
