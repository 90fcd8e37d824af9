import { Follower, type FollowOptions } from "../../expert/follow.js";
import { type ControlProblem, type Plan, plan } from "../../expert/ilqr.js";
import { PostureCost } from "../../expert/posture-cost.js";
import { ReachCost, type SiteGoal } from "../../expert/reach-cost.js";
import type { DistanceWeights, Point, Sites } from "../../expert/state-cost.js";
import { clipped } from "../../expert/torque.js";
import type { ArmScene, Situation } from "./arm-scene.js";

/** How an expert plans a task and follows the plan. */
export interface ExpertSpec extends Pick<FollowOptions, "last" | "ahead"> {
  /** The goal that is planned for first, from torques of zero. */
  readonly first: Point;
  /** Points for sites to reach, given their positions at the start and the goal. */
  goals(start: Sites, goal: Point): readonly SiteGoal[];
  weights(tick: number): DistanceWeights;
  /** Weights of ½ v² of the joints and ½ τ². */
  readonly velocityWeight: number;
  readonly controlWeight: number;
  /** Weight of ½ (q − q*)² for the distance from the planned joint positions, for the gains of the plan. */
  readonly postureWeight: number;
  /** The phase to follow instead of the state's own, for example to wait until the tool is aligned. */
  hold?(phase: number, sites: Sites, goal: Point): number;
}

/**
 * Expert of one task: an iLQR plan for each place of the goal, computed on first use and followed by the state alone.
 * Plans leave out contact forces, which keeps them smooth, and their goals keep the tool clear of contact.
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

  /** The plan for a goal. It is initialised from the plan for `spec.first`, so that it does not depend on earlier calls. */
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
      // One more iteration with a posture cost: it changes only the gains of motions that leave the sites in place.
      const cost = new PostureCost(problem.cost, states, this.#spec.postureWeight);
      return plan(problem.step, { ...problem, cost, controls, iterations: 1 });
    } finally {
      opt.disableflags = flags;
      problem.cost.delete();
    }
  }
}
