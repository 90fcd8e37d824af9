import type { Modality } from "../../policy/modalities.js";
import { type Model, type Policy, tensorsOf } from "../../policy/policy.js";
import { tensorText } from "../../policy/tensors.js";
import { columns } from "./table.js";

/** A network's inputs and outputs, for a terminal. */
export function tensorsText(model: Model): string {
  const { inputs, outputs } = tensorsOf(model.graph);
  const rows = (tensors: typeof inputs) => columns(tensors.map((tensor) => [tensor.name, tensorText(tensor)]));
  return `inputs\n${rows(inputs)}\n\noutputs\n${rows(outputs)}`;
}

/** A policy's card and modalities, for a terminal. */
export function cardText({ card, cardSource, modalities }: Policy): string {
  const limits = card.torque.limits === undefined ? "" : `, limits ${[card.torque.limits].flat().join(", ")} N·m`;
  return [
    `card ${cardSource}\n${columns([
      ["name", card.name],
      ["control period", `${card.control_period} s`],
      ["torques", `${card.torque.output}: ${card.joints.join(", ")}${limits}`],
      ["feature points", `origin ${card.feature_points.origin}`],
      [
        "arm",
        card.arm
          ? `${card.arm.file ?? "the source's robot description"}, end effector ${card.arm.site ?? card.arm.link}`
          : "none: importance is 1 for every torque",
      ],
    ])}`,
    `modalities\n${columns(modalities.map(modalityRow))}`,
  ].join("\n\n");
}

function modalityRow(modality: Modality): string[] {
  if (modality.kind === "image") {
    const { name, input, width, height, encoding, layout, range } = modality;
    return [name, input, `${width}×${height} ${encoding} ${layout}, range [${range.join(", ")}]`];
  }
  const { name, input, start, size, elements, unit, reference } = modality;
  const place = size === 1 ? `${input}[${start}]` : `${input}[${start}..${start + size - 1}]`;
  return [name, place, `${elements.join(", ")}${unit && ` in ${unit}`}, reference ${reference.kind}`];
}
