import { describe, expect, it } from "vitest";
import type * as z from "zod";
import type { Attribution } from "#src/relevance/contract/attribution.js";
import { choice, configure, flag, method, number, parseSpec } from "#src/relevance/methods/method-spec.js";
import { METHODS, methodNamed } from "#src/relevance/methods.js";

const seen: unknown[] = [];
const entry = method({
  name: "sample",
  title: "",
  cite: "",
  conserves: false,
  linear: true,
  contrasts: true,
  options: {
    gamma: number(0.25, "weight", { above: 0, most: 100 }),
    steps: number(50, "count", { above: 0, most: 1000, whole: true }),
    first: choice(["zbox", "flat"], "rule of the first layer"),
    raw: flag("not multiplied by the input"),
  },
  make: (options) => {
    seen.push(options);
    return (): Attribution => {
      throw new Error("not run");
    };
  },
});

const made = (spec: string) => configure(entry, parseSpec(spec).values);

describe("a method's name and options", () => {
  it("are read, with defaults for the rest", () => {
    made("sample:gamma=0.5,first=flat,raw=true");
    expect(seen.at(-1)).toEqual({ gamma: 0.5, steps: 50, first: "flat", raw: true });
  });

  it("are written back with what is not a default", () => {
    expect(made("sample").spec).toBe("sample");
    expect(made("sample:gamma=0.25,first=zbox").spec).toBe("sample");
    expect(made("sample:steps=7,raw=true").spec).toBe("sample:steps=7,raw=true");
    expect(made(made("sample: gamma = 2 , steps=3").spec).spec).toBe("sample:gamma=2,steps=3");
  });

  it.each([
    ["sample:gamma", 'method sample:gamma: found "gamma", expected option=value'],
    ["sample:", 'method sample:: found "", expected option=value'],
    ["sample:steps=1,steps=2", "method sample:steps=1,steps=2: option steps is given twice"],
    ["sample:gama=1", "method sample: unknown option gama, expected one of gamma, steps, first, raw"],
    ["sample:gamma=0", 'method sample: option gamma: found "0", expected a number above 0 and at most 100'],
    ["sample:gamma=much", 'method sample: option gamma: found "much", expected a number above 0 and at most 100'],
    [
      "sample:gamma=Infinity",
      'method sample: option gamma: found "Infinity", expected a number above 0 and at most 100',
    ],
    ["sample:steps=1.5", 'method sample: option steps: found "1.5", expected a whole number above 0 and at most 1000'],
    ["sample:steps=1e9", 'method sample: option steps: found "1e9", expected a whole number above 0 and at most 1000'],
    ["sample:first=last", 'method sample: option first: found "last", expected one of zbox, flat'],
    ["sample:raw=yes", 'method sample: option raw: found "yes", expected true or false'],
  ])("%s is refused", (spec, message) => {
    expect(() => made(spec)).toThrow(message);
  });

  it("every number of every method has a largest value, which its description tells", () => {
    for (const entry of METHODS)
      for (const [key, schema] of Object.entries(entry.options.shape as Record<string, z.ZodType>)) {
        if (typeof schema.parse(undefined) !== "number") continue;
        const most = /; at most (\d+)$/.exec(schema.description ?? "")?.[1];
        expect(() => configure(entry, { [key]: most })).not.toThrow();
        const more = `${Number(most) + 1}`;
        expect(() => configure(entry, { [key]: more })).toThrow(
          new RegExp(`option ${key}: found "${more}", expected .* and at most ${most}$`),
        );
      }
  });

  it("an unknown method is refused with the known ones", () => {
    expect(() => methodNamed("lime")).toThrow(/^method lime is unknown; known are dtd/);
    expect(() => methodNamed("")).toThrow(/^the method has no name; known are dtd/);
  });
});
