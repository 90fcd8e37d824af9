import { ATTACK_NAMES, type AttackName } from "../../attack/names.js";
import { mean } from "../../numbers/mean.js";
import { type Claim, type Verdict, verdict } from "../verdict.js";
import { type RobustnessVerdict, type RowFound, rowNamed, type WorldMeasured } from "./findings.js";
import type { FigureName } from "./maps.js";
import { POLICY_NAMES, type PolicyKind } from "./paper.js";

/** The paper's orderings, tested on what was measured in a world. Those of a missing policy are left out. */

/** Least part of the perturbation maps' important saliency that counts as comparable. */
export const COMPARABLE = 0.8;
/** Part of the original's mean return that may be lost where performance counts as kept. */
export const KEPT = 0.05;

/** Verdicts on a world's findings, but for attacks. */
export const verdictsOf = (findings: WorldMeasured): Verdict[] =>
  [...saliencyVerdicts(findings), ...slowness(findings), performance(findings)].flatMap((found) => found ?? []);

function saliencyVerdicts(findings: WorldMeasured): (Verdict | undefined)[] {
  const digr = rowNamed(findings, "digr");
  const perturbation = rowNamed(findings, "gb");
  const vanilla = rowNamed(findings, "vg");
  const others = findings.rows.filter(({ row }) => row.group !== undefined && row.group !== "DIGR");
  const best = (name: FigureName, sign: 1 | -1) =>
    others.reduce((a, b) => (sign * (b.found.estimates[name].mean - a.found.estimates[name].mean) > 0 ? b : a));
  const found: Verdict[] = [];
  if (digr && others.length > 0) {
    const [highest, least] = [best("auc", 1), best("unimportant", -1)];
    found.push(
      verdict(
        claim("digr_auc", "DIGR has the highest AUC", `AUC of DIGR less that of ${highest.row.name}, the next`, 1),
        differences(digr, highest, "auc"),
      ),
      verdict(
        claim(
          "digr_unimportant",
          "DIGR reduces unimportant saliency below all others",
          `unimportant saliency of DIGR less that of ${least.row.name}, the least of the others`,
          -1,
        ),
        differences(digr, least, "unimportant"),
      ),
    );
  }
  if (digr && perturbation)
    found.push(
      verdict(
        claim(
          "digr_important",
          "DIGR keeps a comparable amount of important saliency",
          `important saliency of DIGR less ${COMPARABLE} of ${perturbation.row.name}’s`,
          1,
        ),
        differences(digr, perturbation, "important", COMPARABLE),
      ),
    );
  if (vanilla && perturbation)
    found.push(
      verdict(
        claim(
          "perturbation_auc",
          "Perturbation maps are easier to read than Vanilla Gradient’s",
          `AUC of ${perturbation.row.name} less that of ${vanilla.row.name}`,
          1,
        ),
        differences(perturbation, vanilla, "auc"),
      ),
    );
  return found;
}

const claim = (id: string, text: string, measure: string, sign: 1 | -1): Claim => ({
  id,
  text,
  measure,
  sign,
  unit: "number",
});

/** a − factor · b, one number an episode of the saliency set. */
function differences(a: RowFound, b: RowFound, name: FigureName, factor = 1): number[] {
  const [x, y] = [a.found.ofEpisodes[name], b.found.ofEpisodes[name]];
  return Array.from(x, (value, episode) => value - factor * y[episode]!);
}

/** Logarithms of the time of the fastest perturbation map over that of a gradient map, one number a round. */
function slowness(findings: WorldMeasured): Verdict[] {
  const of = (group: string) => findings.rows.filter(({ row }) => row.group === group);
  const [slow, fast] = [of("perturbation"), of("gradient")];
  const vanilla = rowNamed(findings, "vg");
  if (slow.length === 0 || !vanilla) return [];
  const logarithm = "logarithm of the time of the faster perturbation map over that of";
  const over = (others: readonly RowFound[]) =>
    slow[0]!.times.map((_, round) => {
      const at = (row: RowFound) => row.times[round]!;
      return Math.log(Math.min(...slow.map(at)) / Math.max(...others.map(at)));
    });
  return [
    verdict(
      claim(
        "perturbation_slower_than_vanilla",
        "Perturbation maps take longer than Vanilla Gradient’s",
        `${logarithm} Vanilla Gradient`,
        1,
      ),
      over([vanilla]),
    ),
    verdict(
      claim(
        "perturbation_slower",
        "Perturbation maps take longer than all gradient maps",
        `${logarithm} the slowest gradient map`,
        1,
      ),
      over(fast),
    ),
  ];
}

const COMPARED: readonly (readonly [stronger: PolicyKind, weaker: PolicyKind])[] = [
  ["digr", "distilled"],
  ["distilled", "original"],
  ["digr", "original"],
];

/** Differences of an episode's mean return over all strengths of an attack, the same episodes for both policies. */
export function robustnessOf({ attacked }: WorldMeasured): RobustnessVerdict[] {
  const of = (policy: PolicyKind, attack: AttackName): number[] => {
    const cells = attacked.filter((cell) => cell.policy === policy && cell.attack === attack);
    return (cells[0]?.played ?? []).map((_, episode) => mean(cells, ({ played }) => played[episode]!.sum));
  };
  return ATTACK_NAMES.flatMap((attack) =>
    COMPARED.flatMap(([stronger, weaker]) => {
      const [x, y] = [of(stronger, attack), of(weaker, attack)];
      if (x.length === 0 || y.length === 0) return [];
      const found = verdict(
        claim(
          `${attack}_${stronger}_${weaker}`,
          `Under ${attack}, ${POLICY_NAMES[stronger]} keeps more than ${POLICY_NAMES[weaker]}`,
          `return of ${POLICY_NAMES[stronger]} less that of ${POLICY_NAMES[weaker]}, mean over the strengths`,
          1,
        ),
        x.map((value, episode) => value - y[episode]!),
      );
      return { ...found, attack, stronger, weaker };
    }),
  );
}

function performance({ played }: WorldMeasured): Verdict | undefined {
  const [original, digr] = [played.get("original"), played.get("digr")];
  if (!original || !digr) return undefined;
  const margin = KEPT * Math.abs(mean(original, ({ sum }) => sum));
  return verdict(
    claim(
      "performance_kept",
      "DIGR performs as the original does",
      `return of DIGR less that of the original, plus ${100 * KEPT} % of the original’s mean`,
      1,
    ),
    digr.map(({ sum }, episode) => sum - original[episode]!.sum + margin),
  );
}
