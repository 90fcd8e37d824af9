import { parentPort, workerData } from "node:worker_threads";
import { answerRequests } from "../team/answer-requests.js";
import { type ActorSetup, actorContext, collectWork, learnWork } from "./work.js";

if (parentPort) {
  const context = await actorContext(workerData as ActorSetup);
  answerRequests(parentPort, { collect: collectWork, learn: learnWork }, context, context.step.session);
}
