import { expect, test } from "vitest";
import { cardText } from "#src/cli/output/policy-text.js";
import { loadPolicy } from "#src/policy/policy.js";

test("elements stand by their names; of many without names the first and the last index", async () => {
  const policy = await loadPolicy("models/reacher.onnx");
  const of = (elements: readonly string[]) => {
    const modalities = policy.modalities.map((one) =>
      one.name === "joint_position" && one.kind !== "image" ? { ...one, size: elements.length, elements } : one,
    );
    return cardText({ ...policy, modalities });
  };
  const numbered = (count: number) => Array.from({ length: count }, (_, i) => String(i));
  expect(of(["shoulder", "elbow"])).toMatch(/joint_position .* shoulder, elbow/);
  expect(of(numbered(3))).toMatch(/joint_position .* 0, 1, 2/);
  expect(of(numbered(2048))).toMatch(/joint_position +configuration\[0\.\.2047\] +0 … 2047/);
  expect(of([...numbered(19), "grip"])).toMatch(/ 17, 18, grip/);
});
