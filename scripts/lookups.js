// Finds lookups by keys that may come from a file or an option: `table[key]` also gives what every object inherits, such
// as `constructor`, and `record[key] = value` sets a prototype under `__proto__`. src/own.ts does neither.
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** Files whose keys are never data. */
const KEYS_OF_OURS = {
  "src/own.ts": "the helper itself",
  "src/arm/model.ts": "names of MuJoCo's accessors",
  "src/arm/views.ts": "names of MuJoCo's arrays",
  "src/bag/decompress.ts": "a module's path",
  "src/graph/protobuf.ts": "names of the schemas of ONNX",
  "src/messages/cdr.ts": "names of fields, and values may be instances of classes",
};

const inRoot = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** True for any string, false for a closed set of them. */
function isOpen(checker, type) {
  if (type.isUnion()) return type.types.some((part) => isOpen(checker, part));
  if (type.flags & ts.TypeFlags.TypeParameter) return isOpen(checker, checker.getBaseConstraintOfType(type) ?? type);
  if (type.flags & ts.TypeFlags.StringLiteral) return false;
  return (type.flags & (ts.TypeFlags.StringLike | ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0;
}

/** `torquelens.${name}` is no name that objects inherit. */
const hasPrefix = (key) => ts.isTemplateExpression(key) && key.head.text !== "";

function isLookup(checker, node) {
  const key = ts.isElementAccessExpression(node)
    ? node.argumentExpression
    : ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InKeyword
      ? node.left
      : undefined;
  return key !== undefined && !hasPrefix(key) && isOpen(checker, checker.getTypeAtLocation(key));
}

/** The lookups in files of a program, as `path:line text`. */
export function lookups(program, isIncluded) {
  const checker = program.getTypeChecker();
  const found = [];
  for (const file of program.getSourceFiles()) {
    if (!isIncluded(file.fileName)) continue;
    const visit = (node) => {
      if (isLookup(checker, node)) {
        const { line } = file.getLineAndCharacterOfPosition(node.getStart());
        found.push(`${relative(inRoot("."), file.fileName)}:${line + 1} ${node.getText()}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return found;
}

function run() {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} };
  const { fileNames, options } = ts.getParsedCommandLineOfConfigFile(inRoot("tsconfig.json"), {}, host);
  const open = new Set(fileNames.filter((name) => !Object.hasOwn(KEYS_OF_OURS, relative(inRoot("."), name))));
  const found = lookups(ts.createProgram(fileNames, options), (name) => open.has(name));
  for (const place of found) console.error(`${place}: use own(record, key) or put(record, key, value) of src/own.ts`);
  if (found.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) run();
