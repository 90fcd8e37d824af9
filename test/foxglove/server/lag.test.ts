import { expect, it } from "vitest";
import { Lag } from "#src/foxglove/server/lag.js";

const told = (lag: Lag, sent: number, missed: number) => lag.report({ sent, missed });

it("tells a client once that it is too slow, and once that it no longer is", () => {
  const lag = new Lag();
  expect(told(lag, 100, 0)).toBeUndefined();
  // Nothing was written: nobody is slow.
  expect(told(lag, 0, 0)).toBeUndefined();
  // A hiccup.
  expect(told(lag, 100, 2)).toBeUndefined();
  expect(told(lag, 10, 9)).toMatchObject({
    op: "status",
    level: 1,
    id: "slow",
    message: expect.stringContaining("too slow"),
  });
  expect(told(lag, 1, 1)).toBeUndefined();
  expect(told(lag, 100, 1)).toBeUndefined();
  expect(told(lag, 100, 0)).toEqual({ op: "removeStatus", statusIds: ["slow"] });
  expect(told(lag, 100, 0)).toBeUndefined();
  // One that reads nothing at all.
  expect(told(lag, 0, 1)).toMatchObject({ op: "status" });
});
