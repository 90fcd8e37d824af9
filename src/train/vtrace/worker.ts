import { parentPort, workerData } from "node:worker_threads";
import { answerRequests } from "../team/answer-requests.js";
import { updateWork, type VtraceSetup, vtraceContext } from "./work.js";

if (parentPort) {
  const context = await vtraceContext(workerData as VtraceSetup);
  answerRequests(parentPort, { update: updateWork }, context, context.step.session);
}
