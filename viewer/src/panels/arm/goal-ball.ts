import { Mesh, MeshLambertMaterial, SphereGeometry } from "three";
import type { SimulationMessage, TfMessage } from "#src/messages/types.js";
import { place } from "./pose.js";

const GOAL = /goal|target/;

/** The goal of the run as a red ball. */
export class GoalBall extends Mesh<SphereGeometry, MeshLambertMaterial> {
  constructor() {
    super(
      new SphereGeometry(1, 24, 16),
      new MeshLambertMaterial({ color: 0xd62728, transparent: true, opacity: 0.75 }),
    );
    this.visible = false;
  }

  /** @param asked the goal that was asked for and that the simulation does not have yet */
  show(
    transforms: TfMessage["transforms"],
    simulation: SimulationMessage | undefined,
    asked: readonly number[] | undefined,
  ): void {
    const pose = transforms.find(({ child_frame_id }) => GOAL.test(child_frame_id));
    this.visible = pose !== undefined;
    if (!pose) return;
    place(this, pose);
    if (!simulation || !asked) return;
    // A goal may be a point beside its marker; both move alike.
    this.position.x += asked[0]! - simulation.goal[0]!;
    this.position.y += asked[1]! - simulation.goal[1]!;
  }
}
