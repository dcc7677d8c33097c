import { KINDS } from "../core/spiderpool/objects.js";
import { itself, type Role, type Stage } from "./player.js";
import {
  controlledBy,
  controllerKey,
  createPod,
  isReady,
  isTerminating,
  reportStatus,
  type WorkloadSpec,
} from "./workload.js";

interface JobSpec extends WorkloadSpec {
  parallelism?: number;
  completions?: number;
}

/** Kubernetes' Job controller as far as a Job is Pods that need addresses: nothing runs in them, so none completes. */
export function jobs(stage: Stage): Role {
  return {
    name: "jobs",
    on: { Job: itself, Pod: controllerKey(KINDS.Job) },
    reconcile: async (key) => {
      const job = stage.mirror("Job").get(key);
      if (job === undefined || isTerminating(job)) return;
      const spec = job.spec as JobSpec;
      const wanted = Math.min(spec.parallelism ?? 1, spec.completions ?? spec.parallelism ?? 1);
      const pods = controlledBy(stage, "Pod", job);
      const labels = { "batch.kubernetes.io/job-name": job.metadata.name, "job-name": job.metadata.name };
      for (let missing = wanted - pods.length; missing > 0; missing--) {
        await createPod(stage, job, spec.template ?? {}, { labels });
      }
      await reportStatus(stage, KINDS.Job, job, {
        active: Math.max(pods.length, wanted),
        ready: pods.filter(isReady).length,
      });
    },
  };
}
