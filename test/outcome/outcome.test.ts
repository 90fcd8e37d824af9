import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { GROUPINGS } from "#src/outcome/groups.js";
import { parseOutcome } from "#src/outcome/outcome.js";
import { OutcomeTable } from "#src/outcome/outcome-table.js";

describe("an outcome", () => {
  it("is a word or a JSON object", () => {
    expect(parseOutcome("Success", "x")).toEqual({ success: true });
    expect(parseOutcome("false", "x")).toEqual({ success: false });
    const whole = { success: false, error: 0.034, condition: "far", ablation: null, perturbations: [{ tick: 3 }] };
    expect(parseOutcome(JSON.stringify(whole), "x")).toEqual(whole);
  });

  it.each([
    ["maybe", 'x: found "maybe", expected success, failure or a JSON object with the key success'],
    ['{"success": 1}', "x: success: expected true or false"],
    ['{"success": true, "errors": 1}', "x: the outcome: expected a mapping with the keys success"],
    ["[]", "x: the outcome: expected a mapping"],
  ])("is refused in one line: %s", (text, message) => {
    expect(() => parseOutcome(text, "x")).toThrow(InputError);
    expect(() => parseOutcome(text, "x")).toThrow(message);
  });

  it("puts a run into groups", () => {
    const groups = (outcome: Parameters<typeof GROUPINGS.outcome>[0]) =>
      Object.values(GROUPINGS).map((of) => of(outcome));
    expect(groups(undefined)).toEqual(["unknown", "unknown", "none", "undisturbed"]);
    expect(groups({ success: false, condition: "far", ablation: "image=frozen", perturbations: [{}] })).toEqual([
      "failure",
      "far",
      "image=frozen",
      "perturbed",
    ]);
  });
});

describe("a table of outcomes", () => {
  const table = () =>
    OutcomeTable.parse('run,success,error\nbags/a.mcap,1,0.01\n\n"b, c",failure,\nb#2,success,\nnone,0,\n', "t.csv");

  it("names runs by path, by file, or by file without its ending", () => {
    const found = table();
    expect(found.of({ bag: "bags/a.mcap", episode: 0 })).toEqual({ success: true, error: 0.01, condition: null });
    expect(found.of({ bag: "bags/a.mcap", episode: 1 })).toBeUndefined();
    expect(found.of({ bag: "x/b, c.mcap", episode: 0 })).toMatchObject({ success: false });
    expect(found.of({ bag: "/y/b", episode: 2 })).toMatchObject({ success: true });
    expect(found.unused).toBe("t.csv: 1 of 4 rows name no run of this report, the first: none");
  });

  it("is refused where no row is of any run", () => {
    const of = OutcomeTable.parse("run,success\na,1\nb,0\n", "t.csv");
    of.of({ bag: "c.mcap", episode: 0 });
    expect(() => of.checkUsed()).toThrow(
      /^t\.csv: 2 of 2 rows name no run of this report, the first: a; expected names/,
    );
    of.of({ bag: "b.mcap", episode: 0 });
    expect(() => of.checkUsed()).not.toThrow();
  });

  it.each([
    ["", "t.csv: found nothing, expected run, success[, error, condition]"],
    ["run,what\na,b", "t.csv: found the columns run, what, expected run, success[, error, condition]"],
    ["run,success\na,yes", 't.csv: line 2: success: found "yes", expected success or failure'],
    ["run,success\na,1\na,0", "t.csv: line 3: the run a again, expected each run once"],
    ["run,success\na,1,2", "t.csv: line 2: found 3 cells, expected 2 (run, success)"],
    ["run,success,error\na,1,far", 't.csv: line 2: error: found "far", expected metres'],
  ])("is refused in one line: %s", (text, message) => {
    expect(() => OutcomeTable.parse(text, "t.csv")).toThrow(message);
  });
});
