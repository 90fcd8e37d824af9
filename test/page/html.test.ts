import { describe, expect, it } from "vitest";
import { colors, draw } from "#src/page/draw.js";
import { figure, html, pageOf } from "#src/page/html.js";
import { INKS, PALETTE } from "#src/page/inks.js";

const NAME = "<b>el\u202ebow</b>\u001b[2J";

it("escapes inserted text and shows characters that would change the page's direction", () => {
  expect(html`<p>${NAME}</p>`.text).toBe("<p>&#60;b&#62;el\\u202ebow&#60;/b&#62;\\u001b[2J</p>");
});

it("shows them in a chart's labels", async () => {
  const svg = await draw({
    data: { values: [{ name: NAME, value: 1 }] },
    mark: "bar",
    encoding: { x: { field: "name", type: "nominal" }, y: { field: "value", type: "quantitative" } },
  });
  expect(svg).toContain("el\\u202ebow");
  expect(svg).not.toMatch(/[^\P{C}\n\t]/u);
  expect(svg).not.toContain("<b>");
});

describe("a page", () => {
  const chart = () =>
    draw({
      title: "a title",
      data: { values: [{ name: "a", value: 1 }] },
      layer: [{ mark: "bar" }, { mark: { type: "rule", color: INKS.text.light } }],
      encoding: {
        x: { field: "name", type: "nominal" },
        y: { field: "value", type: "quantitative" },
        color: { field: "name", type: "nominal", scale: colors(["a"]) },
      },
    });

  it("has one main landmark, a title, its language and no script", () => {
    const page = pageOf("a <title>", ".mine { color: red; }", html`<h1>text</h1>`);
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(page).toContain("<title>a &#60;title&#62;</title>");
    expect(page.match(/<main>/g)).toHaveLength(1);
    expect(page).toMatch(/<body><main>\n<h1>text<\/h1>\n<\/main><\/body><\/html>\n$/);
    expect(page).toContain(".mine { color: red; }");
    expect(page).not.toMatch(/<script|https?:/);
  });

  it("names a chart once, and none of its marks", async () => {
    const { text } = figure(await chart(), 'what "it" shows');
    expect(text).toMatch(/^<figure><div role="img" aria-label="what &#34;it&#34; shows"><svg aria-hidden="true" /);
    expect(text.match(/role=|aria-\w+=/g)).toEqual(["role=", "aria-label=", "aria-hidden="]);
    expect(text).toContain("<figcaption>what &#34;it&#34; shows</figcaption></figure>");
  });

  it("draws charts in inks that it has a dark form of, and in colours of data", async () => {
    const found = [...(await chart()).matchAll(/(?:fill|stroke)="([^"]+)"/g)].map((match) => match[1]!);
    const inks = Object.values(INKS).map(({ light }) => light as string);
    expect(new Set(found)).toEqual(
      new Set(found.filter((color) => [...inks, ...PALETTE, "none", "transparent"].includes(color))),
    );
    expect(found).toEqual(
      expect.arrayContaining([INKS.paper.light, INKS.text.light, INKS.grid.light, INKS.line.light]),
    );
    const page = pageOf("", "", html``);
    for (const { light, dark } of Object.values(INKS)) {
      expect(page).toContain(`figure svg [fill="${light}"] { fill: ${dark}; }`);
      expect(page).toContain(`figure svg [stroke="${light}"] { stroke: ${dark}; }`);
    }
  });

  it("has text that stands out, in light and in the dark", () => {
    const page = pageOf("", "", html``);
    const themes = [...page.matchAll(/:root \{ (--ink: [^}]*)\}/g)].map(([, text]) =>
      Object.fromEntries([...text!.matchAll(/--(\w+): (#\w+);/g)].map(([, name, color]) => [name!, color!])),
    );
    expect(themes).toHaveLength(2);
    for (const theme of themes)
      for (const name of ["ink", "quiet", "link", "good", "bad"])
        expect(contrast(theme[name]!, theme.paper!), `${name} ${theme[name]}`).toBeGreaterThan(4.5);
    const { paper, text, line, blue, grey, accent } = INKS;
    for (const shade of ["light", "dark"] as const) {
      expect(contrast(text[shade], paper[shade])).toBeGreaterThan(4.5);
      for (const ink of [line, blue, grey, accent]) expect(contrast(ink[shade], paper[shade])).toBeGreaterThan(3);
    }
    for (const color of PALETTE.filter((one) => ![blue, grey].some(({ light }) => light === one)))
      expect(contrast(color, paper.dark), color).toBeGreaterThan(3);
  });
});

/** Contrast of two colours (WCAG 2.2). */
function contrast(a: string, b: string): number {
  const [dark, light] = [a, b].map(luminance).sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const digits = color.length === 4 ? color.replace(/[^#]/g, "$&$&") : color;
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
