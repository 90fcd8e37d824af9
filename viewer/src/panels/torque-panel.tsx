import { useComputed } from "@preact/signals";
import type { ExplanationMessage, TorqueRelevanceMessage } from "#src/messages/types.js";
import { followJoints, meaningOf, quantityWithUnit, ratherThan } from "#src/outputs/kinds.js";
import type { Model } from "../model/model.js";
import { modalityColor } from "../ui/colors.js";
import { percent, quantity } from "../ui/numbers.js";
import { allOf, isChoice, itemFor, unitFor, wordsFor } from "../ui/outputs.js";

/** Shown elements at most, the largest first. */
const ELEMENTS = 8;

/** Why this torque, or other output: each one's value, its weight and the shares it is based on; elements by relevance. */
export function TorquePanel({ model }: { model: Model }) {
  const explanation = model.explanation.value;
  const title = isChoice(explanation) ? "Why this action" : `Why these ${wordsFor(explanation).plural}`;
  return (
    <section class="panel torques" aria-label={title}>
      <h2>{title}</h2>
      {explanation ? (
        <Torques model={model} explanation={explanation} />
      ) : (
        <p class="note">Waiting for the first tick.</p>
      )}
      {explanation && <Elements model={model} explanation={explanation} />}
    </section>
  );
}

function Torques({ model, explanation }: { model: Model; explanation: ExplanationMessage }) {
  const { torques, modalities, shares, flags } = explanation;
  const choose = (joint: string) => model.choose(joint);
  const isIdle = flags.includes("idle");
  const { noun, symbol, unit } = wordsFor(explanation);
  const meanings = torques.map(meaningOf);
  const item = itemFor(explanation);
  const taken = explanation.chosen_action;
  // Bars compare outputs of one unit.
  const largestIn = (of: string) =>
    Math.max(...torques.map(({ torque }, j) => (meanings[j]!.unit === of ? Math.abs(torque) : 0)), 1e-9);
  return (
    <>
      <ul class="legend">
        {modalities.map((name, m) => (
          <li key={name}>
            <i style={{ background: modalityColor(modalities, m) }} />
            {name}
          </li>
        ))}
      </ul>
      <table>
        <thead>
          <tr>
            <th scope="col">{capitalised(item)}</th>
            <th scope="col">{quantityWithUnit(`${capitalised(noun)} ${symbol}`, unit)}</th>
            {taken && <th scope="col">Probability π</th>}
            <th scope="col">Weight α</th>
            <th scope="col">Based on</th>
          </tr>
        </thead>
        <tbody>
          <tr class={model.joint.value === "" ? "chosen" : ""}>
            <th scope="row">
              <button type="button" aria-pressed={model.joint.value === ""} onClick={() => choose("")}>
                {allOf(explanation)}
              </button>
            </th>
            <td class="number">{isIdle ? (taken ? "near zero" : "at rest") : ""}</td>
            {taken && <td class="number">{taken}</td>}
            <td class="number" />
            <td>
              <Shares names={modalities} shares={shares} />
            </td>
          </tr>
          {torques.map((torque, j) => (
            <tr key={torque.joint} class={model.joint.value === torque.joint ? "chosen" : ""}>
              <th scope="row">
                <button
                  type="button"
                  aria-pressed={model.joint.value === torque.joint}
                  onClick={() => choose(torque.joint)}
                >
                  {torque.joint}
                </button>
              </th>
              <td class="number">
                <Signed
                  value={torque.torque / largestIn(meanings[j]!.unit)}
                  text={quantity(torque.torque, unit === "" && meanings[j]!.unit !== "1" ? meanings[j]!.unit : "")}
                />
              </td>
              {taken && <td class="number">{percent(torque.probability ?? Number.NaN)}</td>}
              <td class="number">{quantity(torque.importance, "")}</td>
              <td>
                <Shares names={modalities} shares={torque.shares} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {model.canContrast && model.joint.value !== "" && (
        <label class="contrast">
          <input
            type="checkbox"
            checked={model.isContrast.value}
            onChange={(event) => model.contrast(event.currentTarget.checked)}
          />
          {`heatmap: why ${ratherThan(model.joint.value, model.against.value, meanings)}`}
        </label>
      )}
      {model.isContrast.value && model.canChoosePartner && torques.length > 2 && (
        <Partner model={model} names={torques.map(({ joint }) => joint)} item={item} />
      )}
    </>
  );
}

/** The one that the chosen output is compared with. */
function Partner({ model, names, item }: { model: Model; names: readonly string[]; item: string }) {
  return (
    <label class="contrast">
      {"compare with "}
      <select value={model.against.value} onChange={(event) => model.contrast(true, event.currentTarget.value)}>
        <option value="">{`the other ${item}s`}</option>
        {names.map((name) => name !== model.joint.value && <option key={name}>{name}</option>)}
      </select>
    </label>
  );
}

const capitalised = (word: string): string => `${word[0]!.toUpperCase()}${word.slice(1)}`;

const isOfJoints = ({ torques }: Pick<ExplanationMessage, "torques">): boolean => followJoints(torques.map(meaningOf));

/** A bar from the middle, to the right for positive values; `value` −1..1. */
function Signed({ value, text }: { value: number; text: string }) {
  return (
    <span class="signed">
      <i style={{ transform: `scaleX(${Math.max(-1, Math.min(1, value)).toFixed(3)})` }} />
      <b>{text}</b>
    </span>
  );
}

function Shares({ names, shares }: { names: readonly string[]; shares: Float32Array }) {
  const text = [...shares].map((share, m) => `${names[m]} ${percent(share)}`).join(", ");
  return (
    <span class="shares" role="img" aria-label={text} title={text}>
      {[...shares].map((share, m) => (
        <i key={names[m]} style={{ width: `${widthOf(share)}%`, background: modalityColor(names, m) }}>
          {share >= 0.14 ? percent(share) : ""}
        </i>
      ))}
    </span>
  );
}

/** Per cent in steps of a half: what is not seen to change is not laid out again. */
const widthOf = (share: number): number => (Number.isFinite(share) ? Math.round(200 * share) / 2 : 0);

interface Element {
  readonly name: string;
  readonly modality: number;
  readonly value: number;
}

function Elements({ model, explanation }: { model: Model; explanation: ExplanationMessage }) {
  const elements = useComputed(() => elementsOf(model.explanation.value, model.joint.value));
  const largest = Math.max(...elements.value.map(({ value }) => Math.abs(value)), 1e-12);
  const { noun, plural } = wordsFor(explanation);
  const { heatmap_joint: alone, contrast_joint: contrast, against_joint: against, chosen_action: taken } = explanation;
  const chosen = model.joint.value || alone;
  const all = taken ? `the ${noun} of ${taken}` : `all ${plural}, weighted by α`;
  const ofAll = contrast ? `the ${noun} of ${contrast} rather than ${against || "the others"}` : all;
  const of = chosen === "" ? ofAll : `the ${noun} of ${chosen}`;
  const unit = unitFor(explanation, chosen);
  if (elements.value.length === 0) return null;
  return (
    <>
      <h3>{`Inputs of the configuration, by relevance for ${of}`}</h3>
      <ol class="elements">
        {elements.value.slice(0, ELEMENTS).map(({ name, modality, value }) => (
          <li key={name}>
            <span>{name}</span>
            <span class="bar">
              <i
                style={{
                  transform: `scaleX(${(Math.abs(value) / largest).toFixed(3)})`,
                  background: modalityColor(explanation.modalities, modality),
                }}
              />
            </span>
            <span class="number">{quantity(value, unit)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

/** Elements of all modalities but images, the largest size first. */
function elementsOf(explanation: ExplanationMessage | undefined, joint: string): Element[] {
  if (!explanation) return [];
  const { modalities, element_offsets: offsets, torques } = explanation;
  const torque = torques.find((each) => each.joint === joint);
  const relevance = torque?.relevance ?? explanation.relevance;
  const elements = modalities.flatMap((modality, m) => {
    const [from, to] = [offsets[m]!, offsets[m + 1]!];
    return Array.from(relevance.subarray(from, to), (value, i) => ({
      name: `${modality} ${elementName(torques, to - from, i)}`,
      modality: m,
      value,
    }));
  });
  return elements.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
}

/** An element of a modality with one value a joint has the joint's name, others their number. */
const elementName = (torques: readonly TorqueRelevanceMessage[], size: number, index: number): string =>
  size === torques.length && isOfJoints({ torques: [...torques] }) ? torques[index]!.joint : String(index);
