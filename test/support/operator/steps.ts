import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { eventually, type Stage } from "./stage.js";

export const IN_SYNC = "True ReconciliationSucceeded";

export const automated = { sync: { mode: "automated", prune: true } } as const;

/** Waits until the condition Ready of a PlanSync is `status reason`. @returns it with its message */
export const ready = (stage: Stage, wanted: string, name?: string, seconds = 30) =>
  eventually(
    async () => {
      const now = (await stage.status(name)).conditions?.find(({ type }) => type === "Ready");
      return `${now?.status} ${now?.reason}: ${now?.message}`;
    },
    (now) => now.startsWith(`${wanted}:`),
    seconds,
  );

/** Waits until the cluster is at a commit. */
export async function applied(stage: Stage, commit: string, seconds = 30): Promise<void> {
  await eventually(
    async () => (await stage.status()).lastAppliedRevision,
    (now) => now === commit,
    seconds,
  );
  await ready(stage, IN_SYNC, undefined, seconds);
}

/** What a person does, past everything that fails for operators. */
export async function kubectl(stage: Stage, ...args: string[]): Promise<void> {
  await promisify(execFile)("kubectl", ["--kubeconfig", stage.kubeconfig, ...args]);
}
