import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { nanoseconds } from "#src/messages/stamp.js";
import { quantityWithUnit, wordsOf } from "#src/outputs/kinds.js";
import { visibleLine } from "#src/text/visible.js";
import { download } from "../export/figure.js";
import type { Model } from "../model/model.js";
import { RecordingSource } from "../source/recording-source.js";
import { modalityColor, resolved } from "../ui/colors.js";
import { useOnScreen } from "../ui/on-screen.js";
import { Throttle } from "../ui/throttle.js";
import { axisStyle, PLOT_FONT, sizeOf } from "./plot-style.js";
import { SpanMeans } from "./span-means.js";

/** Lengths of time that the plots show, seconds. */
const WINDOWS = [10, 30, 120, 3600] as const;
/** The plots are drawn at most once in so many milliseconds, and less often with many points. */
const PERIOD = 100;
const MANY = { points: 4000, period: 500 };

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Shares and torques over time on one axis; flags are marks. Dragging over a plot selects a span. */
export function CoursePanel({ model }: { model: Model }) {
  const places = [useRef<HTMLDivElement>(null), useRef<HTMLDivElement>(null)] as const;
  const seconds = useSignal<number>(30);
  /** Where the plots stand; undefined: they follow the newest tick. */
  const held = useSignal<Span | undefined>(undefined);
  const span = useSignal<Span | undefined>(undefined);
  /** Where a span that is being marked by buttons begins, seconds. */
  const from = useSignal<number | undefined>(undefined);
  const plots = useRef<Plots | undefined>(undefined);
  const panel = useRef<HTMLElement>(null);
  const isSeen = useOnScreen(panel);
  const recording = model.source instanceof RecordingSource ? model.source : undefined;

  useEffect(() => {
    const made = new Plots(model, places[0].current!, places[1].current!, {
      select: (selected) => {
        span.value = selected;
        if (selected) held.value ??= made.shown;
      },
      point: (at) => recording?.seek(model.course.stampOf(at)),
    });
    plots.current = made;
    return () => made.destroy();
  }, [model]);
  useSignalEffect(() => {
    if (!isSeen.value) return;
    model.course.version.value;
    model.joint.value;
    if (recording) model.explanation.value;
    plots.current?.show(held.value, recording ? Number.POSITIVE_INFINITY : seconds.value);
  });

  const pause = () => {
    held.value = held.value ? undefined : plots.current?.shown;
    if (!held.value) span.value = undefined;
  };
  const mark = () => {
    const shown = model.explanation.peek();
    const stamp = recording?.time.peek() ?? (shown && nanoseconds(shown.header.stamp));
    const here = stamp === undefined ? undefined : model.course.secondsOf(stamp);
    if (here === undefined) return;
    if (from.value !== undefined) {
      span.value = { from: Math.min(from.value, here), to: Math.max(from.value, here) };
      held.value ??= plots.current?.shown;
    }
    from.value = from.value === undefined ? here : undefined;
  };
  return (
    <section ref={panel} class="panel course" aria-label="Course">
      <div class="row">
        <h2>Course</h2>
        {!recording && (
          <>
            <button type="button" aria-pressed={held.value !== undefined} onClick={pause}>
              {held.value ? "Follow" : "Hold"}
            </button>
            <label>
              Show
              <select
                value={seconds.value}
                onChange={(event) => {
                  seconds.value = Number(event.currentTarget.value);
                  held.value = undefined;
                }}
              >
                {WINDOWS.map((each) => (
                  <option key={each} value={each}>
                    {each < 60 ? `${each} s` : `${each / 60} min`}
                  </option>
                ))}
              </select>
            </label>
          </>
        )}
        <button type="button" onClick={mark}>
          {from.value === undefined ? "Mark span from here" : `Mark span from ${from.value.toFixed(2)} s to here`}
        </button>
        {span.value && (
          <button
            type="button"
            onClick={() => {
              held.value = span.value;
            }}
          >
            Zoom to span
          </button>
        )}
        {recording && span.value && (
          <button type="button" onClick={() => saveClip(model, recording, span.value!)}>
            Save span as MCAP
          </button>
        )}
        {recording && held.value && (
          <button
            type="button"
            onClick={() => {
              held.value = undefined;
              span.value = undefined;
            }}
          >
            Show all
          </button>
        )}
        <span class="note">
          {recording ? "Click a plot to go there. " : ""}Drag over a plot for the means of a span.
        </span>
      </div>
      <div ref={places[0]} class="plot" role="img" aria-label="Share of each modality over time" />
      <div ref={places[1]} class="plot" role="img" aria-label="Torques, or what else is commanded, over time" />
      {span.value && <SpanMeans course={model.course} span={span.value} />}
    </section>
  );
}

async function saveClip({ course }: Model, recording: RecordingSource, { from, to }: Span): Promise<void> {
  const clip = await recording.clip(course.stampOf(from), course.stampOf(to));
  download(`${recording.name.replace(/\.mcap$/, "")}-clip.mcap`, clip);
}

interface PlotEvents {
  /** A span was dragged over, or none. */
  select(span: Span | undefined): void;
  /** A time was clicked, seconds. */
  point(at: number): void;
}

/** The two plots and what they show now. */
class Plots {
  readonly #model: Model;
  readonly #places: readonly [HTMLElement, HTMLElement];
  readonly #events: PlotEvents;
  readonly #resized: ResizeObserver;
  #plots: readonly uPlot[] = [];
  #layout = "";
  #colors = { mark: "", now: "" };
  readonly #throttle = new Throttle();
  shown: Span = { from: 0, to: 1 };

  constructor(model: Model, shares: HTMLElement, torques: HTMLElement, events: PlotEvents) {
    this.#model = model;
    this.#places = [shares, torques];
    this.#events = events;
    this.#resized = new ResizeObserver(() => {
      for (const [i, plot] of this.#plots.entries()) plot.setSize(sizeOf(this.#places[i]!));
    });
    this.#resized.observe(shares);
  }

  destroy(): void {
    this.#throttle.stop();
    this.#resized.disconnect();
    for (const plot of this.#plots) plot.destroy();
  }

  show(held: Span | undefined, seconds: number): void {
    const { history, modalities, joints } = this.#model.course;
    const newest = history.span?.[1];
    if (newest === undefined) return;
    this.#build(modalities, joints);
    this.shown = held ?? { from: Math.max(history.span![0], newest - seconds), to: newest };
    const isMany = history.between(this.shown.from, this.shown.to)[0]!.length > MANY.points;
    this.#throttle.do(() => this.#draw(), isMany ? MANY.period : PERIOD);
  }

  #draw(): void {
    const { history, modalities, joints } = this.#model.course;
    const [time, ...columns] = history.between(this.shown.from, this.shown.to);
    const x = { min: this.shown.from, max: this.shown.to };
    this.#plots[0]!.batch(() => {
      this.#plots[0]!.setData([time!, ...stacked(columns.slice(0, modalities.length))], false);
      this.#plots[0]!.setScale("x", x);
    });
    this.#plots[1]!.batch(() => {
      const torques = columns.slice(modalities.length, modalities.length + joints.length);
      for (const [i, joint] of joints.entries()) {
        const chosen = this.#model.joint.peek();
        this.#plots[1]!.series[i + 1]!.alpha = chosen === "" || chosen === joint ? 1 : 0.25;
      }
      this.#plots[1]!.setData([time!, ...torques], false);
      this.#plots[1]!.setScale("x", x);
    });
  }

  #build(modalities: readonly string[], joints: readonly string[]): void {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const { symbol, unit } = wordsOf(this.#model.course.outputs);
    const layout = JSON.stringify([modalities, joints, dark, symbol, unit]);
    if (layout === this.#layout) return;
    this.#layout = layout;
    this.#colors = { mark: resolved("var(--accent)"), now: resolved("var(--text)") };
    for (const plot of this.#plots) plot.destroy();
    const shares = modalities
      .map((name, m) => ({ label: visibleLine(name), color: resolved(modalityColor(modalities, m)) }))
      .map(
        ({ label, color }): uPlot.Series => ({ label, fill: color, stroke: color, width: 0, points: { show: false } }),
      )
      .reverse();
    const torques = joints.map(
      (joint, i): uPlot.Series => ({
        label: visibleLine(joint),
        stroke: lineColor(i),
        width: 1.5,
        points: { show: false },
      }),
    );
    this.#plots = [
      new uPlot(this.#options(0, shares, [0, 1], "share"), [[0]], this.#places[0]),
      new uPlot(this.#options(1, torques, undefined, quantityWithUnit(symbol, unit)), [[0]], this.#places[1]),
    ];
  }

  #options(index: 0 | 1, series: uPlot.Series[], range: [number, number] | undefined, label: string): uPlot.Options {
    const axis = axisStyle();
    return {
      ...sizeOf(this.#places[index]),
      legend: { show: index === 1, live: false },
      cursor: { sync: { key: "course" }, drag: { setScale: false, x: true, y: false }, y: false },
      scales: { x: { time: false }, y: range ? { range } : {} },
      axes: [
        { ...axis, ...(index === 1 ? { label: "time, s", labelSize: 16, labelFont: PLOT_FONT } : {}), size: 28 },
        { ...axis, label, labelSize: 18, labelFont: PLOT_FONT, size: 52 },
      ],
      series: [{}, ...series],
      hooks: {
        draw: [(plot) => this.#marks(plot)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width > 2)
              this.#events.select({ from: plot.posToVal(left, "x"), to: plot.posToVal(left + width, "x") });
            else {
              this.#events.select(undefined);
              this.#events.point(plot.posToVal(left, "x"));
            }
          },
        ],
      },
    };
  }

  #marks(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const { min = 0, max = 0 } = plot.scales.x!;
    ctx.save();
    ctx.fillStyle = this.#colors.mark;
    for (const { time } of this.#model.course.marks) {
      if (time < min! || time > max!) continue;
      const x = plot.valToPos(time, "x", true);
      ctx.fillRect(x, bbox.top, devicePixelRatio, bbox.height);
    }
    const shown = this.#model.explanation.peek();
    const now = shown && this.#model.course.secondsOf(nanoseconds(shown.header.stamp));
    if (now !== undefined) {
      ctx.fillStyle = this.#colors.now;
      ctx.fillRect(plot.valToPos(now, "x", true), bbox.top, 2 * devicePixelRatio, bbox.height);
    }
    ctx.restore();
  }
}

/** Sums up to each column, the largest sum first: drawn in this order, each is in front of the one before. */
function stacked(columns: readonly Float64Array[]): Float64Array[] {
  const sums: Float64Array[] = [];
  for (const column of columns) {
    const below = sums[0];
    sums.unshift(column.map((value, i) => value + (below?.[i] ?? 0)));
  }
  return sums;
}

/** Colours of lines that are told apart also without colour vision (Okabe and Ito), on light and dark ground. */
const LINES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8f8f8f"] as const;
const lineColor = (index: number): string => LINES[index % LINES.length]!;
