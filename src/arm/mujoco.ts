import { readFile } from "node:fs/promises";
import load, { type MainModule, type MjModel, type MjSpec, type MjsElement, type mjtObj } from "@mujoco/mujoco";
import { InputError } from "../errors.js";
import { Model } from "./model.js";

let loading: Promise<MainModule> | undefined;

/** The MuJoCo WASM module, loaded once a process. */
function loadMujoco(): Promise<MainModule> {
  loading ??= load();
  return loading;
}

/**
 * Compiles an MJCF or URDF text. All links of a URDF are kept, fixed ones too; its meshes are left out, which changes
 * contacts only.
 * @param source name of the text in errors
 * @throws InputError where MuJoCo cannot compile it
 */
export async function modelFromXml(xml: string, source: string): Promise<Model> {
  const mj = await loadMujoco();
  try {
    return new Model(mj, /<robot[\s>]/.test(xml) ? compileUrdf(mj, xml) : mj.MjModel.from_xml_string(xml), source);
  } catch (error) {
    throw new InputError(`${source}: MuJoCo cannot compile it: ${oneLine(error)}`);
  }
}

/** Reads and compiles an MJCF or URDF file. An MJCF must not refer to other files. @throws InputError */
export async function modelFromFile(path: string): Promise<Model> {
  let xml: string;
  try {
    xml = await readFile(path, "utf8");
  } catch (error) {
    throw new InputError(`${path}: cannot read the model: ${oneLine(error)}`);
  }
  return modelFromXml(xml, path);
}

function compileUrdf(mj: MainModule, xml: string): MjModel {
  const spec = mj.parseXMLString(xml);
  const files = new mj.MjVFS();
  try {
    spec.compiler.fusestatic = false;
    for (const geom of elements(mj, spec, mj.mjtObj.mjOBJ_GEOM)) {
      if (mj.mjs_asGeom(geom)?.type === mj.mjtGeom.mjGEOM_MESH) mj.mjs_delete(spec, geom);
    }
    for (const mesh of elements(mj, spec, mj.mjtObj.mjOBJ_MESH)) mj.mjs_delete(spec, mesh);
    return mj.mj_compile(spec, files);
  } finally {
    files.delete();
    spec.delete();
  }
}

/** All elements of one kind, listed before any of them is deleted. */
function elements(mj: MainModule, spec: MjSpec, kind: mjtObj): MjsElement[] {
  const found: MjsElement[] = [];
  let element = mj.mjs_firstElement(spec, kind);
  while (element) {
    found.push(element);
    element = mj.mjs_nextElement(spec, element);
  }
  return found;
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, " ").trim();
}
