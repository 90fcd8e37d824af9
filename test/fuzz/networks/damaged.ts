import fc from "fast-check";
import { InputError } from "#src/errors.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { relativeError } from "../../evaluate.js";
import { runModel } from "../../graph/onnx-model.js";
import { failed } from "../failed.js";
import { kind } from "../kind.js";
import { type PolicyCase, policyCases, policyOfCase } from "./policy.js";
import { tensorsOf } from "./untouched.js";

interface DamagedCase {
  readonly policy: PolicyCase;
  readonly damages: readonly Damage[];
}

type Damage =
  /** Place in hundred-thousandths of the file; structure stands at its beginning and end, weights between. */
  | { readonly how: "bit" | "byte" | "gone" | "more"; readonly place: number; readonly value: number }
  | { readonly how: "cut"; readonly place: number };

const place = fc.oneof(fc.nat(99_999), fc.nat(20_000), fc.integer({ min: 90_000, max: 99_999 }));

const damage: fc.Arbitrary<Damage> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      how: fc.constantFrom<("bit" | "byte" | "gone" | "more")[]>("bit", "bit", "bit", "bit", "byte", "gone", "more"),
      place,
      value: fc.nat(255),
    }),
  },
  { weight: 1, arbitrary: fc.record({ how: fc.constant("cut" as const), place }) },
);

type Outputs = Awaited<ReturnType<typeof runModel>>;

/** A damaged model file is refused in one line, or read as onnxruntime reads it: the same torque. */
export const damagedModels = kind<DamagedCase>({
  name: "damaged-models",
  about: "ONNX files with bits changed, cut or put in: refused in one line, or onnxruntime's torque",
  cases: fc.record({ policy: policyCases, damages: fc.array(damage, { minLength: 1, maxLength: 2 }) }),
  holds: async ({ policy, damages }) => {
    const { bytes, feeds } = policyOfCase(policy);
    const damaged = damages.reduce(applied, bytes);
    let written: Uint8Array;
    try {
      written = writeModel(readModel(damaged, "p.onnx"));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      if (!/^p\.onnx: [^\n]+$/.test(error.message)) failed(`not one line of the file: ${error.message}`);
      return "refused";
    }
    const given = tensorsOf(feeds);
    const expected = await runModel(damaged, given).catch(() => undefined);
    // Names, shapes and versions that onnxruntime refuses may be read here: nothing depends on them.
    if (!expected) return "read, and refused by onnxruntime";
    const found = await runModel(written, given);
    const numbers = ({ torque }: Outputs) => Array.from((torque?.data ?? []) as Float32Array, Number);
    const [ours, theirs] = [numbers(found), numbers(expected)];
    // What becomes of a NaN differs between kernels; a torque that is one is refused at run time.
    if (![...ours, ...theirs].every(Number.isFinite)) return "read, not finite";
    if (relativeError(ours, theirs) > 1e-3) failed(`the torque is ${ours}, onnxruntime gives ${theirs}`);
    return "read, the same torque";
  },
});

function applied(bytes: Uint8Array, made: Damage): Uint8Array {
  const at = Math.floor((bytes.length * made.place) / 100_000);
  if (made.how === "cut") return bytes.slice(0, at);
  const changed = Uint8Array.from(bytes);
  if (made.how === "bit") changed[at]! ^= 1 << (made.value % 8);
  if (made.how === "byte") changed[at] = made.value;
  if (made.how === "gone") return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1)]);
  if (made.how === "more") return Uint8Array.from([...bytes.subarray(0, at), made.value, ...bytes.subarray(at)]);
  return changed;
}
