import { type Signal, useComputed, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { peak } from "#src/image/heatmap.js";
import type { ExplanationMessage } from "#src/messages/types.js";
import { type Comparison, difference } from "../../model/comparison.js";
import type { Following } from "../../model/following.js";
import { percent, quantity } from "../../ui/numbers.js";
import { unitFor, wordsFor } from "../../ui/outputs.js";
import { CameraPanel } from "../camera-panel.js";
import { type Drawing, paintHeatmap, paletteOf } from "../paint.js";
import { Scale } from "../scale.js";
import { DifferencePlot } from "./difference-plot.js";

const NOW = "the moments that both show now";
const NO_SECOND = "The second method has not explained this tick. A policy with memory begins with the next episode.";

/** One tick by which the second recording can be moved, nanoseconds. */
const STEP = 50_000_000n;

/** Two methods on the same tick or two recordings at the same event, and what differs between them. */
export function ComparePanel({
  comparison,
  drawing,
  end,
}: {
  comparison: Comparison;
  drawing: Signal<Drawing>;
  /** Ends the comparison; left out where the server lets nobody. */
  end: (() => void) | undefined;
}) {
  const { first, second, following } = comparison;
  const cameras = second.cameras.value.filter(({ name }) => first.cameras.value.some((camera) => camera.name === name));
  return (
    <section class="panel compare" aria-label="Comparison">
      <div class="row">
        <h2>
          Comparison <em>{following ? `with ${second.source.name}` : "of two methods on the same tick"}</em>
        </h2>
        {following && <Alignment following={following} />}
        {end && (
          <button type="button" onClick={end}>
            End comparison
          </button>
        )}
      </div>
      <div class="pair">
        {cameras.map((camera) => (
          <CameraPanel key={camera.name} model={second} camera={camera} drawing={drawing} title="Compared camera" />
        ))}
        {cameras.map(({ name }) => (
          <DifferenceMap key={name} comparison={comparison} camera={name} />
        ))}
        <Differences
          pair={comparison.explanations.newest.value}
          names={following && [first.source.name, second.source.name]}
        />
      </div>
      <DifferencePlot comparison={comparison} />
    </section>
  );
}

const SIGNED: Drawing = { palette: "blue-red", opacity: 1, threshold: 0, scale: undefined };

function DifferenceMap({ comparison, camera }: { comparison: Comparison; camera: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = useComputed(() => {
    const [a, b] = comparison.framesOf(camera).value ?? [];
    return difference(a?.heatmap, b?.heatmap);
  });
  const scale = useComputed(() => (shown.value ? peak(shown.value) : 0));
  const unit = useComputed(() => {
    const explanation = comparison.first.explanation.value;
    return unitFor(explanation, explanation?.heatmap_joint ?? "");
  });
  useSignalEffect(() => {
    const heatmap = shown.value;
    if (!heatmap || !canvas.current) return;
    canvas.current.width = heatmap.width;
    canvas.current.height = heatmap.height;
    canvas.current.getContext("2d")!.putImageData(paintHeatmap(heatmap, scale.value, paletteOf(SIGNED)), 0, 0);
  });
  return (
    <section class="camera" aria-label={`Difference of the heatmaps of camera ${camera}`}>
      <h2>
        Difference <em>{camera}: first minus second, red is more in the first</em>
      </h2>
      <div class="picture">
        <canvas ref={canvas} width="1" height="1" role="img" aria-label="First heatmap minus second" />
      </div>
      {shown.value ? (
        <Scale drawing={SIGNED} scale={scale.value} unit={unit.value} />
      ) : (
        <p class="note">Nothing to subtract: a heatmap is missing here, or the sizes differ.</p>
      )}
    </section>
  );
}

/** Chooses the event at which two recordings are laid over each other. */
function Alignment({ following }: { following: Following }) {
  const events = following.events.value;
  const align = (choice: string) => {
    const event = events.find(({ name }) => name === choice);
    if (event) following.align(event);
    else if (choice === NOW) following.alignNow();
  };
  return (
    <>
      <label>
        Align at
        <select
          value=""
          onChange={(event) => {
            align(event.currentTarget.value);
            event.currentTarget.value = "";
          }}
        >
          <option value="">choose</option>
          {[...events.map(({ name }) => name), NOW].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <span class="number">{`offset ${(Number(following.offset.value) / 1e9).toFixed(2)} s`}</span>
      <button type="button" onClick={() => following.shift(-STEP)}>
        − 0.05 s
      </button>
      <button type="button" onClick={() => following.shift(STEP)}>
        + 0.05 s
      </button>
    </>
  );
}

function Differences({
  pair,
  names,
}: {
  pair: readonly [ExplanationMessage, ExplanationMessage] | undefined;
  /** Of two recordings; methods have their own. */
  names: readonly [string, string] | undefined;
}) {
  if (!pair) return <p class="note">{names ? "Nothing to compare at this moment." : NO_SECOND}</p>;
  const [a, b] = pair;
  const titles = pair.map(({ method }, i) => (names ? `${names[i]} (${method})` : method));
  const shares = a.modalities.map((name, m) => row(name, a.shares[m]!, b.shares[b.modalities.indexOf(name)], percent));
  const { symbol, plural } = wordsFor(a);
  const torques = a.torques.map(({ joint, torque }) =>
    row(`${symbol} ${joint}`, torque, b.torques.find((other) => other.joint === joint)?.torque, (value) =>
      quantity(value, unitFor(a, joint)),
    ),
  );
  return (
    <table class="differences">
      {b.flags.includes("torque_differs") && (
        <caption>{`The two methods give different ${plural}: they do not explain the same command.`}</caption>
      )}
      <thead>
        <tr>
          <th scope="col">Quantity</th>
          <th scope="col">{titles[0]}</th>
          <th scope="col">{titles[1]}</th>
          <th scope="col">Difference</th>
        </tr>
      </thead>
      <tbody>
        {[...shares, ...torques].map(({ name, cells }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {cells.map((cell, i) => (
              <td key={i === 0 ? "first" : i === 1 ? "second" : "difference"} class="number">
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const row = (name: string, a: number, b: number | undefined, text: (value: number) => string) => ({
  name,
  cells: b === undefined ? [text(a), "–", "–"] : [text(a), text(b), text(a - b)],
});
