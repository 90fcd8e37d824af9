import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Comparison } from "../../model/comparison.js";
import { type ShareDifferences, shareDifferences } from "../../model/share-differences.js";
import { modalityColor, resolved } from "../../ui/colors.js";
import { axisStyle, PLOT_FONT, sizeOf } from "../plot-style.js";

/** Newest part of a live run that is drawn, seconds. */
const SHOWN = 30;
/** Shortest time between two drawings, milliseconds. */
const PAUSE = 250;

/** Shares of the first minus shares of the second over time, a line a modality. */
export function DifferencePlot({ comparison }: { comparison: Comparison }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<LinePlot | undefined>(undefined);
  const timer = useRef(0);
  const { first, second, following } = comparison;
  useEffect(() => {
    const made = new LinePlot(place.current!);
    plot.current = made;
    return () => {
      clearTimeout(timer.current);
      made.destroy();
    };
  }, []);
  useSignalEffect(() => {
    first.course.version.value;
    second.course.version.value;
    const { offset } = comparison;
    if (timer.current !== 0) return;
    timer.current = window.setTimeout(() => {
      timer.current = 0;
      const seconds = first.source.scan ? Number.POSITIVE_INFINITY : SHOWN;
      plot.current?.show(
        shareDifferences(first.course, second.course, following?.offset.peek() ?? offset, !following, seconds),
      );
    }, PAUSE);
  });
  return <div ref={place} class="plot" role="img" aria-label="Difference of the shares over time" />;
}

class LinePlot {
  readonly #place: HTMLElement;
  readonly #resized: ResizeObserver;
  #plot: uPlot | undefined;
  #layout = "";

  constructor(place: HTMLElement) {
    this.#place = place;
    this.#resized = new ResizeObserver(() => this.#plot?.setSize(sizeOf(place)));
    this.#resized.observe(place);
  }

  destroy(): void {
    this.#resized.disconnect();
    this.#plot?.destroy();
  }

  show({ modalities, times, columns }: ShareDifferences): void {
    const layout = JSON.stringify([modalities, matchMedia("(prefers-color-scheme: dark)").matches]);
    if (layout !== this.#layout) {
      this.#layout = layout;
      this.#plot?.destroy();
      this.#plot = new uPlot(this.#options(modalities), [[0]], this.#place);
    }
    this.#plot!.setData([times, ...columns] as uPlot.AlignedData);
  }

  #options(modalities: readonly string[]): uPlot.Options {
    const axis = axisStyle();
    const labelled = { labelFont: PLOT_FONT };
    return {
      ...sizeOf(this.#place),
      legend: { live: false },
      cursor: { drag: { setScale: false, x: false, y: false }, y: false },
      scales: { x: { time: false }, y: { range: [-1, 1] } },
      axes: [
        { ...axis, ...labelled, label: "time of the first, s", labelSize: 16, size: 28 },
        { ...axis, ...labelled, label: "difference", labelSize: 18, size: 52 },
      ],
      series: [
        {},
        ...modalities.map((label, m) => ({
          label,
          stroke: resolved(modalityColor(modalities, m)),
          width: 1.5,
          points: { show: false },
        })),
      ],
    };
  }
}
