import { expect, test } from "vitest";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { commandOf } from "#src/train/ppo/commands.js";

test("a world with names is told the number of the name", () => {
  const { actions } = worldNamed("red-fetch-green").facts;
  const told = new Float64Array(2);
  commandOf(actions)(Float32Array.of(9, 0, 0, 1, 0), 1, told, 1);
  expect([...told]).toEqual([0, 2]);
});

test("a world with numbers is told them in their units: -1 and 1 are the bounds", () => {
  const actions = { kind: "continuous" as const, names: ["a", "b"], units: ["rad", "m"], low: [-4, 1], high: [4, 3] };
  const told = new Float64Array(4);
  const command = commandOf(actions);
  command(Float32Array.of(-1, 1), 0, told, 0);
  command(Float32Array.of(0.5, 0), 0, told, 2);
  expect([...told]).toEqual([-4, 3, 2, 2]);
});
