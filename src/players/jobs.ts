import { KINDS } from "../core/spiderpool/objects.js";
import { itself, type Role, type Stage } from "./player.js";
import {
  controlledBy,
  controllerKey,
  createPod,
  isOver,
  isReady,
  isTerminating,
  type PodStatus,
  reportStatus,
  type WorkloadSpec,
} from "./workload.js";

interface JobSpec extends WorkloadSpec {
  parallelism?: number;
  completions?: number;
  backoffLimit?: number;
}

/** Kubernetes' Job controller: so many Pods at once, until as many have succeeded as it wants or too many have failed. */
export function jobs(stage: Stage): Role {
  return {
    name: "jobs",
    on: { Job: itself, Pod: controllerKey(KINDS.Job) },
    reconcile: async (key) => {
      const job = stage.mirror("Job").get(key);
      if (job === undefined || isTerminating(job)) return;
      const spec = job.spec as JobSpec;
      const all = controlledBy(stage, "Pod", job);
      const ended = (phase: string) => all.filter((pod) => ((pod.status ?? {}) as PodStatus).phase === phase).length;
      const [succeeded, failed] = [ended("Succeeded"), ended("Failed")];
      const pods = all.filter((pod) => !isOver(pod) && !isTerminating(pod));
      const wanted = failed > (spec.backoffLimit ?? 6) ? 0 : Math.min(spec.parallelism ?? 1, left(spec, succeeded));
      const labels = { "batch.kubernetes.io/job-name": job.metadata.name, "job-name": job.metadata.name };
      for (let missing = wanted - pods.length; missing > 0; missing--) {
        await createPod(stage, job, spec.template ?? {}, { labels });
      }
      await reportStatus(stage, KINDS.Job, job, {
        active: Math.max(pods.length, wanted),
        ready: pods.filter(isReady).length,
        succeeded: succeeded || undefined,
        failed: failed || undefined,
      });
    },
  };
}

/** Pods a Job may still need: without `completions` it is done as soon as one has succeeded. */
function left({ completions, parallelism }: JobSpec, succeeded: number): number {
  if (completions === undefined && parallelism !== undefined) return succeeded > 0 ? 0 : parallelism;
  return (completions ?? 1) - succeeded;
}
