import { parseArgs } from "node:util";
import { type Phase, percentile, tenantSoak, together } from "./tenant-soak/soak.js";

/** Usage: npm run soak:tenant -- [--minutes 20] [--seed S] [--real]. Needs `npm run build`. Exit 1 on a violation or a lost commit. */
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    seed: { type: "string", default: `${Date.now() % 100_000}` },
    rounds: { type: "string", default: "4" },
    // On a real API server (KUBEBUILDER_ASSETS) in place of the embedded one.
    real: { type: "boolean", default: false },
  },
});
const [minutes, seed, rounds] = [Number(values.minutes), Number(values.seed), Number(values.rounds)];
console.log(`a hostile tenant for ${minutes} minutes, seed ${seed}`);
const { without, beside, violations, writes, deeds, refused } = await tenantSoak({
  ...{ minutes, seed, rounds, real: values.real, honest: 49, scale: 1 },
  onProgress: (line) => console.log(`${new Date().toISOString()} ${line}`),
});
tell("without the tenant", without);
tell("beside the tenant", beside);
const ratio = (p: number) => (percentile(beside.seconds, p) / percentile(without.seconds, p)).toFixed(2);
console.log(`\nratio of medians ${ratio(0.5)}, of p95 ${ratio(0.95)}`);
console.log(`the tenant wrote ${writes} times:`);
for (const [name, times] of deeds) console.log(`  ${times} x ${name}`);
for (const [answer, times] of refused) console.log(`  refused ${times} x ${answer}`);
console.log(`violations: ${violations.length}`);
for (const one of violations) console.log(`  ${one}`);
if (violations.length > 0 || without.lost + beside.lost > 0) process.exitCode = 1;

function tell(name: string, { seconds, late, lost, seen }: Phase): void {
  const { slowestHealthMs, rssMiB, heapMiB, notReady } = together(seen);
  const at = (p: number) => percentile(seconds, p).toFixed(2);
  console.log(`\n${name}: ${seconds.length} commits, median ${at(0.5)} s, p95 ${at(0.95)} s, longest ${at(1)} s`);
  console.log(`  over 60 s: ${late}, never: ${lost}`);
  console.log(
    `  slowest /healthz ${slowestHealthMs.toFixed(0)} ms, RSS ${rssMiB.toFixed(0)} MiB, heap ${heapMiB.toFixed(0)} MiB`,
  );
  for (const [reason, times] of notReady) console.log(`  not ready in ${times} looks: ${reason}`);
}
