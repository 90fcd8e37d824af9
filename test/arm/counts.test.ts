import { describe, expect, it } from "vitest";
import { Arm } from "#src/arm/arm.js";
import { checkCounts } from "#src/arm/counts.js";
import { ImportanceFactor } from "#src/arm/importance.js";
import { modelFromXml } from "#src/arm/mujoco.js";

// Only checked: nothing here is given to MuJoCo.
const refusal = (...texts: string[]): string | undefined => {
  try {
    checkCounts(new Map(texts.map((text, i) => [`${i}.xml`, text])), "arm.xml");
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};
const copies = (count: string, inner = "<body/>") => `<replicate count="${count}" offset="1 0 0">${inner}</replicate>`;

describe("an arm's model is refused before it is compiled", () => {
  it.each([
    [copies("1001"), "arm.xml: <replicate> makes 1001 copies; the limit is 1000"],
    [copies("40", copies("40")), "arm.xml: <replicate> makes 1600 copies; the limit is 1000"],
    [
      "<texture width='100000' height='100000'/>",
      '0.xml: <texture width="100000" height="100000"> is 10000000000; the limit is 10000000',
    ],
    [
      '<hfield nrow="10000"\n ncol="10000"/>',
      '0.xml: <hfield nrow="10000" ncol="10000"> is 100000000; the limit is 10000000',
    ],
    ['<composite count="100 100 1"/>', '0.xml: <composite count="100 100 1"> is 10000; the limit is 1000'],
    ['<size memory="100G"/>', '0.xml: <size memory="100G"> is 107 GB; the limit is 256 MB'],
    ['<size nstack="1e9"/>', '0.xml: <size nstack="1e9"> is 8 GB; the limit is 256 MB'],
    ['<size nuserdata="200000"/>', '0.xml: <size nuserdata="200000"> is 200000; the limit is 100000'],
    ['<option iterations="2000000"/>', '0.xml: <option iterations="2000000"> is 2000000; the limit is 100000'],
    ['<mesh builtin="supertorus" params="9999 1"/>', '0.xml: <mesh params="9999 1"> is 9999; the limit is 300'],
  ])("%s", (text, message) => {
    expect(refusal(`<mujoco>${text}</mujoco>`)).toBe(message);
  });

  it("for copies by files that include each other", () => {
    expect(refusal(copies("40"), copies("40"))).toBe("arm.xml: <replicate> makes 1600 copies; the limit is 1000");
  });

  it("and not for what arms have", () => {
    const one = copies("500") + copies("500");
    const rest = '<texture builtin="gradient" width="800" height="4800"/><size memory="64M" njmax="5000"/>';
    expect(
      refusal(`<mujoco>${one}${rest}<option iterations="100"/><!-- ${copies("9999")} --></mujoco>`),
    ).toBeUndefined();
  });
});

describe("a control period", () => {
  const xml =
    '<mujoco><option timestep="0.001"/><worldbody><body><joint name="j"/><geom size="1"/><site name="tip"/></body></worldbody></mujoco>';

  it("of more steps than the limit is refused, with both", async () => {
    const model = await modelFromXml(xml, "arm.xml");
    const arm = new Arm(model, ["j"], { site: "tip" });
    new ImportanceFactor(arm, 100).delete();
    expect(() => new ImportanceFactor(arm, 101)).toThrow(
      "arm.xml: a control period of 101 s is 101000 steps of 0.001 s; the limit is 100000",
    );
    arm.delete();
    model.delete();
  });
});
