/** A hidden page draws no frames; what waits for one is done after so long all the same, milliseconds. */
const LONGEST = 100;

/** Work for the browser's next frame; what this work asks for in turn is done in the same frame. */
const waiting = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;
let isWorking = false;

/** Does work once in the next frame, however often it is asked for. */
export function inNextFrame(work: () => void): void {
  waiting.add(work);
  if (!isWorking) ask();
}

/** Does not do what waits for a frame. */
export function notInFrame(work: () => void): void {
  waiting.delete(work);
}

function ask(): void {
  if (timer !== undefined) return;
  timer = setTimeout(workAll, LONGEST);
  requestAnimationFrame(workAll);
}

function workAll(): void {
  clearTimeout(timer);
  timer = undefined;
  isWorking = true;
  try {
    // A set is walked to its end, also to what is added on the way.
    for (const work of waiting) {
      waiting.delete(work);
      work();
    }
  } finally {
    isWorking = false;
    // Work that failed does not keep back the rest.
    if (waiting.size > 0) ask();
  }
}
