import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { startEmbeddedCluster } from "../src/adapters/embedded/embedded-cluster.js";
import { connect } from "../src/adapters/kubernetes/connect.js";
import type { ClusterActor } from "../src/ports/cluster.js";
import { kubeconfigFile } from "../test/support/kubeconfig-file.js";

/** Where there is no kube-apiserver: the embedded cluster in a process of its own. */
export async function startEmbeddedProcess(): Promise<{
  readonly server: string;
  readonly kubeconfig: string;
  readonly actor: ClusterActor;
  stop(): Promise<void>;
}> {
  const child = fork(fileURLToPath(import.meta.url), ["serve"]);
  const server = await new Promise<string>((resolve) => child.once("message", (url) => resolve(String(url))));
  const kubeconfig = kubeconfigFile(server);
  const actor = await connect({ kubeconfig });
  return {
    ...{ server, kubeconfig, actor },
    stop: async () => {
      await actor.close();
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await gone;
    },
  };
}

if (process.argv[2] === "serve" && process.send !== undefined) process.send((await startEmbeddedCluster()).url);
