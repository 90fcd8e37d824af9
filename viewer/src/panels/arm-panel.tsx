import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Model } from "../model/model.js";
import type { ArmScene } from "./arm/arm-scene.js";

/** The robot in 3D, its links coloured by the relevance of their joint; goal, camera and what it sees. */
export function ArmPanel({ model }: { model: Model }) {
  const place = useRef<HTMLDivElement>(null);
  const scene = useSignal<ArmScene | undefined>(undefined);
  const fault = useSignal("");

  useEffect(() => {
    let left = false;
    import("./arm/arm-scene.js")
      .then(({ ArmScene }) => {
        if (!left && place.current) scene.value = new ArmScene(place.current);
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
    const explanation = model.explanation.value;
    const { transforms, jointStates, joint, frames } = model;
    scene.value?.show({
      explanation,
      transforms: transforms.value,
      jointStates: jointStates.value,
      joint: joint.value,
      frames: frames.value,
      pictures: model.pictures,
    });
  });
  return (
    <section class="panel arm" aria-label="Arm">
      <h2>
        Arm <em>links by relevance of their joint{model.joint.value ? ` for ${model.joint.value}` : ""}</em>
      </h2>
      <div ref={place} class="scene" role="img" aria-label="The robot, its links coloured by relevance" />
      {fault.value && <p class="fault">{fault.value}</p>}
      {model.robot.value === undefined && <p class="note">No robot description has come yet.</p>}
    </section>
  );
}
