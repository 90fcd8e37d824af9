import type { BaseRecipe, Lesson } from "../../sim/tasks/lesson.js";
import type { FitStage } from "../team/stage.js";
import { floats, type Request, type WorkerContext } from "../team/work.js";
import { drawFrames } from "./frames.js";
import { stepSource } from "./step-source.js";

interface WarmUpRequest extends Request {
  readonly step: number;
  /** Weight of the position error. */
  readonly precision: number;
}

/** Name of the warm-up in requests. */
const KIND = "vision";

/** The pose warm-up of the convolutions, and its settling at a lower rate; none where the recipe leaves them random. */
export function warmUpStages({ vision: { steps, rate, precision, settle } }: BaseRecipe): FitStage[] {
  if (steps === 0) return [];
  const [first, last] = precision;
  const request = (step: number): WarmUpRequest => {
    const rise = Math.min(1, Math.max(0, (step / steps - 0.4) / 0.6));
    return { kind: KIND, step, precision: first * (last / first) ** rise };
  };
  const note = ([, error]: readonly number[]): string => `pose error ${Math.sqrt(error!).toFixed(4)}`;
  const warm: FitStage = {
    kind: "fit",
    phase: "pose warm-up",
    cost: steps,
    group: "vision",
    steps,
    rate,
    request,
    note,
  };
  if (!settle) return [warm];
  const settling = { ...settle, cost: settle.steps, request: (step: number) => request(steps + step) };
  return [warm, { ...warm, phase: "pose warm-up, settling", ...settling }];
}

/** A step of the warm-up on freshly drawn frames. */
export const warmUpWork = (lesson: Lesson) => ({
  [KIND]: (worker: WorkerContext) => {
    const { spec, episodes, seed, worker: index } = worker.setup;
    const batch = worker.batch("vision");
    const shape = [batch, spec.height, spec.width, 3];
    const image = { dtype: "uint8" as const, shape, data: new Uint8Array(batch * spec.height * spec.width * 3) };
    const configuration = floats(batch, spec.configuration);
    const landmarks = floats(batch, lesson.landmarks.length, 2);
    const precision = floats();
    return {
      async answer(request: WarmUpRequest) {
        const task = await worker.task(episodes);
        const source = stepSource(seed, 0, request.step, index);
        drawFrames(task, lesson.landmarks, spec, source, image.data, configuration.data, landmarks.data);
        precision.data[0] = request.precision;
        return [await worker.step("vision", { image, configuration, landmarks, precision })];
      },
    };
  },
});
