import type { Table } from "../../parameters/spec.js";

/** Parameters of the page that the node serves. */
export const VIEWER_PARAMETERS = {
  viewer: {
    type: "bool",
    default: false,
    description: "True: the node serves the page that shows its explanations in a browser.",
    changeable: "unconfigured",
  },
  viewer_port: {
    type: "integer",
    range: [0, 65535],
    default: 8080,
    description: "Port of the page and its socket; 0: any free one.",
    changeable: "unconfigured",
  },
  viewer_host: {
    type: "string",
    default: "127.0.0.1",
    description: "Address to serve the page on; 0.0.0.0: every network. Beyond this machine a token is needed.",
    changeable: "unconfigured",
  },
  viewer_token: {
    type: "string",
    default: "",
    description: "Word that lets in; empty: a random one where others reach the address, which the log shows.",
    changeable: "unconfigured",
  },
  viewer_read_only: {
    type: "bool",
    default: true,
    description: "True: the page may look, but change nothing; false: it may set parameters and call services.",
    changeable: "unconfigured",
  },
} as const satisfies Table;
