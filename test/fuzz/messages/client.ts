import { once } from "node:events";
import WebSocket from "ws";

const MESSAGE_DATA = 1;
const TIME = 2;

/** A client of the live socket that sends what it is told, and keeps what it hears. */
export class Client {
  readonly statuses: string[] = [];
  /** Message frames: subscription, and stamp and data as text. */
  readonly frames: { readonly subscription: number; readonly stamp: bigint; readonly data: Buffer }[] = [];
  newest = 0n;
  readonly closed: Promise<unknown>;
  isClosed = false;

  private constructor(readonly socket: WebSocket) {
    socket.on("message", (data: Buffer, isBinary) => this.#hear(data, isBinary));
    socket.on("error", () => undefined);
    this.closed = once(socket, "close").then(() => {
      this.isClosed = true;
    });
  }

  static async connect(url: string): Promise<Client> {
    const client = new Client(new WebSocket(url, ["foxglove.sdk.v1"]));
    await once(client.socket, "open");
    return client;
  }

  #hear(data: Buffer, isBinary: boolean): void {
    if (!isBinary) {
      const { op, message } = JSON.parse(data.toString()) as { op: string; message?: string };
      if (op === "status") this.statuses.push(message!);
    } else if (data[0] === TIME) this.newest = data.readBigUInt64LE(1);
    else if (data[0] === MESSAGE_DATA)
      this.frames.push({ subscription: data.readUInt32LE(1), stamp: data.readBigUInt64LE(5), data: data.subarray(13) });
  }

  /** Waits until the server has seen all that was sent. */
  async roundTrip(): Promise<void> {
    if (this.isClosed) return;
    this.socket.ping();
    await Promise.race([once(this.socket, "pong"), this.closed]);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.isClosed) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
