import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { Model } from "../model/model.js";
import { LiveSource } from "../source/live-source.js";
import { Choice } from "./choice.js";
import { type Drawing, PALETTES, type Palette } from "./paint.js";

/** The source's name and condition; method and drawing of heatmaps. */
export function Toolbar({
  model,
  drawing,
  children,
}: {
  model: Model;
  drawing: Signal<Drawing>;
  children?: ComponentChildren;
}) {
  const { state, text } = model.source.condition.value;
  return (
    <header class="toolbar">
      <h1>torquelens</h1>
      <span class={`condition ${state}`} role="status">
        {`${model.source.name}: ${text}`}
      </span>
      {children}
      {model.source instanceof LiveSource && <Method source={model.source} />}
      {!model.isPlain.value && <Drawn drawing={drawing} />}
    </header>
  );
}

/** How heatmaps are drawn. */
function Drawn({ drawing }: { drawing: Signal<Drawing> }) {
  const change = (changes: Partial<Drawing>) => {
    drawing.value = { ...drawing.value, ...changes };
  };
  return (
    <>
      <label>
        Colours
        <select
          value={drawing.value.palette}
          onChange={(event) => change({ palette: event.currentTarget.value as Palette })}
        >
          {PALETTES.map((palette) => (
            <option key={palette}>{palette}</option>
          ))}
        </select>
      </label>
      <Slider name="Opacity" value={drawing.value.opacity} set={(opacity) => change({ opacity })} />
      <Slider name="Threshold" value={drawing.value.threshold} set={(threshold) => change({ threshold })} />
    </>
  );
}

/** Parameter of a server that explains with a second method. */
export const COMPARE_METHOD = "compare_method";

function Method({ source }: { source: LiveSource }) {
  const { parameters } = source;
  const isOff = source.isSwitchedOff.value;
  return (
    <>
      <Choice
        name="Method"
        value={parameters.text("method")}
        values={parameters.texts("methods")}
        isDisabled={isOff}
        choose={(method) => parameters.set("method", method)}
      />
      <Choice
        name="Compare with method"
        value={parameters.text(COMPARE_METHOD)}
        values={["", ...parameters.texts("methods")]}
        words={{ "": "none" }}
        isDisabled={isOff}
        choose={(method) => parameters.set(COMPARE_METHOD, method)}
      />
    </>
  );
}

function Slider({ name, value, set }: { name: string; value: number; set: (value: number) => void }) {
  return (
    <label>
      {name}
      <input
        type="range"
        min="0"
        max="1"
        step="0.01"
        value={value}
        onInput={(event) => set(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}
