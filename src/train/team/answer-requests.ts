import type { MessagePort } from "node:worker_threads";
import type { DeviceInUse } from "../../runtime/device.js";
import type { Answer, Request, Rows, Work } from "./work.js";

/** Where a worker's training steps run, and the reason where that is not the requested device. */
interface Place {
  readonly device: DeviceInUse;
  readonly fallback: string | undefined;
}

/** Says that a worker is ready, then answers the team's requests one at a time. Each work is set up once. */
export function answerRequests<C>(
  port: MessagePort,
  table: Readonly<Record<string, (context: C) => Work>>,
  context: C,
  { device, fallback }: Place,
): void {
  const ready = new Map<string, Work>(Object.entries(table).map(([kind, start]) => [kind, start(context)]));
  const answer = async (request: Request): Promise<Rows> => ready.get(request.kind)!.answer(request);
  port.on("message", (request: Request) => {
    answer(request).then(
      (rows) => port.postMessage({ rows } satisfies Answer),
      (error: Error) => port.postMessage({ failure: error.message } satisfies Answer),
    );
  });
  port.postMessage({ rows: [], device, fallback } satisfies Answer);
}
