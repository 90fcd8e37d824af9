import load from "@mujoco/mujoco";
import { InputError } from "../errors.js";
import { readText } from "../files/reading.js";
import { parseUrdf } from "../urdf/urdf.js";
import { checkCounts } from "./counts.js";
import { speedsOf } from "./joint-speeds.js";
import { Model } from "./model.js";
import { filesOfModel, textsIn, withFiles } from "./model-files.js";
import type { Mujoco, RawModel } from "./mujoco-types.js";
import { mjcfOf } from "./urdf-mjcf.js";

let loading: Promise<Mujoco> | undefined;

/** The MuJoCo WASM module, loaded once a process. */
function loadMujoco(): Promise<Mujoco> {
  // The package types MjData's constructors by model in an overload, which no single signature matches.
  loading ??= load().then((module: Omit<Mujoco, "MjData">) => module as Mujoco);
  return loading;
}

/**
 * Compiles an MJCF or URDF text. A URDF keeps all its links, fixed ones too, and means what URDF's own tools take it for,
 * see `mjcfOf`; its meshes are left out, which changes contacts only.
 * @param source name of the text in errors
 * @throws InputError where MuJoCo cannot compile it
 */
export async function modelFromXml(xml: string, source: string): Promise<Model> {
  checkCounts(new Map([[source, xml]]), source);
  const mj = await loadMujoco();
  const compile = (text: string) => compiled(source, () => mj.MjModel.from_xml_string(text));
  return rootName(xml) === "robot" ? modelFromUrdf(mj, xml, source, compile) : new Model(mj, compile(xml), source);
}

function modelFromUrdf(mj: Mujoco, xml: string, source: string, compile: (xml: string) => RawModel): Model {
  const urdf = parseUrdf(xml, source);
  const { xml: text, exact, unknownInertia } = mjcfOf(urdf, source);
  const model = new Model(mj, compile(text), source, unknownInertia, urdf.problems.mechanics, speedsOf(urdf));
  if (exact.size === 0 || unknownInertia.length > 0) return model;
  const [masses, moments] = [model.arrays.get("body_mass"), model.arrays.get("body_inertia")];
  for (const [link, inertia] of exact) {
    const body = model.id("body", link);
    masses[body] = inertia.mass;
    moments.set(inertia.moments, 3 * body);
  }
  const data = new mj.MjData(model.raw);
  mj.mj_setConst(model.raw, data);
  data.delete();
  return model;
}

function compiled(source: string, compile: () => RawModel): RawModel {
  try {
    return compile();
  } catch (error) {
    throw new InputError(`${source}: MuJoCo cannot compile it: ${oneLine(error)}`);
  }
}

/** Name of an XML text's first element, after comments and declarations. */
function rootName(xml: string): string | undefined {
  return /^(?:[^<]|<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<![^-][^>]*>)*<([\w:.-]+)/.exec(xml)?.[1];
}

/**
 * Reads and compiles an MJCF or URDF file; an MJCF with the files that it names.
 * @throws InputError
 */
export async function modelFromFile(path: string): Promise<Model> {
  const xml = await readText(path, "the model");
  if (rootName(xml) === "robot") return modelFromXml(xml, path);
  const files = await filesOfModel(path);
  checkCounts(textsIn(files), path);
  const mj = await loadMujoco();
  const compile = (file: string) =>
    new Model(
      mj,
      compiled(path, () => mj.MjModel.from_xml_path(file)),
      path,
    );
  return withFiles(mj, path, files, compile);
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, " ").trim();
}
