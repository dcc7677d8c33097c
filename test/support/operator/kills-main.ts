/** Kills the operator at random moments: `npx tsx test/support/operator/kills-main.ts --count 50 --seed 1`. Build first. */
import { parseArgs } from "node:util";
import { killAgainAndAgain } from "./kills.js";

const { values } = parseArgs({
  options: { count: { type: "string", default: "50" }, seed: { type: "string", default: "1" } },
});
const report = await killAgainAndAgain({
  count: Number(values.count),
  seed: Number(values.seed),
  onProgress: (line) => process.stderr.write(`${line}\n`),
});
const { kills, converged, violations, checks, steps, pods, seconds } = report;
const [fewest, most] = [Math.min(...steps), Math.max(...steps)];
process.stdout.write(
  `${kills} kills, ${converged} converged, ${violations.length} violations in ${checks} checks; ` +
    `${fewest} to ${most} writes a commit, ${pods} Pods with addresses, ${seconds} s\n`,
);
for (const line of violations.slice(0, 20)) process.stdout.write(`${line}\n`);
process.exitCode = violations.length === 0 && converged === kills ? 0 : 1;
