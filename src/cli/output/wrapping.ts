/** A stream that may be a terminal. */
interface Screen {
  readonly columns?: number | undefined;
}

/** Width of a terminal, columns; infinite for files and pipes. */
export const widthOf = ({ columns }: Screen): number => columns || Number.POSITIVE_INFINITY;

/** Joins parts by `gap`. A line that would not fit into `width` ends before the part and goes on indented. */
export function joined(
  parts: readonly string[],
  { width, gap = "  ", indent = "" }: { readonly width: number; readonly gap?: string; readonly indent?: string },
): string {
  const lines: string[] = [];
  let line: string | undefined;
  for (const part of parts) {
    const longer: string = line === undefined ? part : line + gap + part;
    if (line === undefined || longer.trimEnd().length <= width) line = longer;
    else {
      lines.push(line.trimEnd());
      line = indent + part;
    }
  }
  return [...lines, line ?? ""].join("\n");
}

/** Breaks the lines of a text between words; what follows a break is indented like `indent`. */
export const wrapped = (text: string, width: number, indent = ""): string =>
  text
    .split("\n")
    .map((line) => {
      const lead = /^ */.exec(line)![0];
      return lead + joined(line.slice(lead.length).split(" "), { width: width - lead.length, gap: " ", indent });
    })
    .join("\n");
