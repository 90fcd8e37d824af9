import type { RecordingSource } from "../source/recording-source.js";

const SPEEDS = [0.25, 0.5, 1, 2, 4] as const;
const SECOND = 1e9;

/** Play, pause and scrub a recording. */
export function RecordingBar({ source }: { source: RecordingSource }) {
  const length = Number(source.end - source.start) / SECOND;
  const at = Number(source.time.value - source.start) / SECOND;
  const playing = source.playing.value;
  return (
    <section class="panel recording row" aria-label="Playback">
      <button type="button" onClick={() => (playing ? source.pause() : source.play())}>
        {playing ? "Pause" : "Play"}
      </button>
      <label class="scrub">
        Time
        <input
          type="range"
          min="0"
          max={length}
          step="0.01"
          value={at}
          onInput={(event) =>
            source.seek(source.start + BigInt(Math.round(event.currentTarget.valueAsNumber * SECOND)))
          }
        />
      </label>
      <span class="number">{`${at.toFixed(2)} of ${length.toFixed(2)} s`}</span>
      <label>
        Speed
        <select
          value={source.speed.value}
          onChange={(event) => {
            source.speed.value = Number(event.currentTarget.value);
          }}
        >
          {SPEEDS.map((speed) => (
            <option key={speed} value={speed}>
              {`${speed} ×`}
            </option>
          ))}
        </select>
      </label>
    </section>
  );
}
