import { expect, it } from "vitest";
import * as b from "#src/graph/build.js";
import { methodNamed } from "#src/relevance/methods.js";
import { configuration, dense, explain, image, observation, subjectOf, weights } from "../subjects.js";

const HEATMAP = "torquelens.heatmap.image";
const RELEVANCE = "torquelens.relevance.image";

const subject = () => {
  const inputs = [image("image", [1, 3, 6, 5]), configuration(3)] as const;
  const seen = b.relu(b.conv(inputs[0], weights([4, 3, 3, 3], 1), {}, weights([4], 2)));
  const joint = b.concat([b.reshape(seen, [1, 4 * 4 * 3]), inputs[1]], 1);
  return { inputs, subject: subjectOf(inputs, dense(b.relu(dense(joint, 7, 3)), 2, 4)) };
};

it("is of a pixel the largest channel of the mean of integrated gradients from black and from white", async () => {
  const { inputs, subject: made } = subject();
  const feeds = observation(inputs, 5);
  const importances = [[0.4, 1.7]];
  const [found] = await explain(made, feeds, { method: "xrai:steps=7", importances });
  const [black, white] = await Promise.all(
    ["black", "white"].map(async (baseline) => {
      const method = `integrated-gradients:steps=7,baseline=${baseline}`;
      return (await explain(made, feeds, { method, importances }))[0]!;
    }),
  );
  const mean = (name: string): number[] => Array.from(black![name]!, (value, i) => (value + white![name]![i]!) / 2);
  const each = mean(RELEVANCE);
  const largest = Array.from({ length: 30 }, (_, i) => Math.max(each[i]!, each[30 + i]!, each[60 + i]!));
  found![HEATMAP]!.forEach((value, i) => {
    expect(value).toBeCloseTo(largest[i]!, 5);
  });
  expect(largest.some((value) => Math.abs(value) > 0.05)).toBe(true);
  const values = "torquelens.relevance.configuration";
  found![values]!.forEach((value, i) => {
    expect(value).toBeCloseTo(mean(values)[i]!, 5);
  });
});

it("says that its heatmap is made of regions", () => {
  expect(methodNamed("xrai").regions).toBe(true);
  expect(methodNamed("xrai:steps=20").spec).toBe("xrai:steps=20");
  expect(methodNamed("integrated-gradients").regions).toBeUndefined();
  expect(() => methodNamed("xrai:steps=0")).toThrow("option steps");
});
