import { type Signal, useComputed, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { peak } from "#src/image/heatmap.js";
import { type Comparison, difference } from "../../model/comparison.js";
import { percent, quantity } from "../../ui/numbers.js";
import type { ExplanationMessage } from "../../wire/messages.js";
import { CameraPanel } from "../camera-panel.js";
import { type Drawing, paintHeatmap, paletteOf } from "../paint.js";
import { Scale } from "../scale.js";

/** One tick by which the second recording can be moved, nanoseconds. */
const STEP = 50_000_000n;

/** Two recordings at the same event, and what differs between them. */
export function ComparePanel({
  comparison,
  drawing,
  end,
}: {
  comparison: Comparison;
  drawing: Signal<Drawing>;
  /** Ends the comparison. */
  end: () => void;
}) {
  const { first, second, offset } = comparison;
  const cameras = second.cameras.value.filter(({ name }) => first.cameras.value.some((camera) => camera.name === name));
  return (
    <section class="panel compare" aria-label="Comparison">
      <div class="row">
        <h2>
          Comparison <em>{`with ${second.source.name}`}</em>
        </h2>
        <span class="number">{`offset ${(Number(offset.value) / 1e9).toFixed(2)} s`}</span>
        <button type="button" onClick={() => comparison.shift(-STEP)}>
          − 0.05 s
        </button>
        <button type="button" onClick={() => comparison.shift(STEP)}>
          + 0.05 s
        </button>
        <button type="button" onClick={end}>
          End comparison
        </button>
      </div>
      <div class="pair">
        {cameras.map((camera) => (
          <CameraPanel key={camera.name} model={second} camera={camera} drawing={drawing} />
        ))}
        {cameras.map(({ name }) => (
          <DifferenceMap key={name} comparison={comparison} camera={name} />
        ))}
        <Differences
          a={first.explanation.value}
          b={second.explanation.value}
          names={[first.source.name, second.source.name]}
        />
      </div>
    </section>
  );
}

const SIGNED: Drawing = { palette: "blue-red", opacity: 1, threshold: 0, scale: undefined };

function DifferenceMap({ comparison, camera }: { comparison: Comparison; camera: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { first, second } = comparison;
  const shown = useComputed(() =>
    difference(first.frames.value.get(camera)?.heatmap, second.frames.value.get(camera)?.heatmap),
  );
  const scale = useComputed(() => (shown.value ? peak(shown.value) : 0));
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
        <Scale drawing={SIGNED} scale={scale.value} />
      ) : (
        <p class="note">Nothing to subtract: a heatmap is missing here, or the sizes differ.</p>
      )}
    </section>
  );
}

function Differences({
  a,
  b,
  names,
}: {
  a: ExplanationMessage | undefined;
  b: ExplanationMessage | undefined;
  names: readonly [string, string];
}) {
  if (!a || !b) return <p class="note">Waiting for both recordings.</p>;
  const shares = a.modalities.map((name, m) => row(name, a.shares[m]!, b.shares[b.modalities.indexOf(name)], percent));
  const torques = a.torques.map(({ joint, torque }) =>
    row(`τ ${joint}`, torque, b.torques.find((other) => other.joint === joint)?.torque, (value) =>
      quantity(value, "N·m"),
    ),
  );
  return (
    <table class="differences">
      <thead>
        <tr>
          <th scope="col" />
          <th scope="col">{`${names[0]} (${a.method})`}</th>
          <th scope="col">{`${names[1]} (${b.method})`}</th>
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
