import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { jointRelevance } from "../model/joint-relevance.js";
import type { Model } from "../model/model.js";
import { quantity } from "../ui/numbers.js";
import { useOnScreen } from "../ui/on-screen.js";
import { unitFor } from "../ui/outputs.js";
import type { ArmScene, Handlers } from "./arm/arm-scene.js";

/** The robot in 3D, its links coloured by the relevance of their joint; goal, camera and what it sees. */
export function ArmPanel({ model }: { model: Model }) {
  const place = useRef<HTMLDivElement>(null);
  const scene = useSignal<ArmScene | undefined>(undefined);
  const fault = useSignal("");
  /** Says that the 3D view is drawn more slowly than the data come. */
  const pace = useSignal("");
  const isSeen = useOnScreen(place);
  /** Joints of the policy that the robot description lacks, as one text. */
  const missing = useSignal("");
  const { simulator } = model;

  useEffect(() => {
    let left = false;
    import("./arm/arm-scene.js")
      .then(({ ArmScene }) => {
        if (left || !place.current) return;
        scene.value = new ArmScene(place.current, handlersOf(model), {
          goal: (point) => {
            // For those who steer the page by what they see, such as tests.
            if (point && place.current) place.current.dataset.goal = point.map(Math.round).join(" ");
          },
          slowed: (rate, isSoftware) => {
            pace.value = rate === undefined ? "" : paceText(rate, isSoftware);
          },
        });
      })
      .catch((error: Error) => {
        fault.value = `${error.message}. Everything else works without it.`;
      });
    return () => {
      left = true;
      scene.value?.dispose();
      scene.value = undefined;
    };
  }, [model]);
  useSignalEffect(() => {
    const urdf = model.robot.value;
    if (urdf === undefined || !scene.value) return;
    fault.value = scene.value.setRobot(urdf);
  });
  useSignalEffect(() => {
    if (!isSeen.value) {
      scene.value?.rest();
      return;
    }
    const explanation = model.explanation.value;
    missing.value = scene.value?.missing(explanation?.torques.map(({ joint }) => joint) ?? []).join(", ") ?? "";
    const { transforms, jointStates, joint, frames, simulation } = model;
    scene.value?.show({
      explanation,
      transforms: transforms.value,
      jointStates: jointStates.value,
      joint: joint.value,
      frames: frames.value,
      pictures: model.pictures,
      simulation: simulation.value,
      goal: simulator?.asked.value.target,
      force: simulator?.force.value,
    });
  });
  const force = simulator?.force.value;
  return (
    <section class="panel arm" aria-label="Arm">
      <h2>
        Arm <em>links by relevance of their joint{model.joint.value ? ` for ${model.joint.value}` : ""}</em>
      </h2>
      <div
        ref={place}
        class="scene"
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys
        tabIndex={0}
        aria-label="The robot, its links coloured by relevance. Arrow keys turn the view, + and − zoom, Home resets it"
        onKeyDown={(event) => {
          if (scene.value?.press(event.key)) event.preventDefault();
        }}
      />
      {scene.value && (
        <div class="row">
          <LinkScale model={model} />
          <button type="button" onClick={() => scene.value?.resetView()}>
            Reset view
          </button>
        </div>
      )}
      {scene.value && simulator?.isOffered.value && !simulator.source.isReadOnly && (
        <p class="note">
          {force
            ? `Pushing with ${quantity(Math.hypot(...force), "N")}`
            : "Drag the red goal to move it, the last link to push it."}
        </p>
      )}
      {pace.value && <p class="note">{pace.value}</p>}
      {fault.value && <p class="fault">{fault.value}</p>}
      {missing.value && (
        <p class="fault">
          {`The robot description lacks joints of the policy: ${missing.value}. Their relevance colours no link. Give the URDF of the arm that the policy commands, or its joints' names in the policy card.`}
        </p>
      )}
      {model.robot.value === undefined && <p class="note">No robot description has come yet.</p>}
    </section>
  );
}

/** @param rate drawings a second */
const paceText = (rate: number, isSoftware: boolean): string =>
  `Drawn ${rate} times a second, the data come faster: ${isSoftware ? "without a graphics card for WebGL" : "on this computer"} the other panels go first.`;

function handlersOf({ simulator }: Model): Handlers | undefined {
  if (!simulator || simulator.source.isReadOnly) return undefined;
  return {
    moveGoal: (goal) => simulator.moveGoal(goal),
    push: (force) => (force ? simulator.push(force) : simulator.release()),
  };
}

/** The colours of links from no relevance to the most of this tick. */
function LinkScale({ model }: { model: Model }) {
  const unit = unitFor(model.explanation.value, model.joint.value);
  const largest = useComputed(() => {
    const explanation = model.explanation.value;
    return explanation ? Math.max(0, ...jointRelevance(explanation, model.joint.value)) : 0;
  });
  return (
    <div class="scale links">
      <span>0</span>
      <i />
      <span>{quantity(largest.value, unit)}</span>
    </div>
  );
}
