// Clients of a live socket that misuse it, for bench/clients.js: node bad-clients.js URL KIND. Ends when it is killed.
import wsProtocol from "@foxglove/ws-protocol";
import WebSocket from "ws";

const [url, kind] = process.argv.slice(2);
const PROTOCOL = wsProtocol.FoxgloveClient.SUPPORTED_SUBPROTOCOL;

function connect() {
  const socket = new WebSocket(url, [PROTOCOL]);
  // Refusals and resets are what these clients are for.
  socket.on("error", () => {});
  return socket;
}

/** Sends without end, as fast as the server takes it, and comes back when it is expelled. */
function flood(message) {
  const socket = connect();
  let i = 0;
  const send = () => {
    if (socket.readyState !== WebSocket.OPEN) return;
    for (let n = 0; n < 100 && socket.bufferedAmount < 1e6; n++) socket.send(message(i++));
    setImmediate(send);
  };
  socket.on("open", send);
  socket.on("close", () => setImmediate(() => flood(message)));
}

/** A client that subscribes to every topic. */
function subscribe({ reads }) {
  const socket = connect();
  const client = new wsProtocol.FoxgloveClient({ ws: socket });
  client.on("advertise", (channels) => {
    for (const { id } of channels) client.subscribe(id);
    if (!reads) socket.pause();
  });
}

function storm() {
  const socket = connect();
  socket.on("open", () => socket.terminate());
  socket.on("close", () => setImmediate(storm));
}

const flip = [
  '{"op":"subscribe","subscriptions":[{"id":1,"channelId":1}]}',
  '{"op":"unsubscribe","subscriptionIds":[1]}',
];
const many = JSON.stringify({ op: "subscribe", subscriptions: Array(2000).fill({ id: 1, channelId: 1 }) });
const KINDS = {
  viewer: () => subscribe({ reads: true }),
  spin: () => {
    const spin = () => {
      const until = performance.now() + 10;
      while (performance.now() < until);
      setImmediate(spin);
    };
    spin();
  },
  malformed: () => flood(() => "{"),
  many: () => flood(() => many),
  flip: () => flood((i) => flip[i % 2]),
  binary: () => flood(() => Buffer.of(1, 2, 3)),
  deaf: () => {
    for (let i = 0; i < 50; i++) subscribe({ reads: false });
  },
  idle: () => {
    for (let i = 0; i < 500; i++) connect();
  },
  storm: () => {
    for (let i = 0; i < 20; i++) storm();
  },
};
KINDS[kind]();
