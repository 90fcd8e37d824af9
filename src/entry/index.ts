export type { Importance, ImportanceFlag, ImportanceForm } from "../arm/importance.js";
export { ATTACKS, type Attack, type AttackRequest } from "../attack/attacks.js";
export { AttackModel, type Slope } from "../attack/model.js";
export type { AttackName } from "../attack/names.js";
export type { Objective } from "../attack/objectives.js";
export { type Smallest, type SmallestRequest, type Success, smallestAttack } from "../attack/smallest.js";
export { InputError } from "../errors.js";
export {
  area,
  type Faithfulness,
  type FaithfulnessOptions,
  faithfulness,
  type Mapped,
} from "../evaluation/faithfulness/faithfulness.js";
export { blankObservation } from "../explain/blank-observation.js";
export { Explainer, type ExplainerOptions, type TickOptions } from "../explain/explainer.js";
export { ExplainerPool, type PoolOptions } from "../explain/explainer-pool.js";
export {
  type Convention,
  type Explanation,
  type ExplanationFlag,
  LEVELS,
  type Level,
  type Ratios,
} from "../explain/explanation.js";
export { type JointElements, jointElementsOf, jointRelevance } from "../explain/joint-relevance.js";
export { LevelController, type LevelControllerOptions } from "../explain/level-controller.js";
export { Mailbox } from "../explain/mailbox.js";
export type { Observation, ObservationFlag, Transform } from "../explain/observation.js";
export { type Observed, type ObservedImage, observe } from "../explain/observe.js";
export { type AnyExplainer, type ExplainOptions, run, type Sink, type Source } from "../explain/pipeline.js";
export {
  type InnerExplainer,
  type LevelChoice,
  RealTimeExplainer,
  type RealTimeOptions,
  type RealTimeStatistics,
} from "../explain/real-time-explainer.js";
export { subjectOf } from "../explain/subject.js";
export { checkTorque } from "../explain/untouched.js";
export { DTYPES, type DType } from "../graph/dtype.js";
export type { Literal } from "../graph/literal.js";
export type { Shape } from "../graph/shape.js";
export type { Attribute, Attributes, Graph, Node, TensorType, Value } from "../graph/value.js";
export { COLORMAPS, type Colormap, colorTable } from "../image/colormap.js";
export type { Heatmap, HeatmapOptions } from "../image/heatmap.js";
export type { CameraView, Image, Optics, Region, RgbImage } from "../image/image.js";
export { type ColorOptions, colorize, type OverlayOptions, overlay } from "../image/overlay.js";
export type { CardEncoding, ImageEncoding } from "../image/pixel-formats.js";
export { shippedPolicy } from "../package-files.js";
export { loadCard, parseCard, serialiseCard } from "../policy/card.js";
export {
  type Card,
  type CardImage,
  type CardInput,
  type CardSlice,
  QUANTITIES,
  type Quantity,
} from "../policy/card-schema.js";
export { CONVENTIONS, type ConventionEntry, conventionNamed } from "../policy/conventions.js";
export type { ImageModality, Modality, ValueModality } from "../policy/modalities.js";
export { loadPolicy, type Policy } from "../policy/policy.js";
export { type DataMeans, underConvention } from "../policy/under-convention.js";
export { type CompiledModel, type CompileOptions, compile } from "../relevance/compile.js";
export type { Attribution, NodeRule, Totals } from "../relevance/contract/attribution.js";
export type { Relevance } from "../relevance/contract/carrier.js";
export type { Depth } from "../relevance/contract/depth.js";
export type { Network } from "../relevance/contract/facts.js";
export type { Method, MethodOrigin } from "../relevance/contract/method.js";
export type {
  FeaturePointOrigin,
  Subject,
  SubjectImage,
  SubjectModality,
  SubjectValues,
} from "../relevance/contract/subject.js";
export { compositeMethod } from "../relevance/methods/composite-method.js";
export type { MethodEntry } from "../relevance/methods/method-spec.js";
export { METHODS, methodNamed } from "../relevance/methods.js";
export { PRECISIONS, type Precision } from "../relevance/precision/precision.js";
export { DEVICES, type Device, type DeviceInUse } from "../runtime/device.js";
