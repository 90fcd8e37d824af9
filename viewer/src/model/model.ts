import { batch, computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import type {
  DiagnosticArrayMessage,
  ExplanationMessage,
  JointStateMessage,
  SimulationMessage,
  TfMessage,
} from "#src/messages/types.js";
import { CONTRAST_METHOD } from "#src/relevance/contract/contrast.js";
import { LiveSource } from "../source/live-source.js";
import type { Message, Source } from "../source/source.js";
import { cannotContrast } from "../ui/words.js";
import { type CameraFrame, type CameraTopics, camerasOf } from "./camera.js";
import { CameraPictures } from "./camera-pictures.js";
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
  readonly #last = new Map<string, unknown>();
  readonly #cameraPictures = new CameraPictures(this.#last, this.showsAttention);
  readonly frames: ReadonlySignal<ReadonlyMap<string, CameraFrame>> = this.#cameraPictures.frames;
  /** Why a camera cannot be shown, by its name. */
  readonly faults: ReadonlySignal<ReadonlyMap<string, string>> = this.#cameraPictures.faults;
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
  readonly #inbox = new Inbox<Message>(
    (message) => this.#take(message),
    () => this.#cameraPictures.showDue(),
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
      if ([camera.image, camera.heatmap, camera.grey, camera.attention].includes(topic))
        this.#cameraPictures.add(camera, index, this.explanation.value);
  }

  #explained(explanation: ExplanationMessage): void {
    batch(() => {
      this.explanation.value = explanation;
      if (!this.source.scan) this.course.add(explanation);
      const joints = explanation.torques.map(({ joint }) => joint);
      if (this.joint.value !== "" && !joints.includes(this.joint.value)) this.joint.value = "";
    });
  }

  #clear(): void {
    this.#inbox.clear();
    batch(() => {
      this.#last.clear();
      this.course.clear();
      this.#cameraPictures.clear();
      this.explanation.value = undefined;
    });
  }
}
