import { parentPort, workerData } from "node:worker_threads";
import { answerRequests } from "../team/answer-requests.js";
import { actingWork, type ListeningSetup, seeingWork } from "./work.js";

if (parentPort) {
  const setup = workerData as ListeningSetup;
  const { table, session } = await (setup.stage.kind === "seeing" ? seeingWork(setup) : actingWork(setup));
  answerRequests(parentPort, table, {}, session);
}
