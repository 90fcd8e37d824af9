/** Names of the attacks, without what they load. */
export const ATTACK_NAMES = ["fgsm", "pgd", "mi-fgsm", "mad"] as const;
export type AttackName = (typeof ATTACK_NAMES)[number];
