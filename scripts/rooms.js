// The rooms of src/ and the imports between them, as a table and as a picture. The table's source is docs/rooms.json.
import { readFileSync } from "node:fs";
import { Graphviz } from "@hpcc-js/wasm-graphviz";
import { cruise } from "dependency-cruiser";

export const rooms = JSON.parse(readFileSync(new URL("../docs/rooms.json", import.meta.url), "utf8"));

const outermost = (path) => path.split("/")[0];
const isNested = (room) => room.includes("/");

/** The table of docs/architecture.md. A room inside a room also imports what the outer one may. */
export function roomTable() {
  const rows = Object.entries(rooms).map(([room, { holds, may, typesOnly = [] }]) => {
    const others = may.map((other) => (typesOnly.includes(other) ? `${other} (types only)` : other));
    const imports = others.join(", ").replace("*", "everything") || (isNested(room) ? "" : "none");
    return `| \`src/${room}/\` | ${holds} | ${imports} |`;
  });
  return ["| room | holds | may import |", "| --- | --- | --- |", ...rows].join("\n");
}

/** Every import from one outermost room to another: { from, to, typesOnly }. */
export async function importsBetweenRooms() {
  const { output } = await cruise(["src"], {
    includeOnly: "^src/[^/]+/",
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  });
  const found = new Map();
  for (const { source, dependencies } of output.modules)
    for (const { resolved, dependencyTypes } of dependencies) {
      const [from, to] = [source, resolved].map((path) => outermost(path.slice("src/".length)));
      if (from === to) continue;
      const typesOnly = dependencyTypes.includes("type-only") && (found.get(`${from} ${to}`)?.typesOnly ?? true);
      found.set(`${from} ${to}`, { from, to, typesOnly });
    }
  return [...found.values()].sort((a, b) => `${a.from} ${a.to}`.localeCompare(`${b.from} ${b.to}`));
}

/** The imports without those that a longer path of imports implies. Throws an Error where rooms import each other. */
export function withoutImplied(imports) {
  const next = (room) => imports.filter(({ from }) => from === room).map(({ to }) => to);
  const reaches = (from, to, seen = new Set()) =>
    next(from).some((room) => room === to || (!seen.has(room) && reaches(room, to, seen.add(room))));
  for (const { from, to } of imports)
    if (reaches(to, from))
      throw new Error(`src/${from} and src/${to} import each other, directly or through other rooms`);
  return imports.filter(({ from, to }) => !next(from).some((room) => room !== to && reaches(room, to)));
}

function label(room) {
  const inside = Object.keys(rooms).filter((other) => other.startsWith(`${room}/`));
  const names = inside.map((other) => other.slice(room.length + 1));
  const lines = [];
  for (let at = 0; at < names.length; at += 4) lines.push(names.slice(at, at + 4).join(" · "));
  const small = lines.map((line) => `<br/><font point-size="9" color="#555555">${line}</font>`).join("");
  return `<<b>${room}</b>${small}>`;
}

/** The picture as SVG: rooms in layers, an arrow from each to what it imports, dashed where it imports only types. */
export async function roomPicture(imports) {
  const names = Object.keys(rooms).filter((room) => !isNested(room));
  const graphviz = await Graphviz.load();
  const svg = graphviz.dot(`digraph rooms {
    graph [rankdir=TB, nodesep=0.25, ranksep=0.45, bgcolor=white, fontname="Helvetica"]
    node [shape=box, style="rounded,filled", fillcolor="#eef3fa", color="#5b7aa8", fontname="Helvetica", fontsize=12, margin="0.24,0.06"]
    edge [color="#8a8a8a", arrowsize=0.6]
    ${names.map((room) => `"${room}" [label=${label(room)}]`).join("\n")}
    ${withoutImplied(imports)
      .map(({ from, to, typesOnly }) => `"${from}" -> "${to}"${typesOnly ? " [style=dashed]" : ""}`)
      .join("\n")}
  }`);
  return svg.slice(svg.indexOf("<svg"));
}

/** The arrows of a picture: "from to" each, sorted. */
export function arrowsOf(svg) {
  return [...svg.matchAll(/<title>([\w]+)&#45;&gt;([\w]+)<\/title>/g)].map(([, from, to]) => `${from} ${to}`).sort();
}
