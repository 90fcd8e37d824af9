import { parseXml } from "@rgrove/parse-xml";
import { Object3D } from "three";
import URDFLoader, { type URDFRobot } from "urdf-loader";

/** @throws Error with a sentence that says what to do, for text that is no URDF */
export function readUrdf(urdf: string): URDFRobot {
  const fault = faultOf(urdf);
  if (fault) throw faulty(fault);
  const loader = new URDFLoader();
  loader.loadMeshCb = (_path, _manager, _material, done) => done(new Object3D());
  try {
    return loader.parse(urdf);
  } catch (error) {
    throw faulty((error as Error).message);
  }
}

/** What the loader would pass over or break at; empty where there is nothing. */
function faultOf(urdf: string): string {
  try {
    // The browser's own parser puts a page with forbidden styles in place of a faulty document.
    parseXml(urdf);
  } catch (error) {
    return `it is not XML (${(error as Error).message.split("\n")[0]})`;
  }
  const { documentElement: robot } = new DOMParser().parseFromString(urdf, "text/xml");
  if (robot.nodeName !== "robot") return `it begins with <${robot.nodeName}>, expected <robot>`;
  const children = [...robot.children];
  const links = new Set(
    children.filter(({ nodeName }) => nodeName === "link").map((link) => link.getAttribute("name")),
  );
  if (links.size === 0) return "it has no link";
  for (const joint of children.filter(({ nodeName }) => nodeName === "joint"))
    for (const end of ["parent", "child"]) {
      const link = joint.querySelector(`:scope > ${end}`)?.getAttribute("link") ?? "";
      if (!links.has(link))
        return `its joint ${joint.getAttribute("name")} has the ${end} link "${link}", which it lacks`;
    }
  return "";
}

const faulty = (what: string) =>
  new Error(
    `The robot description cannot be shown: ${what}. Check the URDF that was given, as with check_urdf; all but the 3D view works without it.`,
  );
