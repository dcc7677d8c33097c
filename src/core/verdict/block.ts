import type { OrderedStep } from "../change/order.js";
import { stepKey } from "../change/step.js";
import { podShown } from "../usage.js";
import { hold } from "./guard.js";
import type { Judged } from "./judge.js";

/**
 * Holds back every group of steps that would harm somebody: steps are one group when the same tenant depends on both, or
 * when they write the same object (DESIGN 6). Groups that harm nobody go on.
 */
export function holdBackHarm(steps: readonly OrderedStep[], judged: Judged): readonly OrderedStep[] {
  const harms = [
    ...judged.classes.map(({ steps: numbers, harmed }) => ({
      numbers,
      pods: harmed.map((one) => `${podShown(one.tenant.pod)} ${one.effect}`),
    })),
    ...judged.idle.map(({ steps: numbers, entry }) => ({ numbers, pods: [`a Pod of ${entry.owner} strands`] })),
  ];
  if (harms.every((one) => one.pods.length === 0)) return steps;
  const groups = new Groups(steps.length);
  const first = new Map<string, number>();
  for (const [index, step] of steps.entries()) {
    const key = stepKey(step);
    groups.join(first.get(key) ?? index, index);
    first.set(key, index);
  }
  for (const { numbers } of harms) for (const number of numbers) groups.join(numbers[0]!, number);
  const harmed = new Map<number, Set<string>>();
  for (const { numbers, pods } of harms) {
    if (pods.length === 0) continue;
    const group = groups.of(numbers[0]!);
    const known = harmed.get(group);
    if (known === undefined) harmed.set(group, new Set(pods));
    else for (const pod of pods) known.add(pod);
  }
  const messages = new Map([...harmed].map(([group, pods]) => [group, told([...pods])]));
  return steps.map((step, index) => {
    const message = messages.get(groups.of(index));
    return message === undefined || step.blocked ? step : hold(step, "verdict", message);
  });
}

function told(pods: readonly string[]): string {
  const some = pods.slice(0, 3).join(", ");
  return `at the next restart ${pods.length > 3 ? `${some} and ${pods.length - 3} more` : some}`;
}

/** Which numbers belong together (union-find). */
class Groups {
  readonly #parent: number[];

  constructor(count: number) {
    this.#parent = Array.from({ length: count }, (_, index) => index);
  }

  of(index: number): number {
    let at = index;
    while (this.#parent[at] !== at) at = this.#parent[at] = this.#parent[this.#parent[at]!]!;
    return at;
  }

  join(a: number, b: number): void {
    this.#parent[this.of(a)] = this.of(b);
  }
}
