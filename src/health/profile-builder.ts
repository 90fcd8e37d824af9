import { InputError } from "../errors.js";
import { isMeaningful } from "../explain/explanation.js";
import { LEVELS } from "../messages/explanation.js";
import { explanationProblem, ratiosProblem } from "../messages/explanation-problem.js";
import type { ExplanationMessage, RelevanceRatiosMessage } from "../messages/types.js";
import { type Profile, ShareStatistics } from "./profile.js";

/** Policy and method of a profile; shares of another policy or method cannot be compared. */
interface Identity {
  readonly policySha256: string;
  readonly method: string;
}

/**
 * Summarises recorded explanations as a profile. Idle ones and those without shares do not count. Where there are
 * explanations, ratios are not used; ratios alone give a coarser profile.
 */
export class ProfileBuilder {
  readonly #shares = new ShareStatistics();
  readonly #ratios = new ShareStatistics();
  readonly #recordings: string[] = [];
  #identity: Identity | undefined;
  #explained = 0;
  #rated = 0;

  /** Names the recording of the messages that follow. */
  begin(recording: string): void {
    this.#recordings.push(recording);
  }

  /**
   * @returns why it cannot be used, in words
   * @throws InputError where its policy or method differs from those before
   */
  explanation(message: ExplanationMessage): string | undefined {
    const problem = explanationProblem(message);
    if (problem !== undefined) return problem;
    const { policy_sha256, method, level, flags, modalities, shares } = message;
    this.#identify({ policySha256: policy_sha256, method });
    if (level === LEVELS.skip || !isMeaningful(flags) || shares.every((share) => share === 0)) return undefined;
    this.#explained++;
    this.#shares.add(Object.fromEntries(modalities.map((modality, m) => [modality, shares[m]!])));
    return undefined;
  }

  /** @returns why they cannot be used, in words */
  ratios(message: RelevanceRatiosMessage): string | undefined {
    const problem = ratiosProblem(message);
    const { image, position, velocity } = message;
    if (problem !== undefined || !(image + position + velocity > 0)) return problem;
    this.#rated++;
    this.#ratios.add({ image, position, velocity });
    return undefined;
  }

  /** @throws InputError where no explanation counted */
  profile(): Profile {
    const where = this.#recordings.join(", ");
    if (this.#explained === 0 && this.#rated === 0) {
      throw new InputError(
        `${where}: no explanation to make a profile of, expected torquelens/msg/Explanation or RelevanceRatios (not idle)`,
      );
    }
    const { policySha256, method } = this.#identity ?? {};
    return {
      torquelens_profile: 1,
      ...(policySha256 !== undefined && { policy_sha256: policySha256 }),
      ...(method !== undefined && { method }),
      recordings: this.#recordings,
      ...(this.#explained > 0
        ? { ticks: this.#explained, shares: this.#shares.quantiles() }
        : { ticks: this.#rated, ratios: this.#ratios.quantiles() }),
    };
  }

  #identify(found: Identity): void {
    const before = this.#identity;
    this.#identity ??= found;
    if (!before) return;
    const recording = this.#recordings.at(-1);
    if (before.policySha256 !== found.policySha256) {
      const [a, b] = [before, found].map(({ policySha256 }) => `${policySha256.slice(0, 12)}…`);
      throw new InputError(`${recording}: found explanations of the policies ${a} and ${b}, expected one policy`);
    }
    if (before.method !== found.method) {
      throw new InputError(`${recording}: found the methods ${before.method} and ${found.method}, expected one method`);
    }
  }
}
