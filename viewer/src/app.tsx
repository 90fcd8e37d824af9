import { untracked, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { SessionAnswer } from "#src/web/answers.js";
import { Comparison } from "./model/comparison.js";
import { Model } from "./model/model.js";
import { ArmPanel } from "./panels/arm-panel.js";
import { CameraPanel } from "./panels/camera-panel.js";
import { ComparePanel } from "./panels/compare/compare-panel.js";
import { CoursePanel } from "./panels/course-panel.js";
import { ExportButtons } from "./panels/export-buttons.js";
import { HealthPanel } from "./panels/health-panel.js";
import { InstructionPanel } from "./panels/instruction-panel.js";
import { MomentsPanel } from "./panels/moments-panel.js";
import { Notice } from "./panels/notice.js";
import { DEFAULT_DRAWING, type Drawing } from "./panels/paint.js";
import { PlainPanel } from "./panels/plain-panel.js";
import { RecordingBar } from "./panels/recording-bar.js";
import { SimulatorPanel } from "./panels/simulator-panel.js";
import { COMPARE_METHOD, Toolbar } from "./panels/toolbar.js";
import { TorquePanel } from "./panels/torque-panel.js";
import { WhatIfPanel } from "./panels/what-if-panel.js";
import { fetchSession } from "./session.js";
import { hasSecondMethod } from "./source/compared-source.js";
import { LiveSource } from "./source/live-source.js";
import { newestOf } from "./source/newest.js";
import { BlobReadable, HttpReadable } from "./source/readable.js";
import { RecordingSource } from "./source/recording-source.js";
import type { Source } from "./source/source.js";

/** The page: asks its server what it serves, then shows it. A recording that is dropped onto it is shown instead. */
export function App() {
  const session = useSignal<SessionAnswer | undefined>(undefined);
  const model = useSignal<Model | undefined>(undefined);
  const problem = useSignal("");
  const show = useMemo(
    () =>
      newestOf(
        (source) => {
          problem.value = "";
          model.value?.close();
          model.value = new Model(source);
        },
        ({ message }) => {
          problem.value = message;
        },
      ),
    [],
  );
  useEffect(() => {
    void show(
      fetchSession().then((found) => {
        session.value = found;
        return sourceOf(found, 0);
      }),
    );
    const hover = (event: DragEvent) => event.preventDefault();
    const drop = (event: DragEvent) => {
      event.preventDefault();
      const [file, ...others] = event.dataTransfer?.files ?? [];
      if (!file) return;
      void show(RecordingSource.open(new BlobReadable(file), file.name)).then(() => {
        if (others.length > 0 && problem.value === "")
          problem.value = `One recording is shown at a time: ${file.name}, not ${others.map(({ name }) => name).join(", ")}. Choose another one under "Compare with a file".`;
      });
    };
    addEventListener("dragover", hover);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", hover);
      removeEventListener("drop", drop);
      model.value?.close();
    };
  }, []);
  return (
    <div class="page">
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      {model.value ? (
        <Run
          key={model.value.id}
          model={model.value}
          session={session.value}
          choose={(index) => show(sourceOf(session.value!, index))}
        />
      ) : (
        <main class="message">
          <h1>torquelens</h1>
          {!problem.value && <p role="status">Loading</p>}
        </main>
      )}
    </div>
  );
}

async function sourceOf({ mode, name, readOnly, recordings }: SessionAnswer, index: number): Promise<Source> {
  if (mode === "live")
    return new LiveSource(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/`, name, readOnly);
  const recording = recordings[index];
  if (!recording)
    throw new Error("The server has no recording. Start it with torquelens view FILE, or drop an MCAP file here.");
  return RecordingSource.open(new HttpReadable(recording.url, recording.bytes), recording.name, recording.url);
}

interface RunProps {
  readonly model: Model;
  readonly session: SessionAnswer | undefined;
  /** Shows another recording of the server. */
  readonly choose: (index: number) => void;
}

/** All panels of one run. */
function Run({ model, session, choose }: RunProps) {
  const drawing = useSignal<Drawing>(DEFAULT_DRAWING);
  const recordings = session?.recordings ?? [];
  // A file that was dropped may have the name of one of the server's.
  const served = recordings.find(({ url }) => model.source instanceof RecordingSource && url === model.source.url);
  const comparison = useSignal<Comparison | undefined>(undefined);
  const refusal = useSignal("");
  const show = (next: Comparison | undefined) => {
    comparison.peek()?.close();
    comparison.value = next;
  };
  const compare = useMemo(
    () =>
      newestOf(
        (source) => {
          refusal.value = "";
          if (source instanceof RecordingSource) show(Comparison.ofRecordings(model, source));
        },
        ({ message }) => {
          refusal.value = message;
        },
      ),
    [],
  );
  const { source } = model;
  const live = source instanceof LiveSource ? source : undefined;
  // A server explains with a second method while its parameter names one, whoever set it.
  const isCompared = useComputed(() => (live?.parameters.text(COMPARE_METHOD) ?? "") !== "");
  useSignalEffect(() => {
    const wanted = isCompared.value;
    if (live) untracked(() => show(wanted ? Comparison.ofMethods(model) : undefined));
  });
  useEffect(() => () => comparison.value?.close(), []);
  return (
    <>
      <Toolbar model={model} drawing={drawing}>
        {recordings.length > 1 && (
          <label>
            Recording
            <select
              value={served ? recordings.indexOf(served) : ""}
              onChange={(event) => choose(Number(event.currentTarget.value))}
            >
              {!served && <option value="">{model.source.name}</option>}
              {recordings.map(({ name, url }, index) => (
                <option key={url} value={index}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        {model.source instanceof RecordingSource && (
          <Compare
            recordings={recordings}
            showMethods={hasSecondMethod(source.topics.value) ? () => show(Comparison.ofMethods(model)) : undefined}
            open={(index) => compare(sourceOf(session!, index))}
            openFile={(file) => compare(RecordingSource.open(new BlobReadable(file), file.name))}
          />
        )}
        {!model.isPlain.value && <ExportButtons model={model} />}
      </Toolbar>
      {refusal.value && (
        <p class="problem" role="alert">
          {refusal.value}
        </p>
      )}
      {model.source instanceof LiveSource && <Notice text={model.source.parameters.refusal} />}
      {model.simulator && <Notice text={model.simulator.refusal} />}
      <main class="panels">
        {model.simulator?.isOffered.value && <SimulatorPanel model={model} simulator={model.simulator} />}
        <div class="cameras">
          <InstructionPanel model={model} />
          {model.cameras.value.map((camera) => (
            <CameraPanel key={camera.name} model={model} camera={camera} drawing={drawing} />
          ))}
          {model.cameras.value.length === 0 && model.source.condition.value.state === "open" && (
            <p class="panel note">
              {model.isPlain.value
                ? "There is no camera among the topics, so there are no images."
                : "There is no camera among the topics, so there are no images and heatmaps; torques and shares are shown all the same."}
            </p>
          )}
        </div>
        {model.isPlain.value ? <PlainPanel model={model} /> : <TorquePanel model={model} />}
        <div class="side">
          {model.hasArm.value && <ArmPanel model={model} />}
          {(!model.isPlain.value || model.diagnostics.value) && <HealthPanel model={model} />}
        </div>
        {model.source instanceof RecordingSource && <RecordingBar source={model.source} />}
        {model.source instanceof RecordingSource && served?.moments && (
          <MomentsPanel source={model.source} url={served.moments} />
        )}
        {model.source instanceof RecordingSource && served?.whatIf && (
          <WhatIfPanel model={model} ways={served.whatIf} />
        )}
        {!model.isPlain.value && <CoursePanel model={model} />}
        {comparison.value && (
          <ComparePanel
            comparison={comparison.value}
            drawing={drawing}
            end={
              live?.isReadOnly ? undefined : () => (live ? live.parameters.set(COMPARE_METHOD, "") : show(undefined))
            }
          />
        )}
      </main>
    </>
  );
}

/** Chooses what a recording is compared with: its second method, another one of the server's, or a file. */
function Compare({
  recordings,
  showMethods,
  open,
  openFile,
}: {
  recordings: SessionAnswer["recordings"];
  /** Shows the recording's second method; undefined where it has none. */
  showMethods: (() => void) | undefined;
  open: (index: number) => void;
  openFile: (file: File) => void;
}) {
  return (
    <>
      {showMethods && (
        <button type="button" onClick={showMethods}>
          Compare its two methods
        </button>
      )}
      {recordings.length > 1 && (
        <label>
          Compare with
          <select
            value=""
            onChange={(event) => {
              if (event.currentTarget.value !== "") open(Number(event.currentTarget.value));
              event.currentTarget.value = "";
            }}
          >
            <option value="">choose</option>
            {recordings.map(({ name, url }, index) => (
              <option key={url} value={index}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <label class="file">
        Compare with a file
        <input
          type="file"
          accept=".mcap"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) openFile(file);
          }}
        />
      </label>
    </>
  );
}
