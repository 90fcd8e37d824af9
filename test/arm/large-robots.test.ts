import { expect, it } from "vitest";
import { mjcfOf } from "#src/arm/urdf-mjcf.js";
import { InputError } from "#src/errors.js";
import { parseUrdf } from "#src/urdf/urdf.js";

/** A robot of `count` links under hinges; `parentOf` gives the link above each but the first. */
function robot(count: number, parentOf: (link: number) => number): string {
  const links = Array.from({ length: count }, (_, i) => `<link name="l${i}"/>`);
  const joints = links.slice(1).map((_, i) => {
    const ends = `<parent link="l${parentOf(i + 1)}"/><child link="l${i + 1}"/>`;
    return `<joint name="j${i + 1}" type="continuous">${ends}</joint>`;
  });
  return `<robot name="r">${links.join("")}${joints.join("")}</robot>`;
}

const mjcf = (text: string) => mjcfOf(parseUrdf(text, "r.urdf"), "r.urdf");

it("a chain of 400 joints is read, a longer one refused", () => {
  expect(mjcf(robot(401, (i) => i - 1)).xml.match(/<body /g)).toHaveLength(401);
  for (const count of [402, 20_000])
    expect(() => mjcf(robot(count, (i) => i - 1))).toThrow(
      new InputError('r.urdf: link "l401" is more than 400 joints away from the root'),
    );
});

it("a link of 20,000 children keeps them all, in order", () => {
  const { xml } = mjcf(robot(20_001, () => 0));
  const names = Array.from(xml.matchAll(/<body name="([^"]*)"/g), ([, name]) => name);
  expect(names).toEqual(Array.from({ length: 20_001 }, (_, i) => `l${i}`));
});
