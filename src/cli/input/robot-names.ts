import { InputError } from "../../errors.js";

/**
 * What `--robot` says: a name, or `/REGEXP/` whose first group in a recording's path is the name. The first one that
 * fits counts.
 * @returns name of a recording's robot; undefined where the option is not given
 * @throws InputError for text that is no regular expression or has no group; the function for a path that none fits
 */
export function robotNames(given: readonly string[]): (uri: string) => string | undefined {
  const rules = given.map((text) => {
    const pattern = /^\/(.+)\/$/s.exec(text)?.[1];
    if (pattern === undefined) {
      if (text.trim() === "" || text.length > 400)
        throw new InputError(`--robot ${text}: expected a name of 1 to 400 characters`);
      return () => text;
    }
    const expression = compiled(pattern, text);
    return (uri: string) => expression.exec(uri)?.[1];
  });
  return (uri) => {
    if (rules.length === 0) return undefined;
    for (const rule of rules) {
      const name = rule(uri);
      if (name) return name;
    }
    throw new InputError(`${uri}: no robot's name in the path, expected one that fits --robot ${given.join(" or ")}`);
  };
}

function compiled(pattern: string, text: string): RegExp {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern, "u");
  } catch (error) {
    throw new InputError(`--robot ${text}: ${(error as Error).message}`);
  }
  // An alternative of nothing always fits, and tells the number of groups.
  if (new RegExp(`${pattern}|`, "u").exec("")!.length > 1) return expression;
  throw new InputError(`--robot ${text}: expected a group around the name, as in /arm-([0-9]+)/`);
}
