import { expect, it } from "vitest";
import { BagSource } from "#src/bag/bag-source.js";
import { openBag } from "#src/bag/open-bag.js";
import { Explainer } from "#src/explain/explainer.js";
import { loadPolicy } from "#src/policy/policy.js";

const FIELD = "test/data/field/images";

async function explained(name: string, policyName: string) {
  const policy = await loadPolicy(`${FIELD}/${policyName}.onnx`);
  const bag = await openBag(`${FIELD}/${name}`);
  const problems: string[] = [];
  const source = await BagSource.open(bag, policy, { problem: (_, reason) => problems.push(reason) });
  const explainer = await Explainer.create(policy, { method: "gradient", worker: false });
  const torques: number[][] = [];
  for await (const observation of source.observations())
    torques.push([...(await explainer.explain(observation)).torque]);
  await explainer.close();
  await source.close();
  await bag.close();
  return { torques, problems };
}

it("compressed depth of 32FC1 is metres: a policy that gives mean, first and last depth", async () => {
  const { torques, problems } = await explained("d32", "p_d");
  expect(torques).toEqual([[4.336, 0.5, 8.172].map((metres) => expect.closeTo(metres, 3))]);
  expect(problems).toEqual([]);
});

it("a JPEG with stray bytes before a restart marker is explained as the whole one, with a warning", async () => {
  const { torques, problems } = await explained("rst", "p_rgb");
  const means = [130.027, 130.197, 128.622].map((mean) => expect.closeTo(mean, 2));
  expect(torques).toEqual(Array(3).fill(means));
  expect(problems).toEqual([
    "the image is damaged (VipsJpeg: Corrupt JPEG data: 3 extraneous bytes before marker 0xd2)",
  ]);
});
