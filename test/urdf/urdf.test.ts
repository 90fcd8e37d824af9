import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { effortLimits, parseUrdf } from "#src/urdf/urdf.js";

const robot = (inside: string) => `<?xml version="1.0"?>\n<robot name="r">${inside}</robot>`;
const link = (visual: string) => robot(`<link name="a"><visual>${visual}</visual></link>`);
const geometry = (shape: string) => link(`<geometry>${shape}</geometry>`);
const two = (joint: string) => robot(`<link name="a"/><link name="b"/>${joint}`);
const ENDS = '<parent link="a"/><child link="b"/>';

describe("parseUrdf", () => {
  it("reads the shipped robot", async () => {
    const urdf = parseUrdf(await readFile(new URL("../../urdf/reacher.urdf", import.meta.url), "utf8"), "reacher.urdf");
    expect(urdf.name).toBe("reacher");
    expect(urdf.links.map(({ name, visuals }) => [name, visuals.map((visual) => visual.geometry.kind)])).toEqual([
      ["base_link", ["cylinder"]],
      ["upper_arm", ["cylinder", "sphere"]],
      ["forearm", ["cylinder", "cylinder"]],
      ["fingertip", ["sphere"]],
    ]);
    expect(urdf.links[1]!.visuals[0]).toEqual({
      origin: { xyz: [0.06, 0, 0], rpy: [0, Math.PI / 2, 0] },
      geometry: { kind: "cylinder", radius: 0.011, length: 0.12 },
    });
    expect(urdf.joints[1]).toMatchObject({
      name: "elbow",
      type: "revolute",
      parent: "upper_arm",
      child: "forearm",
      effort: 0.3,
    });
  });

  it.each([
    ['<box size="1 2 3"/>', { kind: "box", size: [1, 2, 3] }],
    ['<box size="  1\t2\n3 "/>', { kind: "box", size: [1, 2, 3] }],
    ['<sphere radius="0.5"/>', { kind: "sphere", radius: 0.5 }],
    ['<cylinder radius="0.5" length="2"/>', { kind: "cylinder", radius: 0.5, length: 2 }],
    ['<capsule radius="0.5" length="2"/>', { kind: "capsule", radius: 0.5, length: 2 }],
    ['<mesh filename="package://p/m.dae"/>', { kind: "mesh", file: "package://p/m.dae", scale: [1, 1, 1] }],
    ['<mesh filename="m.stl" scale="1e-3 1e-3 -1e-3"/>', { kind: "mesh", file: "m.stl", scale: [1e-3, 1e-3, -1e-3] }],
  ])("reads %s", (shape, expected) => {
    expect(parseUrdf(geometry(shape), "r").links[0]!.visuals[0]!.geometry).toEqual(expected);
  });

  it("ignores comments, transmissions, sensors and unknown collisions", () => {
    const text = robot(
      '<!-- x --><transmission name="t"/><gazebo/><link name="a"><collision><geometry><cone/></geometry></collision></link>',
    );
    const problems = {
      visuals: [],
      mechanics: ['r: link "a": geometry: found <cone>, expected box, sphere, cylinder, capsule or mesh'],
    };
    expect(parseUrdf(text, "r")).toMatchObject({
      name: "r",
      links: [{ name: "a", visuals: [] }],
      joints: [],
      problems,
    });
  });

  it.each([
    ["", "not XML: "],
    ["hello", "not XML: "],
    ['<robot name="r">', "not XML: "],
    ['<mujoco model="m"/>', "found the root element <mujoco>, expected <robot>: not a URDF"],
    [robot("<link/>"), "<link> has no name"],
    [two(`<joint name="j">${ENDS}</joint>`), "<joint> has no type"],
    [two('<joint name="j" type="fixed"><parent link="a"/></joint>'), 'joint "j" has no <child>'],
    [two('<joint name="j" type="fixed"><parent link="a"/><child link="c"/></joint>'), 'names the link "c"'],
  ])("refuses %s", (text, message) => {
    const read = () => parseUrdf(text, "robot.urdf");
    expect(read).toThrow(InputError);
    expect(read).toThrow("robot.urdf: ");
    expect(read).toThrow(message);
  });

  it.each([
    [link(""), 'link "a": <visual> has no <geometry>'],
    [link("<geometry/>"), 'link "a": geometry: empty, expected box, sphere, cylinder, capsule or mesh'],
    [geometry("<cone/>"), 'link "a": geometry: found <cone>, expected box, sphere, cylinder, capsule or mesh'],
    [geometry("<toString/>"), "geometry: found <toString>"],
    [geometry('<box size="1 2"/>'), 'size of <box>: found "1 2", expected 3 numbers'],
    [geometry('<sphere radius="wide"/>'), 'radius of <sphere>: found "wide", expected a number'],
    [geometry('<sphere radius="-1"/>'), "radius of <sphere>: found a negative size"],
    [geometry("<sphere/>"), "<sphere> has no radius"],
    [geometry("<mesh/>"), "<mesh> has no filename"],
  ])("leaves out the visual of %s, and no other", (text, message) => {
    const sphere = "<visual><geometry><sphere radius='1'/></geometry></visual>";
    const { links, problems } = parseUrdf(text.replace("<visual>", `${sphere}<visual>`), "robot.urdf");
    expect(links[0]!.visuals.map(({ geometry }) => geometry.kind)).toEqual(["sphere"]);
    expect(problems).toEqual({ visuals: [expect.stringContaining(message)], mechanics: [] });
    expect(problems.visuals[0]).toMatch(/^robot\.urdf: /);
  });

  it.each([
    ['<limit effort="lots"/>', "effort", undefined],
    ['<limit lower="low" upper="1"/>', "range", undefined],
    ['<dynamics damping="nan"/>', "damping", 0],
    ['<origin xyz="0 0"/>', "motion", undefined],
    ['<axis xyz="0 0 0"/>', "motion", undefined],
    ['<mimic multiplier="2"/>', "motion", undefined],
  ] as const)("leaves out what %s of a joint says", (inside, field, left) => {
    const { joints, problems } = parseUrdf(two(`<joint name="j" type="revolute">${ENDS}${inside}</joint>`), "r");
    expect(joints[0]![field]).toBe(left);
    expect(problems).toEqual({ visuals: [], mechanics: [expect.stringMatching(/^r: joint "j": /)] });
  });

  it("throws only an InputError of one line for any text", () => {
    const pieces = fc.constantFrom(
      "<robot>",
      "</robot>",
      '<link name="a">',
      "</link>",
      "<joint/>",
      "<visual/>",
      "&x;",
      "<",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 8 }), (parts) => {
        try {
          parseUrdf(parts.join(""), "r");
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          expect((error as Error).message).not.toContain("\n");
        }
      }),
    );
  });
});

describe("effortLimits", () => {
  it("holds the description's limits; 0 is no limit", () => {
    const joint = (name: string, limit: string) => `<joint name="${name}" type="revolute">${ENDS}${limit}</joint>`;
    const joints = [joint("j", '<limit effort="5"/>'), joint("k", '<limit effort="0"/>'), joint("l", "")].join("");
    expect(effortLimits(parseUrdf(two(joints), "r"))).toEqual(new Map([["j", 5]]));
  });
});

describe("the size of a description", () => {
  const nested = (n: number) => robot(`<!-- <a> -->${"<a b='>'>".repeat(n)}<c/>${"</a>".repeat(n)}`);

  it("elements are read to a depth of 500 and no deeper", () => {
    expect(parseUrdf(nested(499), "r.urdf").name).toBe("r");
    const message = "r.urdf: elements are nested deeper than 500 levels";
    for (const n of [500, 100_000]) expect(() => parseUrdf(nested(n), "r.urdf")).toThrow(new InputError(message));
  });

  it("line ends of Windows, comments and blanks in hundreds of thousands are read", () => {
    const filling = ["\r\n".repeat(200_000), "<!-- < -->".repeat(100_000), " ".repeat(400_000)].join("");
    expect(
      parseUrdf(robot(`<link name="a"/>${filling}<link name="b"/>`), "r.urdf").links.map(({ name }) => name),
    ).toEqual(["a", "b"]);
  });
});
