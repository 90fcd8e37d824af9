import { areActions, kindNamed, wordsOf } from "../../outputs/kinds.js";
import type { Card } from "../../policy/card-schema.js";
import type { Modality } from "../../policy/modalities.js";
import { outputSlices } from "../../policy/outputs.js";
import type { Model, Policy } from "../../policy/policy.js";
import { tensorsOf, tensorText } from "../../policy/tensors.js";
import { columns } from "./table.js";

/** A network's inputs and outputs, for a terminal. */
export function tensorsText(model: Model): string {
  const { inputs, outputs, unread = [] } = tensorsOf(model.graph);
  const rows = (tensors: typeof inputs) => columns(tensors.map((tensor) => [tensor.name, tensorText(tensor)]));
  const without = unread.map(({ name, why }) => [name, `not read: ${why}`]);
  return `inputs\n${rows(inputs)}\n\noutputs\n${rows(outputs)}${without.length > 0 ? `\n${columns(without)}` : ""}`;
}

/** A policy's card and modalities, for a terminal. */
export function cardText({ card, cardSource, modalities, outputs, attention, mask }: Policy): string {
  const each = areActions(outputs) ? "of the chosen action" : `for every ${wordsOf(outputs).noun}`;
  return [
    `card ${cardSource}\n${columns([
      ["name", card.name],
      ["control period", `${card.control_period} s`],
      ...(card.actions ? [actionRow(card.actions, outputs)] : outputRows(card)),
      ...attention.map((output) => ["attention", attentionText(output)]),
      ...(mask ? [["acts where", `${mask.tensor}: the largest of ${mask.width}×${mask.height} cells`]] : []),
      ...(card.language ? [["told in words", languageText(card.language)]] : []),
      ["feature points", `origin ${card.feature_points.origin}`],
      [
        "arm",
        card.arm
          ? `${card.arm.file ?? "the source's robot description"}, end effector ${card.arm.site ?? card.arm.link}`
          : `none: importance is 1 ${each}`,
      ],
    ])}`,
    `modalities\n${columns(modalities.map(modalityRow))}`,
  ].join("\n\n");
}

/** `39 words as language, unknown ones as <unknown>` */
function languageText({ tokens, vocabulary, tokenizer, unknown }: NonNullable<Card["language"]>): string {
  if (!vocabulary) return `tokens of ${tokenizer} as ${tokens}`;
  return `${vocabulary.length} words as ${tokens}, unknown ones ${unknown === undefined ? "refused" : `as ${unknown}`}`;
}

/** `attention: 1 map of 7×7 places on image` */
function attentionText({ tensor, modality, queries, down, across }: Policy["attention"][number]): string {
  const maps = queries.length === 1 ? "1 map" : `${queries.length} maps (${queries.join(", ")})`;
  const places = down.stride === 1 && across.stride === 1 ? "pixels" : "places";
  return `${tensor}: ${maps} of ${across.count}×${down.count} ${places} on ${modality}`;
}

/** A row for each kind of output: what it commands, of which tensor and step, in which unit, from which zero. */
function outputRows(card: Card): string[][] {
  return outputSlices(card).map(({ kind, isUnused, tensor, step, elements, units, limits, reference }) => {
    const place = step === undefined ? tensor : `${tensor}, step ${step}`;
    const names = elements.join(", ");
    if (isUnused) return ["unused", `${place}: ${names}`];
    const unit = [...new Set(units)].join(", ");
    const given = card.torque?.limits ?? limits;
    const limited = given === undefined ? "" : `, limits ${[given].flat().join(", ")} ${unit}`;
    if (card.torque) return ["torques", `${place}: ${names}${limited}`];
    const from =
      reference === "present"
        ? "from the present value"
        : reference === "zero"
          ? ""
          : "modality" in reference
            ? `from ${reference.modality}`
            : `from ${reference.values.join(", ")}`;
    const parts = [`${place}: ${names}${unit && ` in ${unit}`}`, ...(from ? [from] : [])];
    return [kindNamed(kind).plural, `${parts.join(", ")}${limited}`];
  });
}

/** The actions, and what they are explained by where the output holds something else. */
function actionRow({ output, names, values }: NonNullable<Card["actions"]>, outputs: Policy["outputs"]): string[] {
  const { plural } = wordsOf(outputs);
  const explained = plural === values ? "" : `, explained by the ${plural} before their softmax`;
  return ["actions", `${output}: ${names.join(", ")}; ${values}${explained}`];
}

function modalityRow(modality: Modality): string[] {
  if (modality.kind === "image") {
    const { name, input, width, height, encoding, layout, range } = modality;
    return [name, input, `${width}×${height} ${encoding} ${layout}, range [${range.join(", ")}]`];
  }
  const { name, input, start, size, elements, unit, reference } = modality;
  const place = size === 1 ? `${input}[${start}]` : `${input}[${start}..${start + size - 1}]`;
  return [name, place, `${elementsText(elements)}${unit && ` in ${unit}`}, reference ${reference.kind}`];
}

/** Most elements without names that are listed one by one. */
const LISTED = 8;

/** Names of elements; where there are many that have none, the first and the last index. */
function elementsText(elements: readonly string[]): string {
  const isUnnamed = elements.length > LISTED && elements.every((name, i) => name === String(i));
  return isUnnamed ? `0 … ${elements.length - 1}` : elements.join(", ");
}
