import { parentPort, workerData } from "node:worker_threads";
import { Board } from "../board.js";
import type { ServerReply, ServerRequest, ServerStart } from "../thread.js";
import { LiveServer } from "./live-server.js";

/** The thread of the live socket: clients, whatever they send, do not hold up the control loop. */
const port = parentPort!;
const start = workerData as ServerStart;
const board = new Board(start.channels.length, start.board);
const reply = (message: ServerReply) => port.postMessage(message);

const server = new LiveServer(start, board, {
  want: (channel) => reply({ wanted: channel }),
  notice: (line) => reply({ notice: line }),
  ask: reply,
});

port.on("message", async (request: ServerRequest) => {
  if ("close" in request) {
    await server.close();
    port.close();
    return;
  }
  if (!("frames" in request)) {
    server.take(request);
    return;
  }
  if (request.time !== undefined) server.tell(request.time);
  for (const frame of request.frames) {
    if (start.channels[frame.channel]!.delivery === "every") board.add("inPipe", -frame.data.length);
    server.offer(frame);
    if (start.channels[frame.channel]!.delivery === "latest") reply({ taken: frame.channel });
  }
});

let at: "socket" | "page" = "socket";
try {
  const socket = await server.listen();
  at = "page";
  reply({ ports: { socket, page: await server.listenForPage() } });
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  reply({ failed: message, code, at });
  await server.close();
  port.close();
}
