import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Model } from "./model/model.js";
import { ArmPanel } from "./panels/arm-panel.js";
import { CameraPanel } from "./panels/camera-panel.js";
import { CoursePanel } from "./panels/course-panel.js";
import { HealthPanel } from "./panels/health-panel.js";
import { DEFAULT_DRAWING, type Drawing } from "./panels/paint.js";
import { Toolbar } from "./panels/toolbar.js";
import { TorquePanel } from "./panels/torque-panel.js";
import { fetchSession, type Session } from "./session.js";
import { LiveSource } from "./source/live-source.js";

/** The page: asks its server what it serves, then shows it. */
export function App() {
  const session = useSignal<Session | undefined>(undefined);
  const failure = useSignal("");
  useEffect(() => {
    fetchSession().then(
      (found) => {
        session.value = found;
      },
      (error: Error) => {
        failure.value = error.message;
      },
    );
  }, []);
  if (failure.value) return <Message text={failure.value} />;
  if (!session.value) return <Message text="Loading" />;
  return <Live session={session.value} />;
}

function Message({ text }: { text: string }) {
  return (
    <main class="message">
      <h1>torquelens</h1>
      <p role="status">{text}</p>
    </main>
  );
}

function Live({ session }: { session: Session }) {
  const model = useSignal<Model | undefined>(undefined);
  const drawing = useSignal<Drawing>(DEFAULT_DRAWING);
  useEffect(() => {
    const source = new LiveSource(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/`, session.name);
    const made = new Model(source);
    model.value = made;
    return () => made.close();
  }, []);
  const shown = model.value;
  if (!shown) return null;
  return (
    <>
      <Toolbar model={shown} drawing={drawing} />
      <main class="panels">
        <div class="cameras">
          {shown.cameras.value.map((camera) => (
            <CameraPanel key={camera.name} model={shown} camera={camera} drawing={drawing} />
          ))}
          {shown.cameras.value.length === 0 && shown.source.condition.value.state === "open" && (
            <p class="panel note">This policy has no camera.</p>
          )}
        </div>
        <TorquePanel model={shown} />
        <div class="side">
          <ArmPanel model={shown} />
          <HealthPanel model={shown} />
        </div>
        <CoursePanel model={shown} />
      </main>
    </>
  );
}
