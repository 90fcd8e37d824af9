import * as z from "zod";
import { own } from "../../own.js";
import { configure, type MethodEntry } from "../../relevance/methods/method-spec.js";
import { METHODS } from "../../relevance/methods.js";
import { writeOut } from "../../text/terminal.js";
import { columns } from "../output/table.js";

export function methods({ json = false }: { readonly json?: boolean }): void {
  const text = json ? JSON.stringify(METHODS.map(record)) : METHODS.map(paragraph).join("\n\n");
  writeOut(`${text}\n`);
}

interface Option {
  readonly name: string;
  readonly default: unknown;
  readonly about: string;
  /** The words to choose from, where it is one of a few. */
  readonly choices?: readonly string[];
}

const optionsOf = ({ options }: MethodEntry): Option[] => {
  const defaults = options.parse({});
  return Object.entries(options.shape as Record<string, z.ZodType>).map(([name, schema]) => ({
    name,
    default: own(defaults, name) ?? null,
    about: schema.description ?? "",
    ...choicesOf(schema),
  }));
};

function choicesOf(schema: z.ZodType): { choices?: readonly string[] } {
  const inner = schema instanceof z.ZodDefault ? schema.unwrap() : schema;
  return inner instanceof z.ZodEnum ? { choices: inner.options.map(String) } : {};
}

const record = (entry: MethodEntry) => {
  const { name, title, cite, conserves, linear } = entry;
  const { contrasts } = configure(entry, {});
  return { name, title, cite, conserves, linear, contrasts, options: optionsOf(entry) };
};

function paragraph(entry: MethodEntry): string {
  const options = optionsOf(entry).map((o) => [
    `${o.name}=${o.default ?? "…"}`,
    o.choices ? `${o.about} (${o.choices.join(", ")})` : o.about,
  ]);
  const lines = [`${entry.name}  ${entry.title}`, `  ${entry.cite}`];
  return [...lines, ...(options.length > 0 ? [columns(options)] : [])].join("\n");
}
