import { useComputed, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { SimulationMessage } from "#src/messages/types.js";
import { download } from "../export/figure.js";
import { largestEffort } from "../model/effort.js";
import type { Model } from "../model/model.js";
import type { Force, Simulator } from "../model/simulator.js";
import { Choice } from "./choice.js";

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4] as const;
const FAST = "fastest";
/** Rows that the page lists, the newest. A file has them all. */
const LISTED = 50;

/** What can be done to a simulation, and how its episode goes. */
export function SimulatorPanel({ model, simulator }: { model: Model; simulator: Simulator }) {
  const { parameters, isReadOnly } = simulator.source;
  const isOff = simulator.source.isSwitchedOff.value;
  const choice = (name: string, parameter: string, list: string, words?: Readonly<Record<string, string>>) => (
    <Choice
      name={name}
      value={parameters.text(parameter)}
      values={[...(words ? Object.keys(words) : []), ...parameters.texts(list)]}
      {...(words && { words })}
      isDisabled={isOff}
      choose={(value) => parameters.set(parameter, value)}
    />
  );
  const state = model.simulation.value;
  return (
    <section class="panel simulator" aria-label="Simulation">
      <div class="row">
        <h2>Simulation</h2>
        {choice("Task", "task", "tasks")}
        {parameters.texts("conditions").length > 0 && choice("Condition", "condition", "conditions", { "": "in turn" })}
        {choice("Policy", "policy", "policies")}
        <Running simulator={simulator} />
        {state && <Episode state={state} />}
      </div>
      {state && <Disturbing model={model} simulator={simulator} state={state} />}
      {isReadOnly && <p class="note">This server is read-only: look, but change nothing.</p>}
    </section>
  );
}

function Running({ simulator }: { simulator: Simulator }) {
  const { parameters } = simulator.source;
  const isOff = simulator.source.isSwitchedOff.value;
  const isPaused = simulator.isPaused.value;
  const speed = parameters.asked.value.get("speed") ?? parameters.values.value.get("speed");
  return (
    <>
      <button type="button" disabled={isOff} onClick={() => simulator.pause(!isPaused)}>
        {isPaused ? "Go on" : "Pause"}
      </button>
      <button type="button" disabled={isOff || !isPaused} onClick={() => simulator.step()}>
        Step
      </button>
      <button type="button" disabled={isOff} onClick={() => void simulator.reset()}>
        Reset
      </button>
      {typeof speed === "number" && (
        <label>
          Speed
          <select
            value={speed}
            disabled={isOff}
            onChange={(event) => parameters.set("speed", Number(event.currentTarget.value))}
          >
            {[...new Set([...SPEEDS, speed, 0])].map((each) => (
              <option key={each} value={each}>
                {each === 0 ? FAST : `${each} ×`}
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  );
}

function Episode({ state }: { state: SimulationMessage }) {
  const { episode, episode_tick, episode_ticks, progress, error, success } = state;
  return (
    <span class="episode number">
      {`Episode ${episode + 1}, step ${episode_tick + 1} of ${episode_ticks}`}
      <progress value={progress} max="1" aria-label="Part of the task that is done" />
      {[...(Number.isFinite(error) ? [`error ${error.toFixed(3)} m`] : []), ...(success ? ["done"] : [])].join(", ")}
    </span>
  );
}

interface DisturbingProps {
  readonly model: Model;
  readonly simulator: Simulator;
  readonly state: SimulationMessage;
}

/** Goal, push, occlusion and light; what was applied. */
function Disturbing({ model, simulator, state }: DisturbingProps) {
  const isOff = simulator.source.isSwitchedOff.value;
  const isPainting = simulator.isPainting.value;
  const { target: goal = state.goal, occlude = [...state.occlude], light = state.light } = simulator.asked.value;
  return (
    <div class="row">
      {["x", "y", "z"].slice(0, goal.length).map((axis, i) => (
        <NumberInput
          key={axis}
          name={`Goal ${axis}, m`}
          value={goal[i] ?? Number.NaN}
          episode={state.episode}
          isDisabled={isOff}
          set={(value) => simulator.moveGoal(Array.from(goal, (old, k) => (k === i ? value : old)))}
        />
      ))}
      {state.tip_link !== "" && <Push model={model} simulator={simulator} link={state.tip_link} />}
      <button
        type="button"
        aria-pressed={isPainting}
        disabled={isOff}
        onClick={() => {
          simulator.isPainting.value = !isPainting;
        }}
      >
        Cover camera
      </button>
      <button type="button" disabled={isOff || !occlude?.length} onClick={() => simulator.occlude(null)}>
        Uncover
      </button>
      <Light simulator={simulator} light={light} />
      <AppliedList simulator={simulator} task={state.task} />
    </div>
  );
}

/** Shows the simulation's value, and what is typed while it has the focus and the episode goes on. */
function NumberInput({
  name,
  value,
  episode,
  isDisabled,
  set,
}: {
  name: string;
  value: number;
  episode: number;
  isDisabled: boolean;
  set: (value: number) => void;
}) {
  const typed = useSignal<{ readonly text: string; readonly episode: number } | undefined>(undefined);
  const field = useRef<HTMLInputElement>(null);
  return (
    <label>
      {name}
      <input
        ref={field}
        type="number"
        step="0.01"
        value={typed.value?.episode === episode ? typed.value.text : Number.isFinite(value) ? value.toFixed(3) : ""}
        disabled={isDisabled}
        onInput={() => {
          const { value: text, valueAsNumber } = field.current!;
          typed.value = { text, episode };
          if (Number.isFinite(valueAsNumber)) set(valueAsNumber);
        }}
        onBlur={() => {
          typed.value = undefined;
        }}
      />
    </label>
  );
}

const DIRECTIONS: Readonly<Record<string, Force>> = {
  "+x": [1, 0, 0],
  "−x": [-1, 0, 0],
  "+y": [0, 1, 0],
  "−y": [0, -1, 0],
  "+z": [0, 0, 1],
  "−z": [0, 0, -1],
};

/** Pushes the tip's link while the button is held. */
function Push({ model, simulator, link }: { model: Model; simulator: Simulator; link: string }) {
  const isOff = simulator.source.isSwitchedOff.value;
  const usual = useComputed(() => 2 * largestEffort(model.robot.value ?? ""));
  const chosen = useSignal<number | undefined>(undefined);
  const direction = useSignal("+x");
  const force = chosen.value ?? usual.value;
  const push = () => {
    const [x, y, z] = DIRECTIONS[direction.value]!;
    simulator.push([x * force, y * force, z * force]);
  };
  const isKey = ({ key }: KeyboardEvent) => key === " " || key === "Enter";
  return (
    <span class="push">
      <button
        type="button"
        disabled={isOff}
        title={`Pushes ${link} for as long as you hold this button; or drag the link in the 3D view`}
        onPointerDown={push}
        onPointerUp={() => simulator.release()}
        onPointerCancel={() => simulator.release()}
        onPointerLeave={() => simulator.release()}
        onKeyDown={(event) => {
          if (isKey(event) && !event.repeat) push();
        }}
        onKeyUp={(event) => {
          if (isKey(event)) simulator.release();
        }}
        onBlur={() => simulator.release()}
      >
        Hold to push
      </button>
      <select
        aria-label="Direction of the push"
        value={direction.value}
        disabled={isOff}
        onChange={(event) => {
          direction.value = event.currentTarget.value;
        }}
      >
        {Object.keys(DIRECTIONS).map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <label>
        <input
          type="number"
          min="0"
          max="1000"
          step="any"
          aria-label="Force of the push, N"
          value={force}
          disabled={isOff}
          onInput={(event) => {
            const { valueAsNumber } = event.currentTarget;
            if (Number.isFinite(valueAsNumber)) chosen.value = valueAsNumber;
          }}
        />
        N
      </label>
    </span>
  );
}

function Light({ simulator, light }: { simulator: Simulator; light: number }) {
  return (
    <label>
      Light
      <input
        type="range"
        min="0"
        max="2"
        step="0.05"
        value={light}
        disabled={simulator.source.isSwitchedOff.value}
        onInput={(event) => simulator.dim(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}

/** What was applied since the first episode began, as a list and as a file. */
function AppliedList({ simulator, task }: { simulator: Simulator; task: string }) {
  const rows = simulator.applied.rows.value;
  const file = `perturbations-${task}.json`;
  return (
    <>
      <button
        type="button"
        disabled={rows.length === 0}
        onClick={() => download(file, new Blob([simulator.applied.text], { type: "application/json" }))}
      >
        Save perturbations
      </button>
      <details class="applied">
        <summary>{`${rows.length} applied`}</summary>
        <div class="popup panel">
          <p class="note">{`Play them back: torquelens sim --perturb ${file}, with this run's task, policy, condition and seed.`}</p>
          <ol start={Math.max(1, rows.length - LISTED + 1)}>
            {rows.slice(-LISTED).map((row, i) => (
              <li key={rows.length - i}>
                <code>{JSON.stringify(row)}</code>
              </li>
            ))}
          </ol>
        </div>
      </details>
    </>
  );
}
