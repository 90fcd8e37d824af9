import type { Program } from "typescript";

/** The lookups in files of a program, as `path:line text`. */
export function lookups(program: Program, isIncluded: (fileName: string) => boolean): string[];
