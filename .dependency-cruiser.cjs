// The import table of docs/architecture.md: a room may import itself and the rooms listed here, nothing else.
const rooms = {
  graph: [],
  runtime: ["graph"],
  backward: ["graph"],
  yaml: [],
  relevance: ["graph", "backward", "yaml"],
  policy: ["graph", "yaml"],
  arm: [],
  explain: ["graph", "relevance", "policy", "arm", "runtime"],
  urdf: [],
  messages: ["explain", "urdf"],
  health: ["explain", "messages", "yaml"],
  sensing: ["explain", "policy", "arm", "messages"],
  foxglove: ["explain", "messages"],
  bag: ["explain", "messages", "policy", "sensing", "yaml"],
  analysis: ["explain", "messages", "bag"],
  sim: ["arm", "explain"],
  reproduction: ["analysis", "explain", "policy", "relevance", "runtime", "graph", "sim"],
  ros: ["explain", "sensing", "health", "messages", "policy", "arm", "sim", "relevance", "runtime", "urdf"],
  train: ["graph", "backward", "runtime", "policy", "sim", "arm"],
};

module.exports = {
  forbidden: [
    {
      name: "no-cycle",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `${room}-imports-down`,
      comment: `src/${room} may import only: ${[room, ...allowed].join(", ")}`,
      severity: "error",
      from: { path: `^src/${room}/` },
      to: { path: "^src/", pathNot: `^src/(${[room, ...allowed, "errors.ts"].join("|")})(/|$)` },
    })),
    {
      name: "sim-explain-types-only",
      comment: "src/sim may import only types from src/explain",
      severity: "error",
      from: { path: "^src/sim/" },
      to: { path: "^src/explain/", dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
