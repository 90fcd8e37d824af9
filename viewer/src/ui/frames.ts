/** Work for the browser's next frame; what this work asks for in turn is done in the same frame. */
const waiting = new Set<() => void>();
let request = 0;
let isWorking = false;

/** Does work once in the next frame, however often it is asked for. */
export function inNextFrame(work: () => void): void {
  waiting.add(work);
  if (request === 0 && !isWorking) request = requestAnimationFrame(workAll);
}

/** Does not do what waits for a frame. */
export function notInFrame(work: () => void): void {
  waiting.delete(work);
}

function workAll(): void {
  request = 0;
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
    if (waiting.size > 0) request = requestAnimationFrame(workAll);
  }
}
