import { visible } from "../text/visible.js";
import { DARK_CHARTS } from "./inks.js";

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

type Content = Html | string | number | undefined | readonly Content[];

/** HTML from a template. Inserted text is escaped and `visible`, inserted HTML is not; lists are joined. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(parts.map((part, index) => `${index > 0 ? textOf(contents[index - 1]) : ""}${part}`).join(""));
}

function textOf(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Html) return content.text;
  if (typeof content === "object") return content.map(textOf).join("");
  return visible(String(content)).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A table; all columns but the first `texts` are numbers. */
export function table(head: readonly Content[], rows: readonly (readonly Content[])[], texts = 1): Html {
  const cell = (content: Content, column: number, tag: "td" | "th") =>
    new Html(`<${tag}${column >= texts ? ' class="n"' : ""}>${textOf(content)}</${tag}>`);
  return html`<div class="wide" tabindex="0"><table><thead><tr>${head.map((content, column) => cell(content, column, "th"))}</tr></thead>
<tbody>${rows.map(
    (row) => html`<tr>${row.map((content, column) => cell(content, column, "td"))}</tr>
`,
  )}</tbody></table></div>`;
}

/** A chart with its description, which screen readers read in its place. */
export function figure(svg: string, description: string): Html {
  const hidden = svg.replace(/^<svg /, '<svg aria-hidden="true" ');
  return html`<figure><div role="img" aria-label="${description}">${new Html(hidden)}</div><figcaption>${description}</figcaption></figure>`;
}

/** A whole page: no network, no script. @param style added to the common one */
export function pageOf(title: string, style: string, content: Html): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>${title}</title><style>${new Html(STYLE + style)}</style></head><body><main>
${content}
</main></body></html>
`.text;
}

const STYLE = `
:root { --ink: #1b1b1b; --paper: #fff; --quiet: #555; --line: #d8d8d8; --strong: #888; --link: #00539c; --good: #00633a; --bad: #9b1c1c; }
:root { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
body { max-width: 900px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0.2rem; }
h2 { font-size: 1.25rem; margin-top: 2.4rem; border-bottom: 1px solid var(--line); padding-bottom: 0.2rem; }
h3 { font-size: 1.05rem; margin-top: 1.8rem; overflow-wrap: anywhere; }
h4 { font-size: 0.95rem; margin: 1.2rem 0 0.3rem; }
table { border-collapse: collapse; font-size: 0.86rem; margin: 0.6rem 0; }
th, td { text-align: left; padding: 0.22rem 0.7rem 0.22rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; border-bottom-color: var(--strong); }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th.n { white-space: normal; }
.wide { overflow-x: auto; }
figure { margin: 0.8rem 0; break-inside: avoid; }
figure svg { max-width: 100%; height: auto; }
figcaption, .note { font-size: 0.82rem; color: var(--quiet); }
.words p { margin: 0.2rem 0; } .words b { display: inline-block; min-width: 3.5rem; font-weight: 600; }
.words span { padding: 0.05rem 0.15rem; border-radius: 0.2rem; }
.strip { display: flex; flex-wrap: wrap; gap: 0.4rem; break-inside: avoid; }
.strip figure { margin: 0; width: 132px; }
.strip .moment img { outline: 3px solid var(--bad); outline-offset: -1px; }
.strip .moment figcaption { color: var(--bad); font-weight: 600; }
.tick { display: flex; gap: 0.1rem; break-inside: avoid; }
.strip img { width: 100%; display: block; image-rendering: auto; border: 1px solid var(--line); }
.shot { position: relative; }
.shot svg { position: absolute; inset: 0; width: 100%; height: 100%; fill: #00e5ff; stroke: #000; }
.shot circle { vector-effect: non-scaling-stroke; stroke-width: 0.8px; }
.joints { display: flex; flex-wrap: wrap; gap: 0.4rem; }
.joints figure { flex: 0 1 calc(50% - 0.2rem); margin: 0.4rem 0; }
a { color: var(--link); }
tr, h2, h3, h4 { break-inside: avoid; break-after: auto; }
h2, h3, h4, h2 + p, h3 + p, p.note:has(+ .wide) { break-after: avoid; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --paper: #161616; --quiet: #b0b0b0; --line: #3c3c3c; --strong: #8f8f8f; --link: #8cc4ff; --good: #6fd8a4; --bad: #ff9a9a; }
  ${DARK_CHARTS}
}
@media print {
  :root { font-size: 10pt; }
  body { max-width: none; margin: 0; }
  a { color: inherit; text-decoration: none; }
  .wide { overflow: visible; break-inside: avoid; }
}
`;
