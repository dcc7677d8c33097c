/** A process that leads and writes all the time: `leader-main.ts KUBECONFIG IDENTITY`. Tells on stdout what it does. */
import { connect } from "../../src/adapters/kubernetes/connect.js";
import { guardWrites } from "../../src/app/guard-writes.js";
import { lead } from "../../src/app/leader.js";
import { systemClock } from "../../src/cli/clock.js";
import { isClusterError } from "../../src/core/cluster-error.js";
import { KINDS } from "../../src/core/spiderpool/objects.js";

const [kubeconfig, identity = ""] = process.argv.slice(2);
const cluster = await connect({ kubeconfig });
const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());
const say = (word: string) => process.stdout.write(`${word}\n`);

await lead(cluster, systemClock, {
  namespace: "kube-system",
  name: "spiderplan-operator",
  identity,
  signal: ending.signal,
  times: { duration: 2_000, renewDeadline: 1_200, retryPeriod: 200 },
  onWait: (leader) => say(`waits for ${leader}`),
  onStarted: async (lost, isHeld) => {
    say("leads");
    const fenced = guardWrites(cluster, isHeld);
    const journal = { kind: KINDS.ConfigMap, namespace: "kube-system", name: "journal" };
    for (;;) {
      const refused = await fenced.patch(journal, { data: { writer: identity } }).catch((error: unknown) => error);
      if (isClusterError(refused, "Fenced")) say("fenced");
      if (lost.aborted) return;
      await systemClock.sleep(20);
    }
  },
  onStopped: () => void say("stops"),
});
await cluster.close();
say("ends");
