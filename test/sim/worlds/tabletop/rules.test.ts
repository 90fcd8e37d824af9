import { describe, expect, it } from "vitest";
import { isMet, nextGoal } from "#src/sim/worlds/tabletop/goals.js";
import { act, type Table, thingsIn, underGripper } from "#src/sim/worlds/tabletop/rules.js";
import type { Thing } from "#src/sim/worlds/tabletop/things.js";

const THINGS: readonly Thing[] = [
  { kind: "block", colour: "red" },
  { kind: "ball", colour: "blue" },
  { kind: "cup", colour: "green" },
  { kind: "bowl", colour: "red" },
  { kind: "drawer", colour: "yellow" },
];
const [BLOCK, BALL, CUP, BOWL, DRAWER] = [0, 1, 2, 3, 4] as const;

/** The block in cell 0, the ball in 1, the cup in 2, the bowl in 6, the closed drawer in 7, the gripper above cell 0. */
const table = (change: Partial<Table> = {}): Table => ({
  things: THINGS,
  cells: [0, 1, 2, 6, 7],
  containers: [-1, -1, -1, -1, -1],
  slots: [0, 0, 0, 0, 0],
  open: [false, false, false, false, false],
  gripper: 0,
  held: -1,
  ...change,
});

describe("moves", () => {
  it("shift the gripper by a cell, and lead nowhere at the edge", () => {
    const at = table();
    const way = ["left", "forward", "right", "back", "right", "left", "left", "back", "back", "back", "left"] as const;
    const cells = way.map((action) => {
      expect(act(at, action, undefined)).toBe(true);
      return at.gripper;
    });
    expect(cells).toEqual([0, 0, 1, 6, 7, 6, 5, 10, 15, 15, 15]);
    const corner = table({ gripper: 19 });
    for (const action of ["right", "back"] as const) act(corner, action, undefined);
    expect(corner.gripper).toBe(19);
  });

  it("carry what the gripper holds", () => {
    const at = table();
    act(at, "pick", { thing: BLOCK });
    act(at, "back", undefined);
    expect([at.cells[BLOCK], at.cells[BALL]]).toEqual([5, 1]);
    expect(thingsIn(at, 5)).toEqual([]);
  });
});

describe("pick", () => {
  it.each([
    ["a block under the gripper", table(), { thing: BLOCK }, true],
    ["a ball that is elsewhere", table(), { thing: BALL }, false],
    ["a bowl", table({ gripper: 6 }), { thing: BOWL }, false],
    ["a drawer", table({ gripper: 7 }), { thing: DRAWER }, false],
    ["nothing", table(), undefined, false],
    ["the table", table(), { cell: 0 }, false],
    ["with a full gripper", table({ held: CUP, cells: [0, 1, 0, 6, 7] }), { thing: BLOCK }, false],
    [
      "out of a closed drawer",
      table({ gripper: 7, cells: [7, 1, 2, 6, 7], containers: [4, -1, -1, -1, -1] }),
      { thing: BLOCK },
      false,
    ],
    [
      "out of an open drawer",
      table({
        gripper: 7,
        cells: [7, 1, 2, 6, 7],
        containers: [4, -1, -1, -1, -1],
        open: [false, false, false, false, true],
      }),
      { thing: BLOCK },
      true,
    ],
  ] as const)("%s", (_, at, target, works) => {
    const held = at.held;
    expect(act(at, "pick", target)).toBe(works);
    expect([at.held, at.containers[BLOCK]]).toEqual(works ? [BLOCK, -1] : [held, at.containers[BLOCK]]);
  });
});

describe("place", () => {
  const holding = (gripper: number, change: Partial<Table> = {}) =>
    table({ gripper, held: BLOCK, cells: [gripper, 1, 2, 6, 7], ...change });

  it.each([
    ["on a free cell", holding(12), { cell: 12 }, true, -1],
    ["on another cell", holding(12), { cell: 13 }, false, -1],
    ["on a cell with a ball", holding(1), { cell: 1 }, false, -1],
    ["into a ball", holding(1), { thing: BALL }, false, -1],
    ["into the bowl", holding(6), { thing: BOWL }, true, BOWL],
    ["into a bowl that is elsewhere", holding(5), { thing: BOWL }, false, -1],
    ["into a closed drawer", holding(7), { thing: DRAWER }, false, -1],
    ["into an open drawer", holding(7, { open: [false, false, false, false, true] }), { thing: DRAWER }, true, DRAWER],
    ["with an empty gripper", table({ gripper: 6 }), { thing: BOWL }, false, -1],
    ["nowhere", holding(12), undefined, false, -1],
  ] as const)("%s", (_, at, target, works, into) => {
    const { held, gripper } = at;
    expect(act(at, "place", target)).toBe(works);
    expect([at.held, at.containers[BLOCK]]).toEqual([works ? -1 : held, into]);
    if (works) expect(at.cells[BLOCK]).toBe(gripper);
  });

  it("gives each thing in a container a place of its own, of which a taken one is free again", () => {
    const at = table({ cells: [6, 6, 6, 6, 7], gripper: 6, containers: [-1, 3, 3, -1, -1], slots: [0, 0, 1, 0, 0] });
    at.held = BLOCK;
    expect(act(at, "place", { thing: BOWL })).toBe(true);
    expect(at.slots.slice(0, 3)).toEqual([2, 0, 1]);
    act(at, "pick", { thing: BALL });
    expect(act(at, "place", { thing: BOWL })).toBe(true);
    expect(at.slots.slice(0, 3)).toEqual([2, 0, 1]);
    // From below: the bowl, then its contents by place.
    expect(thingsIn(at, 6)).toEqual([BOWL, BALL, CUP, BLOCK]);
  });
});

describe("open and close", () => {
  it("change a drawer under the gripper, once", () => {
    const at = table({ gripper: 7 });
    const done = (["close", "open", "open", "close", "close"] as const).map((action) =>
      act(at, action, { thing: DRAWER }),
    );
    expect(done).toEqual([false, true, false, true, false]);
    expect(act(table({ gripper: 6 }), "open", { thing: BOWL })).toBe(false);
    expect(act(table(), "open", { thing: DRAWER })).toBe(false);
  });
});

describe("without a mask", () => {
  it("an interaction is with what fits it under the gripper", () => {
    const bowl = table({ gripper: 6, cells: [6, 6, 2, 6, 7], containers: [3, 3, -1, -1, -1], slots: [0, 1, 0, 0, 0] });
    expect(underGripper(bowl, "pick")).toEqual({ thing: BALL });
    expect(underGripper(bowl, "place")).toEqual({ thing: BOWL });
    expect(underGripper(bowl, "open")).toBeUndefined();
    expect(underGripper(table({ gripper: 12 }), "place")).toEqual({ cell: 12 });
    expect(underGripper(table({ gripper: 12 }), "pick")).toBeUndefined();
    expect(underGripper(table({ gripper: 7 }), "close")).toEqual({ thing: DRAWER });
    const shut = table({ gripper: 7, cells: [7, 1, 2, 6, 7], containers: [4, -1, -1, -1, -1] });
    expect(underGripper(shut, "pick")).toBeUndefined();
  });
});

describe("sub-goals", () => {
  const put = { kind: "put", thing: BLOCK, into: DRAWER } as const;
  const close = { kind: "close", thing: DRAWER } as const;
  const hold = { kind: "hold", thing: CUP } as const;

  it("are met by the state of the table", () => {
    const at = table({ containers: [4, -1, -1, -1, -1], cells: [7, 1, 2, 6, 7] });
    expect([put, close, hold, { kind: "open", thing: DRAWER } as const].map((goal) => isMet(at, goal))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    at.held = CUP;
    expect(isMet(at, hold)).toBe(true);
  });

  it("are worked on in turn, but a drawer is not closed before it is filled", () => {
    expect(nextGoal(table(), [put, close])).toBe(0);
    // Open, and the block still outside: closing comes later, whatever its place in the sentence.
    const open = table({ open: [false, false, false, false, true] });
    expect(nextGoal(open, [close, put])).toBe(1);
    expect(nextGoal(open, [close])).toBe(0);
    // What the gripper holds goes first.
    const other = { kind: "put", thing: BALL, into: BOWL } as const;
    expect(nextGoal(table({ held: BALL, gripper: 1 }), [put, other])).toBe(1);
    expect(nextGoal(table({ containers: [4, -1, -1, -1, -1] }), [put, close])).toBe(-1);
  });
});
