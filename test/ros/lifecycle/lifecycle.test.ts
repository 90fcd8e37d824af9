import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Fields } from "#src/ros/client/ros.js";
import { GRAPH, Lifecycle, type Managed, STATES, type State, type Step } from "#src/ros/lifecycle/lifecycle.js";
import { serveLifecycle } from "#src/ros/lifecycle/lifecycle-server.js";
import { FakeRos } from "../fake-ros.js";

const STEPS: readonly Step[] = ["configure", "cleanup", "activate", "deactivate", "shutdown"];

function managed(fails: (step: Step | "recover") => boolean = () => false) {
  const calls: string[] = [];
  const step = (name: Step) => async () => {
    calls.push(name);
    await Promise.resolve();
    if (fails(name)) throw new Error(`${name} broke`);
  };
  const node: Managed = {
    ...(Object.fromEntries(STEPS.map((name) => [name, step(name)])) as Record<Step, () => Promise<void>>),
    recover: (name, error) => {
      calls.push(`recover ${name}: ${error.message}`);
      if (fails("recover")) throw new Error("recover broke");
    },
    refused: (name, error) => void calls.push(`refused ${name}: ${error.message}`),
  };
  return { node, calls };
}

describe("states", () => {
  test("through a life", async () => {
    const { node, calls } = managed();
    const moves: string[] = [];
    const lifecycle = new Lifecycle(node, ({ transition, start, goal }) =>
      moves.push(`${start.label} -${transition.label} ${transition.id}-> ${goal.label}`),
    );
    const life: Step[] = ["configure", "activate", "deactivate", "activate", "deactivate", "cleanup", "shutdown"];
    for (const step of life) expect(await lifecycle.change(step), step).toBe(true);
    expect(calls).toEqual(life);
    expect(lifecycle.state).toBe("finalized");
    expect(moves.slice(0, 4)).toEqual([
      "unconfigured -configure 1-> configuring",
      "configuring -transition_success 10-> inactive",
      "inactive -activate 3-> activating",
      "activating -transition_success 30-> active",
    ]);
    expect(lifecycle.available).toEqual([]);
  });

  test("a configure that throws leaves the node unconfigured, to be tried again", async () => {
    let broken = true;
    const { node, calls } = managed((step) => broken && step === "configure");
    const lifecycle = new Lifecycle(node);
    expect(await lifecycle.change("configure")).toBe(false);
    expect(lifecycle.state).toBe("unconfigured");
    expect(calls).toEqual(["configure", "refused configure: configure broke"]);
    broken = false;
    expect(await lifecycle.change(1)).toBe(true);
    expect(lifecycle.state).toBe("inactive");
  });

  test("a deactivate that throws is recovered from, or the node is at its end", async () => {
    for (const [fails, end] of [
      [["deactivate"], "unconfigured"],
      [["deactivate", "recover"], "finalized"],
    ] as const) {
      const { node, calls } = managed((step) => (fails as readonly string[]).includes(step));
      const lifecycle = new Lifecycle(node);
      for (const step of ["configure", "activate"] as const) await lifecycle.change(step);
      expect(await lifecycle.change("deactivate")).toBe(false);
      expect(calls.at(-1)).toBe("recover deactivate: deactivate broke");
      expect(lifecycle.state).toBe(end);
    }
  });

  test("requests wait for those before them; what is not allowed does nothing", async () => {
    const { node, calls } = managed();
    const lifecycle = new Lifecycle(node);
    const results = await Promise.all([
      lifecycle.change("activate"),
      lifecycle.change("configure"),
      lifecycle.change("configure"),
      lifecycle.change("activate"),
      lifecycle.change(99),
    ]);
    expect(results).toEqual([false, true, false, true, false]);
    expect(calls).toEqual(["configure", "activate"]);
  });

  test("whatever is asked for and whatever breaks, only moves of the graph happen", async () => {
    const asked = fc.oneof(fc.constantFrom(...STEPS), fc.integer({ min: 0, max: 99 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(asked, { maxLength: 12 }),
        fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
        async (requests, luck) => {
          let i = 0;
          const { node } = managed(() => luck[i++ % luck.length]!);
          const lifecycle = new Lifecycle(node, ({ transition, start, goal }) => {
            const allowed = GRAPH.some(
              (edge) => edge.transition.id === transition.id && edge.start.id === start.id && edge.goal.id === goal.id,
            );
            expect(allowed, `${start.label} ${transition.id} ${goal.label}`).toBe(true);
          });
          for (const request of requests) await lifecycle.change(request);
          const primary: State[] = ["unconfigured", "inactive", "active", "finalized"];
          expect(primary).toContain(lifecycle.state);
        },
      ),
    );
  });
});

describe("on the graph", () => {
  const serve = () => {
    const ros = new FakeRos();
    const { node, calls } = managed();
    return { ros, calls, ...serveLifecycle(ros, node) };
  };
  const to = (id: number, label = "") => ({ transition: { id, label } });

  test("change by number or label, get, and the event of every move", async () => {
    const { ros } = serve();
    expect(await ros.call("~/change_state", to(1))).toEqual({ success: true });
    expect(await ros.call("~/change_state", to(0, "activate"))).toEqual({ success: true });
    expect(await ros.call("~/change_state", to(1))).toEqual({ success: false });
    expect(await ros.call("~/change_state", to(4, "nonsense"))).toEqual({ success: false });
    expect(await ros.call("~/get_state")).toEqual({ current_state: STATES.active });
    expect(ros.published.get("/torquelens/transition_event")).toHaveLength(4);
    expect(ros.published.get("/torquelens/transition_event")![1]).toMatchObject({
      timestamp: 1_000_000_000_000n,
      transition: { id: 10, label: "transition_success" },
      start_state: { id: 10, label: "configuring" },
      goal_state: { id: 2, label: "inactive" },
    });
  });

  test("what may be asked for, and all there is", async () => {
    const { ros } = serve();
    const labels = async (name: string) =>
      ((await ros.call(name)).available_transitions as Fields[]).map(({ transition }) => (transition as Fields).label);
    expect(await labels("~/get_available_transitions")).toEqual(["configure", "shutdown"]);
    const graph = await labels("~/get_transition_graph");
    expect(graph.filter((label) => label === "shutdown")).toHaveLength(3);
    expect((await ros.call("~/get_available_states")).available_states).toHaveLength(11);
  });
});
