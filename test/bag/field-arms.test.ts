import { expect, it } from "vitest";
import { BagSource } from "#src/bag/bag-source.js";
import { openBag } from "#src/bag/open-bag.js";
import { loadPolicy } from "#src/policy/policy.js";

const FIELD = "test/data/field/arms";

async function observed(name: string) {
  const bag = await openBag(`${FIELD}/${name}`);
  const problems: string[] = [];
  const source = await BagSource.open(bag, await loadPolicy(`${FIELD}/p_arm.onnx`), {
    problem: (_, reason) => problems.push(reason),
  });
  const seen: { importance: number[]; flags: readonly string[] }[] = [];
  for await (const { importance, flags } of source.observations())
    seen.push({ importance: [...importance], flags: flags ?? [] });
  await source.close();
  await bag.close();
  return { seen, problems };
}

it("an arm whose links overlap at their joints is not in contact", async () => {
  const { seen, problems } = await observed("u_col");
  const right = [0.3193, 0.0975, 2.5831].map((alpha) => expect.closeTo(alpha, 3));
  expect(seen).toEqual(Array(3).fill({ importance: right, flags: [] }));
  expect(problems).toEqual([]);
});

it("an arm with a link without inertia is explained, with importance unknown", async () => {
  const { seen, problems } = await observed("u_noinert");
  expect(seen).toEqual(Array(3).fill({ importance: [1, 1, 1], flags: ["importance_unknown"] }));
  expect(problems).toEqual(['robot_description: link "link2" moves and has no mass; importance is unknown']);
});
