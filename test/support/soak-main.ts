import { parseArgs } from "node:util";
import { type SoakResult, soak } from "./soak/soak.js";
import type { Trend } from "./soak/trend.js";

/** Usage: npm run soak -- [--minutes 20] [--seed S]. Needs `npm run build`. Exit 1 on a violation. */
const { values } = parseArgs({
  options: { minutes: { type: "string", default: "20" }, seed: { type: "string", default: `${Date.now() % 100_000}` } },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
console.log(`a soak of ${minutes} minutes, seed ${seed}`);
const result = await soak({ minutes, seed, onProgress: (line) => console.log(line) });
tell(result);
if (result.violations.length > 0 || result.left.length > 0 || !result.flat) process.exitCode = 1;

function tell({ violations, left, events, starts, looks, convergedIn, rss, heap, sockets, flat }: SoakResult): void {
  console.log(`\n${events} events, ${starts} operators, ${looks} looks at every address`);
  console.log(`violations: ${violations.length}`);
  for (const one of violations) console.log(`  ${one}`);
  console.log(left.length === 0 ? `converged in ${convergedIn.toFixed(1)} s` : "did not converge");
  for (const one of left) console.log(`  ${one}`);
  console.log("over the second half, in one process:");
  line("RSS, MiB", rss);
  line("heap, MiB", heap);
  line("sockets", sockets);
  console.log(flat ? "flat" : "NOT flat");
}

function line(name: string, { mean, slope, rise }: Trend): void {
  console.log(`  ${name}: mean ${mean.toFixed(1)}, slope ${slope.toFixed(3)} a minute, rise ${rise.toFixed(1)}`);
}
