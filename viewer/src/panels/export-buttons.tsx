import { useSignal } from "@preact/signals";
import { download, figureOf, pngOf } from "../export/figure.js";
import type { Model } from "../model/model.js";

/** Saves the tick that is shown as a figure. */
export function ExportButtons({ model }: { model: Model }) {
  const problem = useSignal("");
  const save = async (kind: "png" | "svg") => {
    try {
      const svg = figureOf(model);
      const content = kind === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await pngOf(svg);
      download(`torquelens.${kind}`, content);
      problem.value = "";
    } catch (error) {
      problem.value = (error as Error).message;
    }
  };
  return (
    <>
      <button type="button" onClick={() => save("png")}>
        Save PNG
      </button>
      <button type="button" onClick={() => save("svg")}>
        Save SVG
      </button>
      {problem.value && <span class="fault">{problem.value}</span>}
    </>
  );
}
