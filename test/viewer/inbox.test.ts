import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Inbox } from "../../viewer/src/model/inbox.js";

/** What waits for the browser's next frame. */
let frames: (() => void)[] = [];
const document = { hidden: false };

beforeEach(() => {
  frames = [];
  document.hidden = false;
  vi.stubGlobal("document", document);
  vi.stubGlobal("requestAnimationFrame", (work: () => void) => frames.push(work));
});
afterEach(() => {
  drawFrame();
  vi.unstubAllGlobals();
});

function drawFrame(): void {
  for (const work of frames.splice(0)) work();
}

function inbox() {
  const log: unknown[] = [];
  const made = new Inbox<number>(
    (message) => {
      if (message < 0) throw new Error(`message ${message}`);
      log.push(message);
    },
    () => log.push("done"),
    (error) => log.push((error as Error).message),
  );
  return { log, made };
}

test("messages are taken in order, together, in the next frame", () => {
  const { log, made } = inbox();
  for (const message of [1, 2, 3]) made.add(message);
  expect(log).toEqual([]);
  expect(frames).toHaveLength(1);
  drawFrame();
  expect(log).toEqual([1, 2, 3, "done"]);
  made.add(4);
  drawFrame();
  expect(log).toEqual([1, 2, 3, "done", 4, "done"]);
});

test("a hidden page, which draws no frames, takes each at once", () => {
  const { log, made } = inbox();
  made.add(1);
  document.hidden = true;
  made.add(2);
  expect(log).toEqual([1, 2, "done"]);
});

test("a browser that draws no frame for long does not pile up messages", () => {
  const { log, made } = inbox();
  const now = vi.spyOn(performance, "now");
  now.mockReturnValue(1000);
  made.add(1);
  now.mockReturnValue(1050);
  made.add(2);
  expect(log).toEqual([]);
  now.mockReturnValue(1101);
  made.add(3);
  expect(log).toEqual([1, 2, 3, "done"]);
  now.mockRestore();
});

test("what is cleared is never taken", () => {
  const { log, made } = inbox();
  made.add(1);
  made.clear();
  drawFrame();
  expect(log).toEqual([]);
});

test("a message that fails ends with its error, and the next frame goes on", () => {
  const { log, made } = inbox();
  for (const message of [1, -2, 3]) made.add(message);
  drawFrame();
  expect(log).toEqual([1, "message -2"]);
  made.add(4);
  drawFrame();
  expect(log).toEqual([1, "message -2", 4, "done"]);
});
