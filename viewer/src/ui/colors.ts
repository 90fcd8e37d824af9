/** Colours of modalities, by what they are: the same in every panel. */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/image|camera|rgb|depth/i, "--image"],
  [/vel/i, "--velocity"],
  [/pos|state|angle/i, "--position"],
];
/** Shades of a colour, for several modalities of one kind. */
const SHADES = 3;
const OTHERS = ["var(--other-1)", "var(--other-2)", "var(--other-3)"];

/** The colour of modality number `index` of `names`, as a CSS value. */
export function modalityColor(names: readonly string[], index: number): string {
  const kinds = names.map((name) => KNOWN.find(([pattern]) => pattern.test(name))?.[1]);
  const kind = kinds[index];
  if (kind === undefined) return OTHERS[index % OTHERS.length]!;
  const earlier = kinds.slice(0, index).filter((other) => other === kind).length;
  return `var(${kind}-${1 + (earlier % SHADES)})`;
}

/** A CSS value such as `var(--image)` as the colour that it stands for now, for canvases. */
export function resolved(color: string): string {
  const name = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
  return name ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : color;
}
