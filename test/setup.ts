import { expect } from "vitest";

/** Arrays of the same numbers are equal at once; of what differs vitest says where. */
function sameNumbers(a: unknown, b: unknown): boolean | undefined {
  return isSame(a, b) ? true : undefined;
}

function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((x, i) => isNumber(x) && Object.is(x, b[i]));
  if (!isTyped(a) || !isTyped(b) || a.constructor !== b.constructor || a.length !== b.length) return false;
  return a.every((x: number | bigint, i: number) => Object.is(x, b[i]));
}

const isNumber = (x: unknown): x is number => typeof x === "number";
const isTyped = (x: unknown): x is Float64Array => ArrayBuffer.isView(x) && !(x instanceof DataView);

expect.addEqualityTesters([sameNumbers]);
