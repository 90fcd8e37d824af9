import type { ArmScene, Situation } from "../tasks/arm-scene.js";
import type { ControlProblem } from "../tasks/task.js";
import { Follower, type FollowOptions } from "./follow.js";
import { type Plan, plan } from "./ilqr.js";
import { type Point, PostureCost, ReachCost, type ReachWeights, type SiteGoal } from "./reach-cost.js";
import { clipped } from "./torque.js";

/** Where a named site is, metres. */
export type Sites = (name: string) => Point;

/** How an expert plans a task and follows its plan. */
export interface ExpertSpec extends Pick<FollowOptions, "last" | "ahead"> {
  /** The goal that is planned for first, from torques of zero. */
  readonly first: Point;
  /** Where sites shall be, from where they are at the start, and where the goal is. */
  goals(start: Sites, goal: Point): readonly SiteGoal[];
  weights(tick: number): ReachWeights;
  /** Weights of ½ v² of the joints and ½ τ². */
  readonly velocityWeight: number;
  readonly controlWeight: number;
  /** Weight of ½ (q − q*)² for the distance from the planned joint positions, when it is followed. */
  readonly postureWeight: number;
  /** The phase to follow in place of the one that the state is at, where something must come first. */
  hold?(phase: number, sites: Sites, goal: Point): number;
}

/**
 * An expert of one task: a plan by iLQR for each place of the goal, made without contact forces when it is first asked
 * for, and followed by the state alone. Without contacts a plan is smooth; it leads where there are none.
 */
export class PlanExpert {
  readonly #scene: ArmScene;
  readonly #spec: ExpertSpec;
  readonly #start: Float64Array;
  readonly #horizon: number;
  readonly #plans = new Map<string, Plan>();

  /** `start` is the state that every plan begins with, `horizon` its control steps. */
  constructor(scene: ArmScene, spec: ExpertSpec, start: Float64Array, horizon: number) {
    this.#scene = scene;
    this.#spec = spec;
    this.#start = start;
    this.#horizon = horizon;
  }

  /** The torque for a situation, within limits, N·m. */
  torque(situation: Situation): Float64Array {
    const { arm, torqueLimit } = this.#scene;
    const { last, ahead, hold } = this.#spec;
    const follower = new Follower(this.plan(situation.goal), { joints: arm.joints.length, last, ahead });
    const phase = follower.phase(situation.state);
    const data = this.#scene.place(situation);
    const held = hold?.(phase, (name) => this.#scene.site(data, name), situation.goal) ?? phase;
    return clipped(follower.torque(situation.state, held), torqueLimit, arm.joints);
  }

  /** The plan for a goal: it begins from that for the goal of `spec.first`, so that it does not depend on what was asked before. */
  plan(goal: Point): Plan {
    const key = goal.join();
    let found = this.#plans.get(key);
    if (found === undefined) {
      const { first } = this.#spec;
      found = this.#planned(goal, key === first.join() ? undefined : this.plan(first));
      this.#plans.set(key, found);
    }
    return found;
  }

  /** What a plan solves. */
  #problem(goal: Point): ControlProblem {
    const scene = this.#scene;
    const { goals, weights, velocityWeight, controlWeight } = this.#spec;
    const step = scene.stepsTowards(goal);
    step.set(this.#start);
    step.data.kinematics();
    const sites = goals((name) => scene.site(step.data, name), goal);
    const cost = new ReachCost(scene.model, sites, weights, velocityWeight);
    return { step, horizon: this.#horizon, start: this.#start, cost, controlWeight };
  }

  #planned(goal: Point, from: Plan | undefined): Plan {
    const problem = this.#problem(goal);
    const { opt } = this.#scene.model.raw;
    const flags = opt.disableflags;
    opt.disableflags = flags | this.#scene.model.mj.mjtDisableBit.mjDSBL_CONTACT.value;
    try {
      const { states, controls } = plan(problem.step, { ...problem, controls: from?.controls });
      // The plan stays as it is; what changes are the gains of motions that do not move the sites.
      const cost = new PostureCost(problem.cost, states, this.#spec.postureWeight);
      return plan(problem.step, { ...problem, cost, controls, iterations: 1 });
    } finally {
      opt.disableflags = flags;
      problem.cost.delete();
    }
  }
}
