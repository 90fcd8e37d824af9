import { expect, it } from "vitest";
import type { Explanation } from "#src/explain/explanation.js";
import type { Observation } from "#src/explain/observation.js";
import { wordsOf } from "#src/language/vocabulary.js";
import { parsePerturbations } from "#src/sim/perturbations.js";
import { SimulatedWorld } from "#src/sim/simulated-world.js";
import { SimulatedSource } from "#src/sim/source.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";

/** The first ticks of an episode in which the arm goes left all the time. */
async function observations(perturbations: string): Promise<Observation[]> {
  const task = await SimulatedWorld.load(worldNamed("tabletop"));
  const source = new SimulatedSource({
    ...{ task, speed: 0, ticks: 6 },
    perturbations: parsePerturbations(perturbations, "p", task),
  });
  const found: Observation[] = [];
  for await (const observation of source.observations()) {
    found.push(observation);
    source.accept({ torque: Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0) } as unknown as Explanation);
  }
  await source.close();
  return found;
}

it("words change places, the same ones all the time, and nothing else does", async () => {
  const [whole, faulty] = await Promise.all(["[]", "[{tick: 2, fault: words_swapped}]"].map(observations));
  const said = (of: Observation[]) => of.map(({ instruction }) => instruction);
  const [told] = said(whole!);
  expect(said(faulty!).slice(0, 2)).toEqual([told, told]);
  const swapped = said(faulty!)[2]!;
  expect(said(faulty!).slice(2)).toEqual([swapped, swapped, swapped, swapped]);
  expect(swapped).not.toBe(wordsOf(told!).join(" "));
  expect(swapped.split(" ").sort()).toEqual(wordsOf(told!).sort());
  expect(faulty!.map(({ values }) => values)).toEqual(whole!.map(({ values }) => values));
});

it("the previous action is another one, but for a first one that there is not", async () => {
  const faulty = await observations("[{tick: 0, fault: other_previous_action}]");
  const given = faulty.map(({ values }) => Array.from(values.previous_action!));
  expect(given[0]).toEqual(Array(9).fill(0));
  for (const one of given.slice(1)) {
    expect(one.reduce((a, b) => a + b)).toBe(1);
    expect(one[0]).toBe(0);
  }
  expect(new Set(given.slice(1).map((one) => one.indexOf(1))).size).toBeGreaterThan(1);
});
