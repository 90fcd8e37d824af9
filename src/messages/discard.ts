import { MessageChannel } from "node:worker_threads";

const { port1, port2 } = new MessageChannel();
port2.close();
port1.unref();

/**
 * Frees the memory of an array at once. Otherwise V8 runs its garbage collector for every few dozen megabytes outside its
 * heap. The array, and every other array of its buffer, is empty afterwards.
 */
export function discard({ buffer }: Uint8Array): void {
  // A buffer that is transferred to a closed port is freed.
  port1.postMessage(undefined, [buffer as ArrayBuffer]);
}
