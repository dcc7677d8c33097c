import {
  type EmbeddedCluster,
  type EmbeddedOptions,
  startEmbeddedCluster,
} from "../../src/adapters/embedded/embedded-cluster.js";

/** An answer of the API, read completely. */
export interface Answer {
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  readonly body: any;
  readonly headers: Headers;
}

/** An embedded cluster with a plain HTTP client to it. */
export interface Served extends EmbeddedCluster {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export const SPIDERPOOL = "/apis/spiderpool.spidernet.io/v2beta1";

export const MERGE = { "content-type": "application/merge-patch+json" };

export async function serve(options: EmbeddedOptions = {}): Promise<Served> {
  const cluster = await startEmbeddedCluster(options);
  return {
    ...cluster,
    call: async (method, path, body, headers = {}) => {
      const response = await fetch(cluster.url + path, {
        method,
        headers: { "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { code: response.status, body: text === "" ? undefined : JSON.parse(text), headers: response.headers };
    },
  };
}

export function configMap(name: string, data: Record<string, string> = {}, namespace = "default") {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data };
}

export function pool(name: string, spec: object) {
  return { apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderIPPool", metadata: { name }, spec };
}

export function subnet(name: string, spec: object) {
  return { apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderSubnet", metadata: { name }, spec };
}
