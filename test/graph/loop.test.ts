import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { computedWhere, loop, sumOverSteps } from "#src/graph/loop.js";
import { readInputs } from "#src/graph/onnx-read.js";
import { type ModelProto, ONNX } from "#src/graph/onnx-schema.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { decodeMessage } from "#src/graph/protobuf.js";
import { substitute } from "#src/graph/substitute.js";
import { topologicalOrder, type Value } from "#src/graph/value.js";
import { float32 } from "#src/runtime/session.js";
import { evaluate } from "../evaluate.js";

const x = b.input("x", "float32", [3]);
const feeds = { x: float32([1, -2, 4], [3]) };
const number = (i: Value) => b.cast(i, "float32");

describe("sums over steps", () => {
  it("add up what each step makes, of several values", async () => {
    const [ramp, scaled] = sumOverSteps(5, (i) => [number(i), b.mul(b.exp(x), b.mul(number(i), 2))]);
    const out = await evaluate([x], { ramp: ramp!, scaled: scaled! }, feeds);
    expect(out.ramp![0]).toBe(10);
    [1, -2, 4].forEach((value, k) => {
      expect(out.scaled![k]).toBeCloseTo(20 * Math.exp(value), 2);
    });
  });

  it("add up values that no step changes, constants, and no values", async () => {
    const [same, constant] = sumOverSteps(4, () => [x, b.scalar(3)]);
    const [none] = sumOverSteps(0, (i) => [b.mul(x, number(i))]);
    const out = await evaluate([x], { same: same!, constant: constant!, none: none! }, feeds);
    expect(Array.from(out.same!)).toEqual([4, -8, 16]);
    expect(Array.from(out.constant!)).toEqual([12]);
    expect(out.none!.every((value) => value === 0)).toBe(true);
  });

  it("can be nested, and stand next to the values that they read", async () => {
    const shared = b.mul(x, x);
    const [outer] = sumOverSteps(3, (i) => {
      const [inner] = sumOverSteps(2, (j) => [b.mul(shared, b.add(number(i), b.mul(number(j), 10)))]);
      return [inner!];
    });
    const out = await evaluate([x], { outer: outer!, shared }, feeds);
    // Σ_i Σ_j (i + 10 j) = 2·3 + 3·10.
    expect(Array.from(out.outer!)).toEqual([36, 144, 576]);
    expect(Array.from(out.shared!)).toEqual([1, 4, 16]);
  });

  it("are written as one Loop with unique names for any number of steps", () => {
    const w = b.tensor("float32", [100, 3], new Float32Array(300).fill(0.5));
    const bytes = (count: number) => {
      const [sum] = sumOverSteps(count, (i) => [b.mul(b.matmul(w, b.mul(x, number(i))), 2)]);
      const outputs = new Map([["sum", b.add(sum!, b.matmul(w, x))]]);
      return writeModel({ name: "g", inputs: new Map([["x", x]]), outputs, metadata: new Map(), opset: 18 });
    };
    expect(bytes(10_000).byteLength).toBe(bytes(2).byteLength);
    expect(readInputs(bytes(2), "g.onnx").map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ["x", "float32", [3]],
    ]);
    const { graph } = decodeMessage(ONNX, "ModelProto", bytes(7)) as unknown as ModelProto;
    const loops = graph!.node.filter(({ opType }) => opType === "Loop");
    expect(loops).toHaveLength(1);
    const body = loops[0]!.attribute[0]!.g as NonNullable<typeof graph>;
    const made = (g: typeof body) => [
      ...g.node.flatMap(({ output }) => output),
      ...g.initializer.map(({ name }) => name!),
      ...g.input.map(({ name }) => name!),
    ];
    const names = [...made(graph!), ...made(body)];
    expect(new Set(names).size).toBe(names.length);
    const known = new Set(names);
    for (const { input } of body.node)
      for (const name of input) expect(known.has(name) || name === "", name).toBe(true);
    // What steps read from outside is read by name: only its number, the condition and the sum are passed on.
    expect(loops[0]!.input).toHaveLength(3);
    expect(body.input).toHaveLength(3);
  });
});

describe("loops", () => {
  const most = (steps: number) => b.scalar(steps, "int64");

  it("hand on their state, and end where a step says so or after the most steps", async () => {
    const doubled = (limit: number, steps: number) =>
      loop({ most: most(steps), start: [x, b.scalar(0)] }, (i, [value, last]) => {
        const next = b.mul(value!, 2);
        return { state: [next, b.add(b.mul(last!, 0), number(i))], goOn: b.less(b.reduceMax(next), limit) };
      });
    const [early, at] = doubled(30, 10);
    const [late] = doubled(1e9, 2);
    const out = await evaluate([x], { early: early!, at: at!, late: late! }, feeds);
    expect(Array.from(out.early!)).toEqual([8, -16, 32]);
    expect(out.at![0]).toBe(2);
    expect(Array.from(out.late!)).toEqual([4, -8, 16]);
  });

  it("do not begin where the condition does not hold at first", async () => {
    const first = b.greater(b.reduceMax(x), 10);
    const [same] = loop({ most: most(3), start: [x], first }, (_, [value]) => ({ state: [b.mul(value!, 2)] }));
    expect(Array.from((await evaluate([x], { same: same! }, feeds)).same!)).toEqual([1, -2, 4]);
  });

  it("compute values only where a condition holds", async () => {
    const y = b.mul(x, x);
    const dear = b.exp(y);
    const when = (condition: Value) => computedWhere(condition, [dear], new Set(topologicalOrder([y])))[0]!;
    const out = await evaluate(
      [x],
      { held: when(b.greater(b.reduceMax(x), 1)), not: when(b.greater(b.reduceMax(x), 10)) },
      feeds,
    );
    [1, 4, 16].forEach((square, k) => {
      expect(out.held![k]! / Math.exp(square)).toBeCloseTo(1, 5);
    });
    expect(Array.from(out.not!)).toEqual([0, 0, 0]);
  });
});

describe("windows whose place is computed", () => {
  const grid = b.input("grid", "float32", [4, 5]);
  const at = b.input("at", "int64", [2]);
  const numbers = Float32Array.from({ length: 20 }, (_, i) => i + 1);

  it("are cut from a tensor and put back at their place", async () => {
    const cut = b.windowAt(grid, [0, 1], at, [2, 3]);
    expect(cut.shape).toEqual([2, 3]);
    const back = b.placedAt(cut, [0, 1], at, [4, 5]);
    for (const [row, column] of [
      [0, 0],
      [1, 2],
      [2, 1],
    ] as const) {
      const place = { dtype: "int64", shape: [2], data: BigInt64Array.of(BigInt(row), BigInt(column)) } as const;
      const out = await evaluate([grid, at], { cut, back }, { grid: float32(numbers, [4, 5]), at: place });
      const within = (i: number) =>
        Math.floor(i / 5) >= row && Math.floor(i / 5) < row + 2 && i % 5 >= column && i % 5 < column + 3;
      expect(Array.from(out.cut!)).toEqual(Array.from(numbers).filter((_, i) => within(i)));
      expect(Array.from(out.back!)).toEqual(Array.from(numbers, (value, i) => (within(i) ? value : 0)));
    }
  });

  it("need ends that are the starts plus a constant", () => {
    const slice = () => apply("Slice", [grid, at, b.add(b.int64([2, 3]), at)]);
    expect(slice).toThrow("Slice: starts must be a constant, or ends these starts plus a constant, in steps of one");
  });
});

describe("substitution", () => {
  const y = b.input("y", "float32", [3]);
  const shared = b.exp(y);
  const value = b.add(b.mul(x, 2), shared);

  it("makes again only what reads a replaced value", async () => {
    const [other] = substitute([value], new Map([[x, b.mul(x, 10)]]));
    expect(other!.node.inputs[1]).toBe(shared);
    const out = await evaluate([x, y], { value, other: other! }, { ...feeds, y: float32([0, 0, 0], [3]) });
    expect(Array.from(out.value!)).toEqual([3, -3, 9]);
    expect(Array.from(out.other!)).toEqual([21, -39, 81]);
    expect(substitute([value], new Map())[0]).toBe(value);
  });

  it("replaces inner values and outputs, and keeps what is replaced by itself", () => {
    expect(substitute([value], new Map([[value, y]]))[0]).toBe(y);
    const held = substitute(
      [value],
      new Map([
        [shared, shared],
        [y, x],
      ]),
    )[0]!;
    expect(held).toBe(value);
  });
});
