import { AmbientLight, ArrowHelper, DirectionalLight, GridHelper, PerspectiveCamera, Scene, Vector3 } from "three";
import type { ExplanationMessage, JointStateMessage, SimulationMessage, TfMessage } from "#src/messages/types.js";
import type { CameraFrame } from "../../model/camera.js";
import { CameraPicture } from "./camera-picture.js";
import { GoalBall } from "./goal-ball.js";
import { type Gripped, Grips } from "./grips.js";
import { type Pose, place, pointOf } from "./pose.js";
import { Robot } from "./robot.js";
import { Stage } from "./stage.js";
import { View } from "./view.js";

/** What the scene shows at one tick. */
export interface ArmState {
  readonly explanation: ExplanationMessage | undefined;
  readonly transforms: TfMessage["transforms"];
  readonly jointStates: JointStateMessage | undefined;
  readonly joint: string;
  readonly frames: ReadonlyMap<string, CameraFrame>;
  readonly simulation: SimulationMessage | undefined;
  /** The goal that was asked for and that the simulation does not have yet. */
  readonly goal: readonly number[] | undefined;
  /** Force that is pushed with now, N. */
  readonly force: readonly [number, number, number] | undefined;
  /** Draws each camera's picture. */
  readonly pictures: ReadonlyMap<string, () => HTMLCanvasElement>;
}

/** What a drag in the scene does. */
export interface Handlers {
  /** @param goal in the form of the simulation's goal */
  readonly moveGoal: (goal: readonly number[]) => void;
  /** @param force N; undefined where the link is let go */
  readonly push: (force: readonly [number, number, number] | undefined) => void;
}

/** What is told of the drawing. */
export interface Events {
  /** @param point position of the goal in the canvas, CSS pixels; undefined where there is none */
  readonly goal: (point: readonly [number, number] | undefined) => void;
  /** @param rate drawings a second where the data come faster, else undefined */
  readonly slowed: (rate: number | undefined, isSoftware: boolean) => void;
}

/** A robot in 3D with its goal and its cameras. Each state is put into the scene when it is drawn, not before. */
export class ArmScene {
  readonly #scene = new Scene();
  readonly #stage: Stage;
  readonly #view: View;
  readonly #grips: Grips;
  readonly #cameras = new Map<string, CameraPicture>();
  readonly #goal = new GoalBall();
  readonly #force = new ArrowHelper(new Vector3(1, 0, 0), new Vector3(), 1, 0xd62728);
  #grid = new GridHelper();
  #robot: Robot | undefined;
  #state: ArmState | undefined;
  /** False where the state is not in the scene yet. */
  #isPlaced = true;
  #isHeld = false;
  readonly #told: Events["goal"];

  /**
   * @param handlers what drags do; nothing can be dragged without
   * @throws Error where the browser has no WebGL
   */
  constructor(place: HTMLElement, handlers: Handlers | undefined, { goal, slowed }: Events) {
    this.#told = goal;
    const camera = new PerspectiveCamera(40, 1, 0.01, 100);
    this.#stage = new Stage(place, {
      scene: this.#scene,
      camera,
      prepare: () => this.#placeState(),
      drawn: () => this.#tellGoal(),
      resized: (width, height) => {
        this.#view.aspect = width / height;
      },
      slowed,
    });
    this.#grips = new Grips(this.#stage.canvas, camera, handlers && this.#gripped(handlers));
    // After the grips, which take the drags that begin on something.
    this.#view = new View(this.#stage.canvas, camera, () => this.#stage.draw());
    this.#grips.changed = (isHeld) => {
      this.#isHeld = isHeld;
      this.#view.isHeld = isHeld;
    };
    const sun = new DirectionalLight(0xffffff, 2);
    sun.position.set(1, -2, 3);
    this.#scene.add(new AmbientLight(0xffffff, 1.4), sun, this.#goal, this.#force, this.#grid);
    this.#force.visible = false;
    this.#grid.visible = false;
  }

  dispose(): void {
    this.#grips.dispose();
    this.#view.dispose();
    this.#stage.dispose();
  }

  /** Shows another robot. Returns what is wrong with it, or nothing. */
  setRobot(urdf: string): string {
    if (this.#robot) this.#scene.remove(this.#robot.object);
    for (const camera of this.#cameras.values()) this.#removeCamera(camera);
    this.#cameras.clear();
    this.#robot = undefined;
    let robot: Robot;
    try {
      robot = new Robot(urdf);
    } catch (error) {
      return (error as Error).message;
    }
    this.#robot = robot;
    this.#isPlaced = false;
    this.#scene.add(robot.object);
    this.#goal.scale.setScalar(robot.size / 25);
    this.#layGrid(robot.size);
    this.resetView();
    return "";
  }

  /** Those of the joints that the robot description lacks. */
  missing(joints: readonly string[]): string[] {
    return this.#robot?.missing(joints) ?? [];
  }

  show(state: ArmState): void {
    this.#state = state;
    this.#isPlaced = false;
    // At once: it is gripped where it is, also before it is drawn there.
    this.#goal.show(state.transforms, state.simulation, state.goal);
    this.#tellGoal();
    if (this.#isHeld) this.#stage.draw();
    else this.#stage.drawTick();
  }

  /** Draws nothing until another state is shown. */
  rest(): void {
    this.#stage.rest();
  }

  /** Looks at robot, goal and pictures of cameras from the usual side. */
  resetView(): void {
    this.#placeState();
    this.#look();
  }

  /** Turns or zooms the view by a key. Returns false for keys that do nothing. */
  press(key: string): boolean {
    if (key === "Home") this.resetView();
    else if (!this.#view.press(key)) return false;
    return true;
  }

  #look(): void {
    const robot = this.#robot;
    if (!robot) return;
    this.#scene.updateMatrixWorld(true);
    const box = robot.box.clone();
    for (const { plane } of this.#cameras.values()) box.expandByObject(plane);
    if (this.#goal.visible) box.expandByObject(this.#goal);
    if (!box.isEmpty()) this.#view.reset(box, robot.size);
    this.#stage.draw();
  }

  #tellGoal(): void {
    this.#told(this.#goal.visible ? pointOf(this.#goal.position, this.#view.camera, this.#stage) : undefined);
  }

  /** Puts the newest state into the scene. */
  #placeState(): void {
    const state = this.#state;
    if (this.#isPlaced || !state) return;
    this.#isPlaced = true;
    const { explanation, transforms, jointStates, joint, frames, pictures } = state;
    const robot = this.#robot;
    if (robot && jointStates) robot.move(jointStates);
    if (robot && explanation) robot.color(explanation, joint);
    this.#showForce(state);
    if (!robot) return;
    const poses = new Map(transforms.map((each) => [each.child_frame_id, each]));
    for (const [name, frame] of frames) {
      const pose = poses.get(frame.frameId);
      const draw = pictures.get(name);
      if (pose && draw) this.#showCamera(name, frame, pose, draw(), robot);
    }
  }

  /** An arrow at the pushed link, as long as the drag that gives this force. */
  #showForce({ simulation, force }: ArmState): void {
    const vector = new Vector3(...(force ?? simulation?.wrench.slice(0, 3) ?? []));
    const tip = this.#tip();
    this.#force.visible = vector.length() > 0 && tip !== undefined;
    if (!tip || vector.length() === 0) return;
    const { size } = tip.robot;
    const length = Math.min(2 * size, vector.length() / gain(tip.robot));
    this.#force.position.copy(tip.centre);
    this.#force.setDirection(vector.normalize());
    this.#force.setLength(length, 0.08 * size, 0.05 * size);
  }

  /** The link that the simulation pushes, at its centre of mass. */
  #tip() {
    const robot = this.#robot;
    const name = this.#state?.simulation?.tip_link;
    const link = name === undefined ? undefined : robot?.link(name);
    if (!robot || !link) return undefined;
    link.updateWorldMatrix(true, false);
    return { robot, link, centre: link.localToWorld(new Vector3(...(link.inertial?.origin.xyz ?? [0, 0, 0]))) };
  }

  #gripped({ moveGoal, push }: Handlers): Gripped {
    return {
      goal: () => {
        const state = this.#state;
        const goal = state?.goal ?? (state?.simulation && Array.from(state.simulation.goal));
        return this.#goal.visible && goal ? { position: this.#goal.position.clone(), goal } : undefined;
      },
      moveGoal: ({ goal }, { x, y }) => moveGoal([goal[0]! + x, goal[1]! + y, ...goal.slice(2)]),
      tip: () => this.#tip(),
      push: (drag) => {
        if (!drag || !this.#robot) push(undefined);
        else push(drag.multiplyScalar(gain(this.#robot)).toArray());
      },
    };
  }

  #showCamera(name: string, frame: CameraFrame, pose: Pose, picture: HTMLCanvasElement, robot: Robot): void {
    let shown = this.#cameras.get(name);
    if (shown && !shown.fits(frame)) {
      this.#removeCamera(shown);
      shown = undefined;
    }
    const isNew = !shown;
    if (!shown) {
      const { x, y, z } = pose.transform.translation;
      shown = new CameraPicture(picture, frame, new Vector3(x, y, z).distanceTo(robot.centre), robot.size);
      this.#cameras.set(name, shown);
      this.#scene.add(shown.group);
    }
    place(shown.group, pose);
    shown.show(frame);
    if (isNew && !this.#view.isTurned) this.#look();
  }

  #removeCamera(camera: CameraPicture): void {
    this.#scene.remove(camera.group);
    camera.dispose();
  }

  #layGrid(size: number): void {
    this.#scene.remove(this.#grid);
    this.#grid.dispose();
    this.#grid = new GridHelper(2 * size, 10, 0x888888, 0x888888);
    this.#grid.rotation.x = Math.PI / 2;
    this.#scene.add(this.#grid);
  }
}

/** Force per metre of a drag, N/m: half of the robot's size gives about what its strongest joint can hold there. */
const gain = ({ effort, size }: Robot): number => (2 * effort) / size ** 2;
