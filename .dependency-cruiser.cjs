// The import table is docs/rooms.json; docs/architecture.md shows it. A room may import itself, the rooms it lists, the
// rooms inside it and the files that stand loose in src. A room inside a room also may import what the outer one may; one
// that lists the outer room is closed to it.
const rooms = require("./docs/rooms.json");

const OPEN_TO_ALL = ["errors.ts", "limits.ts", "own.ts", "package-files.ts"];

/** The room around a room, folders that are no rooms passed over. */
function outer(room) {
  const around = room.slice(0, Math.max(room.lastIndexOf("/"), 0));
  return around === "" || rooms[around] ? around : outer(around);
}

/** Every room that a room may import, those of the rooms around it included. `*` is every room outside. */
function allowed(room) {
  const around = outer(room);
  const may = rooms[room].may.flatMap((other) => (other === "*" ? outermost.filter((one) => one !== room) : other));
  return [...may, ...(around ? allowed(around) : [])];
}

const outermost = Object.keys(rooms).filter((room) => outer(room) === "");

const anyOf = (paths) => `^src/(${paths.join("|")})(/|$)`;

module.exports = {
  forbidden: [
    {
      name: "no-cycle",
      severity: "error",
      comment: "no circles, not even of types",
      from: {},
      to: { circular: true },
    },
    ...Object.keys(rooms)
      .filter((room) => !rooms[room].may.includes("*"))
      .map((room) => ({
        name: `${room}-imports-down`,
        comment: `src/${room} may import only: ${[room, ...allowed(room)].join(", ")}`,
        severity: "error",
        from: { path: `^src/${room}/` },
        to: { path: "^src/", pathNot: anyOf([room, ...allowed(room), ...OPEN_TO_ALL]) },
      })),
    ...Object.keys(rooms)
      .filter((room) => rooms[room].may.includes(outer(room)))
      .map((room) => ({
        name: `not-into-${room}`,
        comment: `src/${room} imports src/${outer(room)}, which may not import it`,
        severity: "error",
        from: { path: `^src/${outer(room)}/`, pathNot: `^src/${room}/` },
        to: { path: `^src/${room}/` },
      })),
    ...Object.entries(rooms).flatMap(([room, { typesOnly = [] }]) =>
      typesOnly.map((other) => ({
        name: `${room}-${other}-types-only`,
        comment: `src/${room} may import only types from src/${other}`,
        severity: "error",
        from: { path: `^src/${room}/` },
        to: { path: `^src/${other}/`, dependencyTypesNot: ["type-only"] },
      })),
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
