import { expect, it } from "vitest";
import { draw } from "#src/page/draw.js";
import { html } from "#src/page/html.js";

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
