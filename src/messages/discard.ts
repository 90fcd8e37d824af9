import { MessageChannel } from "node:worker_threads";

const { port1, port2 } = new MessageChannel();
port2.close();
port1.unref();

/**
 * Gives the memory of an array back at once, where the collector would come for it later, and often: V8 collects for
 * every few dozen megabytes beside its heap. The array and all others of its buffer have no elements afterwards.
 */
export function discard({ buffer }: Uint8Array): void {
  // What is sent to where nobody can receive it is given up.
  port1.postMessage(undefined, [buffer as ArrayBuffer]);
}
