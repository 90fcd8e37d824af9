export type { Importance, ImportanceFlag, ImportanceForm } from "./arm/importance.js";
export { type McapOptions, McapSink } from "./bag/mcap-sink.js";
export { recoverRecording } from "./bag/recover.js";
export { InputError } from "./errors.js";
export { Explainer, type ExplainerOptions, type TickOptions } from "./explain/explainer.js";
export type { Convention, Explanation, ExplanationFlag, Level, Ratios } from "./explain/explanation.js";
export { type JointElements, jointElementsOf, jointRelevance } from "./explain/joint-relevance.js";
export { LevelController, type LevelControllerOptions } from "./explain/level-controller.js";
export { Mailbox } from "./explain/mailbox.js";
export type { Observation, ObservationFlag, Transform } from "./explain/observation.js";
export { type AnyExplainer, type ExplainOptions, run, type Sink, type Source } from "./explain/pipeline.js";
export {
  type LevelChoice,
  RealTimeExplainer,
  type RealTimeOptions,
  type RealTimeStatistics,
} from "./explain/real-time-explainer.js";
export { subjectOf } from "./explain/subject.js";
export { type FoxgloveOptions, FoxgloveSink, type FoxgloveStats } from "./foxglove/foxglove-sink.js";
export type { DType } from "./graph/dtype.js";
export type { Literal } from "./graph/literal.js";
export type { Shape } from "./graph/shape.js";
export type { Attribute, Attributes, Graph, Node, TensorType, Value } from "./graph/value.js";
export type { Heatmap } from "./image/heatmap.js";
export type { CameraView, Image, Optics } from "./image/image.js";
export type { ImageEncoding } from "./image/pixel-formats.js";
export { ChannelEncoder, type Encoded } from "./messages/channel-encoder.js";
export type { Channel, ChannelOptions, Converted, Look } from "./messages/channels.js";
export type { DisplayOptions } from "./messages/display.js";
export type { Qos } from "./messages/qos.js";
export { loadCard, parseCard, serialiseCard } from "./policy/card.js";
export type { Card, CardImage, CardInput, CardSlice, Quantity } from "./policy/card-schema.js";
export { CONVENTIONS, type ConventionEntry, conventionNamed } from "./policy/conventions.js";
export type { ImageModality, Modality, ValueModality } from "./policy/modalities.js";
export { loadPolicy, type Policy } from "./policy/policy.js";
export { type DataMeans, underConvention } from "./policy/under-convention.js";
export { type CompiledModel, type CompileOptions, compile } from "./relevance/compile.js";
export type { NodeRule } from "./relevance/contract/attribution.js";
export type { Depth } from "./relevance/contract/depth.js";
export type { Method } from "./relevance/contract/method.js";
export type {
  FeaturePointOrigin,
  Subject,
  SubjectImage,
  SubjectModality,
  SubjectValues,
} from "./relevance/contract/subject.js";
export { compositeMethod } from "./relevance/methods/composite-method.js";
export { METHODS, methodNamed } from "./relevance/methods.js";
export type { Precision } from "./relevance/precision/precision.js";
export type { Counters, DropReason, TopicCounters } from "./sensing/counters.js";
export type { Given, GivenValues } from "./sensing/given-values.js";
export type { Match } from "./sensing/match.js";
export { Observer } from "./sensing/observer.js";
export type { ObserverOptions } from "./sensing/observer-options.js";
export type { SyncOptions } from "./sensing/sync-options.js";
export type { SyncPolicy } from "./sensing/timeline.js";
export type { ImageAblation } from "./sim/ablation.js";
export type { ControlProblem, PlanOptions } from "./sim/expert/ilqr.js";
export type { ControlStep } from "./sim/expert/linearise.js";
export type { LinearDynamics } from "./sim/expert/lqr.js";
export type { Expansion, StateCost } from "./sim/expert/state-cost.js";
export { type Random, random } from "./sim/random.js";
export { ARM, BACKGROUND, type Sight, TARGET } from "./sim/render/sight.js";
export type { ImagePoint } from "./sim/render/view.js";
export { SimulatedSource, type SimulationOptions, type SimulationSummary } from "./sim/source.js";
export type {
  Modality as TaskModality,
  Targets,
  Task,
  TaskCamera,
  TaskEpisode,
  TaskObservation,
  TaskOptions,
  TaskPlanner,
  Wrench,
} from "./sim/tasks/task.js";
export { loadTask, taskNames } from "./sim/tasks/tasks.js";
