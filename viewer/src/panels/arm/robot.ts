import { Box3, Color, Mesh, MeshLambertMaterial, type Object3D, SRGBColorSpace, Vector3 } from "three";
import type { URDFLink, URDFRobot } from "urdf-loader";
import { colorTable } from "#src/image/colormap.js";
import type { ExplanationMessage, JointStateMessage } from "#src/messages/types.js";
import { largestEffort } from "../../model/effort.js";
import { jointRelevance } from "../../model/joint-relevance.js";
import { readUrdf } from "./read-urdf.js";

const GREY = new Color(0.62, 0.63, 0.66);

/** A robot whose links have the colour of their joint's relevance. */
export class Robot {
  readonly object: URDFRobot;
  /** The largest effort of a joint, N·m. */
  readonly effort: number;
  /** Around the robot as it is described, all joints at 0. */
  readonly box: Box3;
  /** Of the box. */
  readonly centre: Vector3;
  /** Diagonal of the box, metres, 0.2 at least. */
  readonly size: number;
  readonly #materials = new Map<string, MeshLambertMaterial>();

  /** @throws Error with a sentence that says what to do, for text that is no URDF */
  constructor(urdf: string) {
    this.object = readUrdf(urdf);
    this.effort = largestEffort(urdf);
    for (const [name, link] of Object.entries(this.object.links)) {
      const material = new MeshLambertMaterial({ color: GREY });
      this.#materials.set(name, material);
      link.traverse((object) => {
        if (object instanceof Mesh && linkOf(object) === link) object.material = material;
      });
    }
    this.object.updateMatrixWorld(true);
    this.box = new Box3().setFromObject(this.object);
    this.centre = this.box.getCenter(new Vector3());
    this.size = Math.max(0.2, this.box.getSize(new Vector3()).length());
  }

  /** Those of the joints that the robot description lacks. */
  missing(joints: readonly string[]): string[] {
    return joints.filter((name) => !this.#has(name));
  }

  move({ name: names, position }: JointStateMessage): void {
    for (const [i, name] of names.entries()) if (this.#has(name)) this.object.setJointValue(name, position[i] ?? 0);
  }

  /** A link has the colour of the nearest joint above it that the policy commands. */
  color(explanation: ExplanationMessage, joint: string): void {
    const sums = jointRelevance(explanation, joint);
    const largest = Math.max(...sums);
    const table = colorTable("inferno");
    const colors = new Map(
      explanation.torques.map((torque, i) => {
        const level = largest > 0 ? Math.round((255 * sums[i]!) / largest) : 0;
        const color = new Color().setRGB(
          table[3 * level]! / 255,
          table[3 * level + 1]! / 255,
          table[3 * level + 2]! / 255,
          SRGBColorSpace,
        );
        return [torque.joint, color];
      }),
    );
    for (const [name, material] of this.#materials) material.color.copy(colorAbove(this.object.links[name]!, colors));
  }

  link(name: string): URDFLink | undefined {
    return Object.hasOwn(this.object.links, name) ? this.object.links[name] : undefined;
  }

  #has(joint: string): boolean {
    return Object.hasOwn(this.object.joints, joint);
  }
}

/** The link that a mesh belongs to. */
function linkOf(object: Object3D): Object3D | null {
  let at: Object3D | null = object;
  while (at && !("isURDFLink" in at && at.isURDFLink)) at = at.parent;
  return at;
}

function colorAbove(link: Object3D, colors: ReadonlyMap<string, Color>): Color {
  for (let at: Object3D | null = link; at; at = at.parent) {
    if (!("isURDFJoint" in at && at.isURDFJoint)) continue;
    const color = colors.get((at as unknown as { readonly urdfName: string }).urdfName);
    if (color) return color;
  }
  return GREY;
}
