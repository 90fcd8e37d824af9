/** A state or a transition of the managed node: number and label of lifecycle_msgs. */
export interface Labelled {
  readonly id: number;
  readonly label: string;
}

const state = (id: number, label: string): Labelled => ({ id, label });

/** lifecycle_msgs/msg/State */
export const STATES = {
  unknown: state(0, "unknown"),
  unconfigured: state(1, "unconfigured"),
  inactive: state(2, "inactive"),
  active: state(3, "active"),
  finalized: state(4, "finalized"),
  configuring: state(10, "configuring"),
  cleaningup: state(11, "cleaningup"),
  shuttingdown: state(12, "shuttingdown"),
  activating: state(13, "activating"),
  deactivating: state(14, "deactivating"),
  errorprocessing: state(15, "errorprocessing"),
} as const;
export type State = keyof typeof STATES;

/** Result of a transition: done, refused without changes, or broken. */
export type Outcome = "success" | "failure" | "error";

/** A transition that can be requested, and the state after each outcome. */
interface Request extends Labelled {
  readonly start: State;
  readonly through: State;
  readonly goal: State;
  readonly failed: State;
  /** Id of its success; failure and error have the next ones. */
  readonly outcomes: number;
  readonly step: Step;
}

/** The node's work in a transition. */
export type Step = "configure" | "cleanup" | "activate" | "deactivate" | "shutdown";

const request = (
  id: number,
  label: Step,
  [start, through, goal, failed]: readonly [State, State, State, State],
  outcomes: number,
): Request => ({ id, label, start, through, goal, failed, outcomes, step: label });

/** lifecycle_msgs/msg/Transition, and the state machine of rcl_lifecycle. */
const REQUESTS: readonly Request[] = [
  request(1, "configure", ["unconfigured", "configuring", "inactive", "unconfigured"], 10),
  request(2, "cleanup", ["inactive", "cleaningup", "unconfigured", "inactive"], 20),
  request(3, "activate", ["inactive", "activating", "active", "inactive"], 30),
  request(4, "deactivate", ["active", "deactivating", "inactive", "active"], 40),
  request(5, "shutdown", ["unconfigured", "shuttingdown", "finalized", "finalized"], 50),
  request(6, "shutdown", ["inactive", "shuttingdown", "finalized", "finalized"], 50),
  request(7, "shutdown", ["active", "shuttingdown", "finalized", "finalized"], 50),
];
const ERROR_OUTCOMES = 60;
const OUTCOMES: readonly Outcome[] = ["success", "failure", "error"];

/** A transition between two states, as in the services. */
export interface Described {
  readonly transition: Labelled;
  readonly start: Labelled;
  readonly goal: Labelled;
}

/** All transitions. */
export const GRAPH: readonly Described[] = [
  ...REQUESTS.flatMap(({ id, label, start, through, goal, failed, outcomes }) => [
    { transition: { id, label }, start: STATES[start], goal: STATES[through] },
    ...OUTCOMES.map((outcome, i) => ({
      transition: { id: outcomes + i, label: `transition_${outcome}` },
      start: STATES[through],
      goal: STATES[outcome === "success" ? goal : outcome === "failure" ? failed : "errorprocessing"],
    })),
  ]),
  ...OUTCOMES.map((outcome, i) => ({
    transition: { id: ERROR_OUTCOMES + i, label: `transition_${outcome}` },
    start: STATES.errorprocessing,
    goal: STATES[outcome === "success" ? "unconfigured" : "finalized"],
  })),
  // The three shutdowns share their end.
].filter(
  (described, i, all) =>
    all.findIndex((other) => other.transition.id === described.transition.id && other.start === described.start) === i,
);

/** The steps of a managed node. Each may be asynchronous. */
export interface Managed extends Readonly<Record<Step, () => void | Promise<void>>> {
  /**
   * Frees what a broken step left. The node is unconfigured then, or finalized if this throws too.
   * @param error the error of the step
   */
  recover(step: Step, error: Error): void | Promise<void>;
  /** Called for a step that threw and changed nothing. */
  refused(step: Step, error: Error): void;
}

/** Steps that change nothing if they throw. */
const UNDONE: ReadonlySet<Step> = new Set(["configure", "activate"]);

/**
 * The state machine of a managed node. Unlike in the client library, steps are asynchronous: the node answers while it
 * loads and warms up a policy, which takes seconds.
 */
export class Lifecycle {
  #state: State = "unconfigured";
  #last: Promise<unknown> = Promise.resolve();

  /** @param moved called for every change of state, in order */
  constructor(
    private readonly managed: Managed,
    private readonly moved: (move: Described) => void = () => {},
  ) {}

  get state(): State {
    return this.#state;
  }

  /** Transitions that can be requested now. */
  get available(): readonly Described[] {
    return REQUESTS.filter(({ start }) => start === this.#state).map((r) => ({
      transition: { id: r.id, label: r.label },
      start: STATES[r.start],
      goal: STATES[r.through],
    }));
  }

  /** Resolves when all requested transitions are done. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /**
   * Performs a transition after those requested before it.
   * @param asked its label or id
   * @returns true if it was allowed and succeeded
   */
  change(asked: Step | number): Promise<boolean> {
    const done = this.#last.then(() => this.#change(asked));
    this.#last = done.catch(() => {});
    return done;
  }

  async #change(asked: Step | number): Promise<boolean> {
    const found = REQUESTS.find(
      ({ id, label, start }) => start === this.#state && (typeof asked === "number" ? id === asked : label === asked),
    );
    if (!found) return false;
    this.#move(found, found.through);
    let outcome: Outcome = "success";
    let error: Error | undefined;
    try {
      await this.managed[found.step]();
    } catch (thrown) {
      error = thrown instanceof Error ? thrown : new Error(String(thrown));
      outcome = UNDONE.has(found.step) ? "failure" : "error";
    }
    const goal = outcome === "success" ? found.goal : outcome === "failure" ? found.failed : "errorprocessing";
    const id = found.outcomes + OUTCOMES.indexOf(outcome);
    this.#move({ id, label: `transition_${outcome}` }, goal);
    if (outcome === "failure") this.managed.refused(found.step, error!);
    if (outcome === "error") await this.#recover(found.step, error!);
    return outcome === "success";
  }

  async #recover(step: Step, error: Error): Promise<void> {
    try {
      await this.managed.recover(step, error);
      this.#move({ id: ERROR_OUTCOMES, label: "transition_success" }, "unconfigured");
    } catch {
      this.#move({ id: ERROR_OUTCOMES + 1, label: "transition_failure" }, "finalized");
    }
  }

  #move({ id, label }: Labelled, to: State): void {
    const start = STATES[this.#state];
    this.#state = to;
    this.moved({ transition: { id, label }, start, goal: STATES[to] });
  }
}
