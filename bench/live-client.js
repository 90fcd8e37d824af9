// Subscribes to every topic of a live server and reads until the server closes.
import wsProtocol from "@foxglove/ws-protocol";
import WebSocket from "ws";

const socket = new WebSocket(process.argv[2], [wsProtocol.FoxgloveClient.SUPPORTED_SUBPROTOCOL]);
const client = new wsProtocol.FoxgloveClient({ ws: socket });
let messages = 0;
let bytes = 0;
client.on("message", ({ data }) => {
  messages++;
  bytes += data.byteLength;
});
client.on("advertise", (channels) => {
  for (const { id } of channels) client.subscribe(id);
  process.send({ subscribed: channels.length });
});
client.on("close", () => process.send({ messages, bytes }, () => process.exit(0)));
