import { batch, computed, effect, signal } from "@preact/signals";
import { nanoseconds } from "#src/messages/stamp.js";
import type {
  CameraInfoMessage,
  CompressedImageMessage,
  DiagnosticArrayMessage,
  ExplanationMessage,
  ImageMessage,
  JointStateMessage,
  SimulationMessage,
  TfMessage,
} from "#src/messages/types.js";
import { CONTRAST_METHOD } from "#src/relevance/contract/contrast.js";
import { LiveSource } from "../source/live-source.js";
import type { Message, Source } from "../source/source.js";
import { cannotContrast } from "../ui/words.js";
import {
  attentionOf,
  type CameraFrame,
  type CameraTopics,
  camerasOf,
  heatmapOf,
  modalityOf,
  pictureOf,
  regionOf,
} from "./camera.js";
import { Course } from "./course.js";
import { Inbox } from "./inbox.js";
import { Simulator } from "./simulator.js";

const TOPIC = {
  explanation: "/torquelens/explanation",
  simulation: "/torquelens/simulation",
  diagnostics: "/diagnostics",
  tf: "/tf",
} as const;
const JOINT_STATES = { topic: "/joint_states", type: /^sensor_msgs\/(msg\/)?JointState$/ } as const;
const ROBOT = { topic: "/robot_description", type: /^std_msgs\/(msg\/)?String$/ } as const;

const HEATMAP_JOINT = "heatmap_joint";
const CONTRAST_JOINT = "contrast_joint";
const AGAINST_JOINT = "against_joint";

/** An image that is to be shown, with the heatmap and the explanation of its tick. */
interface Due {
  readonly camera: CameraTopics;
  readonly index: number;
  readonly image: ImageMessage | CompressedImageMessage;
  readonly heatmap: ImageMessage | undefined;
  readonly attention: ImageMessage | undefined;
  readonly explanation: ExplanationMessage | undefined;
}

/** The usual topic of a kind, or in a recording that lacks it the first of its type with that ending. */
function named({ scan, topics }: Source, { topic: usual, type }: typeof JOINT_STATES | typeof ROBOT): string {
  if (!scan || topics.value.some(({ topic }) => topic === usual)) return usual;
  const fits = topics.value.filter((each) => type.test(each.type)).map(({ topic }) => topic);
  const similar = fits.filter((topic) => topic.endsWith(usual)).sort()[0];
  return similar ?? (usual === JOINT_STATES.topic ? fits.sort()[0] : undefined) ?? usual;
}

/** Number of models made. */
let made = 0;

/** Everything that panels show of one run: the newest tick and its course, each a signal. */
export class Model {
  /** Of this model alone: two recordings may have one name. */
  readonly id = made++;
  readonly explanation = signal<ExplanationMessage | undefined>(undefined);
  readonly frames = signal<ReadonlyMap<string, CameraFrame>>(new Map());
  readonly transforms = signal<TfMessage["transforms"]>([]);
  readonly jointStates = signal<JointStateMessage | undefined>(undefined);
  readonly robot = signal<string | undefined>(undefined);
  readonly simulation = signal<SimulationMessage | undefined>(undefined);
  /** False in a simulated world, which has no arm. */
  readonly hasArm = computed(() => this.simulation.value?.tip_link !== "");
  readonly diagnostics = signal<DiagnosticArrayMessage | undefined>(undefined);
  /** The joint whose torque everything shows; empty: all joints, weighted by importance. */
  readonly joint = signal("");
  /** True where the server's heatmaps explain that joint rather than the others. */
  readonly isContrast = signal(false);
  /** The one that it is compared with; empty: all others. */
  readonly against = signal("");
  readonly cameras = computed<readonly CameraTopics[]>(() => camerasOf(this.source.topics.value));
  /** The maps that cameras show. */
  readonly map = signal<"heatmap" | "attention">("heatmap");
  readonly hasAttention = computed(() => (this.explanation.value?.attention_queries?.length ?? 0) > 0);
  readonly showsAttention = computed(() => this.map.value === "attention" && this.hasAttention.value);
  /** Why a camera cannot be shown, by its name. */
  readonly faults = signal<ReadonlyMap<string, string>>(new Map());
  /** By camera: draws its newest picture, for those who show it elsewhere than in its panel. */
  readonly pictures = new Map<string, () => HTMLCanvasElement>();
  readonly course = new Course();
  /** True for a recording that holds no explanations. */
  readonly isPlain = computed(
    () => this.source.scan !== undefined && !this.source.topics.value.some(({ topic }) => topic === TOPIC.explanation),
  );
  /** Topic of joint states; a recording may have it under another name. */
  readonly jointTopic: string;
  readonly #robotTopic: string;
  /** Of live runs; a simulation offers it. */
  readonly simulator: Simulator | undefined;
  readonly #last = new Map<string, unknown>();
  /** Stamp of each camera's newest image. */
  readonly #newest = new Map<string, bigint>();
  /** Pictures that are to be shown, by camera. */
  readonly #due = new Map<string, Due>();
  readonly #inbox = new Inbox<Message>(
    (message) => this.#take(message),
    () => this.#showDue(),
    (error) => this.source.fail(error),
  );
  readonly #scanning = new AbortController();
  readonly #endings: (() => void)[] = [];

  constructor(readonly source: Source) {
    this.#endings.push(
      source.listeners.add({ message: (message) => this.#inbox.add(message), jump: () => this.#clear() }),
    );
    this.jointTopic = named(source, JOINT_STATES);
    this.#robotTopic = named(source, ROBOT);
    for (const topic of [...Object.values(TOPIC), this.jointTopic, this.#robotTopic]) source.want(topic, true);
    if (source.topics.value.some(({ topic }) => topic === TOPIC.explanation))
      void source.scan?.(
        TOPIC.explanation,
        ({ data, time }) => this.course.add(data as ExplanationMessage, time),
        this.#scanning.signal,
      );
    if (source instanceof LiveSource) {
      this.simulator = new Simulator(source);
      const ofHeatmap = computed(() => source.parameters.text(HEATMAP_JOINT));
      const ofContrast = computed(() => source.parameters.text(CONTRAST_JOINT));
      const ofAgainst = computed(() => source.parameters.text(AGAINST_JOINT));
      this.#endings.push(
        effect(() => {
          this.isContrast.value = Boolean(ofContrast.value);
          this.against.value = ofAgainst.value ?? "";
          if (ofHeatmap.value !== undefined) this.joint.value = ofContrast.value || ofHeatmap.value;
        }),
      );
    }
    const wanted = new Set<string>();
    const wantCameras = effect(() => {
      for (const camera of this.cameras.value)
        for (const topic of [camera.image, camera.imageInfo, camera.heatmap ?? camera.grey, camera.heatmapInfo]) {
          if (topic === "" || wanted.has(topic)) continue;
          wanted.add(topic);
          source.want(topic, true);
        }
    });
    // Nothing is encoded for maps that nobody looks at.
    const wantAttention = effect(() => {
      for (const { attention } of this.cameras.value)
        if (attention !== undefined) source.want(attention, this.showsAttention.value);
    });
    this.#endings.push(wantCameras, wantAttention);
  }

  /** Shows a joint everywhere; also in the heatmap, where the server lets clients choose its joint. */
  choose(joint: string): void {
    this.#choose(joint, this.isContrast.value && joint !== "");
  }

  /** True where clients may choose that heatmaps explain a joint rather than the others. */
  get canContrast(): boolean {
    return this.#canChange(CONTRAST_JOINT) && (this.explanation.value?.torques.length ?? 0) > 1;
  }

  /** True where clients may choose the one that a joint is compared with. */
  get canChoosePartner(): boolean {
    return this.#canChange(AGAINST_JOINT);
  }

  /**
   * Heatmaps explain the chosen joint rather than the others, or than one of them, or alone; changes a method that cannot
   * contrast.
   */
  contrast(isContrast: boolean, against = this.against.value): void {
    this.#choose(this.joint.value, isContrast, against);
  }

  #choose(joint: string, isContrast: boolean, against = this.against.value): void {
    this.joint.value = joint;
    const { source } = this;
    if (!(source instanceof LiveSource) || !this.#canChange(HEATMAP_JOINT)) return;
    if (!isContrast && !this.isContrast.value) {
      source.parameters.set(HEATMAP_JOINT, joint);
      return;
    }
    const changesMethod = isContrast && cannotContrast(source.parameters.text("method") ?? "");
    source.parameters.setAll({
      ...(changesMethod && { method: CONTRAST_METHOD }),
      [HEATMAP_JOINT]: isContrast ? "" : joint,
      [CONTRAST_JOINT]: isContrast ? joint : "",
      ...(this.canChoosePartner && { [AGAINST_JOINT]: isContrast && against !== joint ? against : "" }),
    });
  }

  #canChange(parameter: string): boolean {
    const { source } = this;
    return source instanceof LiveSource && !source.isReadOnly && source.parameters.text(parameter) !== undefined;
  }

  close(): void {
    for (const end of this.#endings) end();
    this.#scanning.abort();
    this.#inbox.clear();
    this.source.close();
  }

  #take({ topic, data }: Message): void {
    this.#last.set(topic, data);
    switch (topic) {
      case TOPIC.explanation:
        this.#explained(data as ExplanationMessage);
        return;
      case TOPIC.simulation:
        this.simulation.value = data as SimulationMessage;
        this.simulator?.reached(data as SimulationMessage);
        return;
      case TOPIC.diagnostics:
        this.diagnostics.value = data as DiagnosticArrayMessage;
        return;
      case this.jointTopic:
        this.jointStates.value = data as JointStateMessage;
        return;
      case TOPIC.tf:
        this.transforms.value = (data as TfMessage).transforms;
        return;
      case this.#robotTopic:
        this.robot.value = (data as { readonly data: string }).data;
        return;
    }
    for (const [index, camera] of this.cameras.value.entries())
      if ([camera.image, camera.heatmap, camera.grey, camera.attention].includes(topic)) this.#show(camera, index);
  }

  #explained(explanation: ExplanationMessage): void {
    batch(() => {
      this.explanation.value = explanation;
      if (!this.source.scan) this.course.add(explanation);
      const joints = explanation.torques.map(({ joint }) => joint);
      if (this.joint.value !== "" && !joints.includes(this.joint.value)) this.joint.value = "";
    });
  }

  /** Pairs a camera's newest image with the heatmap of the same stamp. */
  #show(camera: CameraTopics, index: number): void {
    const image = this.#last.get(camera.image) as ImageMessage | CompressedImageMessage | undefined;
    if (!image) return;
    const grey = this.#last.get(camera.heatmap ?? camera.grey) as ImageMessage | undefined;
    const explanation = this.explanation.value;
    const fits = (map: ImageMessage | undefined): map is ImageMessage =>
      map !== undefined && nanoseconds(map.header.stamp) === nanoseconds(image.header.stamp);
    const pairs = fits(grey);
    const shown = this.frames.value.get(camera.name);
    const hasPair = (this.#due.get(camera.name) ?? shown)?.heatmap;
    // The heatmap of a tick comes after its image, if at all; until then the last pair stays.
    if (!pairs && grey && explanation?.level === 0 && hasPair) return;
    const maps =
      camera.attention === undefined ? undefined : (this.#last.get(camera.attention) as ImageMessage | undefined);
    const attention = this.showsAttention.value && fits(maps) ? maps : undefined;
    if (this.showsAttention.value && maps && !attention && shown && shown.attention.length > 0) return;
    this.#due.set(camera.name, { camera, index, image, heatmap: pairs ? grey : undefined, attention, explanation });
  }

  /** Of pictures that came together the newest of each camera is shown. */
  #showDue(): void {
    for (const due of this.#due.values()) {
      const { camera, index, image, heatmap: grey, attention: maps, explanation } = due;
      const stamp = nanoseconds(image.header.stamp);
      this.#newest.set(camera.name, stamp);
      const fault = (error: Error) => this.#fault(camera.name, error.message);
      try {
        const modality = explanation ? modalityOf(camera, index, explanation) : 0;
        const heatmap = grey && explanation && heatmapOf(grey, explanation, modality);
        const attention = maps && explanation ? attentionOf(maps, explanation, modality) : [];
        const show = (picture: CameraFrame["picture"]) => {
          if (this.#newest.get(camera.name) === stamp) this.#showPicture(camera, image, picture, heatmap, attention);
        };
        const picture = pictureOf(image);
        if (picture instanceof Promise) picture.then(show, fault);
        else show(picture);
      } catch (error) {
        fault(error as Error);
      }
    }
    this.#due.clear();
  }

  #showPicture(
    camera: CameraTopics,
    { header }: ImageMessage | CompressedImageMessage,
    picture: CameraFrame["picture"],
    heatmap: CameraFrame["heatmap"],
    attention: CameraFrame["attention"],
  ): void {
    const { width, height } = picture;
    const info = (name: string) => this.#last.get(name) as CameraInfoMessage | undefined;
    const map = heatmap ?? attention[0];
    const region = map
      ? regionOf(picture, map, info(camera.imageInfo), info(camera.heatmapInfo))
      : ([0, 0, width, height] as const);
    const focal = info(camera.imageInfo)?.k[0] || undefined;
    const stamp = nanoseconds(header.stamp);
    const frame = { stamp, width, height, picture, frameId: header.frame_id, focal, heatmap, attention, region };
    this.frames.value = new Map(this.frames.value).set(camera.name, frame);
    if (this.faults.value.has(camera.name)) this.#fault(camera.name, undefined);
  }

  #fault(camera: string, text: string | undefined): void {
    const faults = new Map(this.faults.value);
    if (text === undefined) faults.delete(camera);
    else faults.set(camera, text);
    this.faults.value = faults;
  }

  #clear(): void {
    this.#inbox.clear();
    batch(() => {
      this.#last.clear();
      this.course.clear();
      this.frames.value = new Map();
      this.explanation.value = undefined;
    });
  }
}
