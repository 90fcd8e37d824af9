import { expect, test } from "vitest";
import { readModel } from "#src/graph/onnx-read.js";
import { loadPolicy } from "#src/policy/policy.js";
import { random } from "#src/sim/random.js";
import { allocateStates, readStates, writeState } from "#src/train/distillation/states.js";
import {
  ANSWERS,
  answeredColumns,
  distanceStep,
  mappedColumns,
  outputKindOf,
  regulariserStep,
} from "#src/train/distillation/steps.js";
import { Student } from "#src/train/distillation/student.js";
import { Step } from "#src/train/network/step.js";
import { relativeError } from "../../evaluate.js";

const STATES = 3;

test.each(["reacher", "door", "red-fetch-green"])(
  "the loss and gradient of several states at once are the means of the states' own: %s",
  async (name) => {
    const policy = await loadPolicy(`models/${name}.onnx`);
    const student = new Student(policy, readModel(policy.bytes, policy.path));
    const kind = outputKindOf(policy);
    const source = random(5);
    const parameters = new Float32Array(student.size);
    student.start(parameters, "teacher", source);
    for (let i = 0; i < parameters.length; i++) parameters[i]! *= 1 + 0.1 * source.normal();
    for (const [columns, step] of [
      [mappedColumns(policy), (count: number) => regulariserStep(student, kind, "largest", count)],
      [mappedColumns(policy), (count: number) => regulariserStep(student, kind, "sum", count)],
      [answeredColumns(policy), (count: number) => distanceStep(student, kind, count)],
    ] as const) {
      const states = allocateStates(STATES, columns);
      for (let row = 0; row < STATES; row++) writeState(states, row, stateOf(columns, source));
      const run = async (count: number, rows: readonly number[]) => {
        const model = step(count);
        expect(model.batch).toBe(count);
        const one = await Step.create(model, student.layout, "cpu");
        const gradient = new Float32Array(student.size);
        const [loss] = await one.run(readStates(states, rows), parameters, gradient);
        await one.session.release();
        return { loss: loss!, gradient };
      };
      const together = await run(STATES, [2, 0, 1]);
      const alone = [await run(1, [0]), await run(1, [1]), await run(1, [2])];
      const mean = (of: (one: (typeof alone)[number]) => number) => alone.reduce((sum, x) => sum + of(x) / STATES, 0);
      expect(relativeError([together.loss], [mean(({ loss }) => loss)])).toBeLessThan(1e-5);
      const expected = together.gradient.map((_, i) => mean(({ gradient }) => gradient[i]!));
      expect(relativeError(together.gradient, expected)).toBeLessThan(1e-4);
      expect(relativeError(alone[0]!.gradient, expected)).toBeGreaterThan(0.01);
    }
  },
);

/** Random inputs, answers that sum to 1, and masks. */
function stateOf(columns: ReturnType<typeof mappedColumns>, source: ReturnType<typeof random>) {
  return Object.fromEntries(
    columns.map(({ name, dtype, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const draw = (): number => {
        if (dtype === "uint8") return source.integer(256);
        if (name.startsWith("torquelens.mask")) return source.integer(2);
        return name === ANSWERS ? 1 / size : 0.3 * source.normal();
      };
      const numbers = Array.from({ length: size }, draw);
      const data = dtype === "uint8" ? Uint8Array.from(numbers) : Float32Array.from(numbers);
      return [name, { dtype, shape, data }];
    }),
  ) as never;
}
