import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { jsonPatch } from "../../src/adapters/embedded/patch.js";
import { startWebhooks, type WebhookServer } from "../../src/adapters/embedded/webhook-server.js";
import { CHART_DEFAULTS } from "../../src/core/spiderpool/facts.js";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { pool, subnet } from "../support/embedded.js";
import { type Authority, makeAuthority } from "../support/openssl.js";

const missing = spawnSync("openssl", ["version"]).status !== 0;

describe.skipIf(missing)("the admission model as AdmissionReview v1 webhooks (skipped without openssl)", () => {
  let folder: string;
  let authority: Authority;
  let cluster: EmbeddedCluster;
  let server: WebhookServer;
  let unserved: WebhookServer;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "spiderplan-webhooks-"));
    authority = makeAuthority(folder);
    const { cert, key } = authority.issue("webhooks", { names: ["IP:127.0.0.1"] });
    const objects = [
      subnet("s", { subnet: "10.1.0.0/24", ips: ["10.1.0.10-10.1.0.20"], gateway: "10.1.0.1" }),
      pool("p", { subnet: "10.1.0.0/24", ips: ["10.1.0.10-10.1.0.12"] }),
    ];
    cluster = await startEmbeddedCluster({ objects });
    server = await startWebhooks({ cert, key, actor: cluster.actor, facts: CHART_DEFAULTS });
    unserved = await startWebhooks({
      cert,
      key,
      actor: cluster.actor,
      facts: { ...CHART_DEFAULTS, enableSpiderSubnet: false },
    });
  });
  afterAll(async () => {
    await server.stop();
    await unserved.stop();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const review = async (url: string, operation: string, object: object | null, oldObject: object | null = null) => {
    const body = JSON.stringify({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request: { uid: "r-1", operation, object, oldObject },
    });
    const { code, text } = await post(url, body, authority.cert);
    return { code, ...(code === 200 ? JSON.parse(text) : {}) };
  };
  const mutated = (object: object, response: { patch?: string }) =>
    response.patch === undefined
      ? object
      : (jsonPatch(object, JSON.parse(Buffer.from(response.patch, "base64").toString())) as KubeObject);

  test("mutating: a JSON patch makes the canonical form, judged by what the cluster holds (M2, M5, M9)", async () => {
    const given = pool("q", { subnet: "10.1.0.0/24", ips: ["10.1.0.14", "10.1.0.13"] });
    const { response, kind, apiVersion } = await review(`${server.url}/mutate/spiderippools`, "CREATE", given);
    expect([kind, apiVersion, response.uid, response.allowed, response.patchType]).toEqual([
      "AdmissionReview",
      "admission.k8s.io/v1",
      "r-1",
      true,
      "JSONPatch",
    ]);
    const after = mutated(given, response) as KubeObject;
    expect(after.spec).toEqual({
      subnet: "10.1.0.0/24",
      ipVersion: 4,
      ips: ["10.1.0.13-10.1.0.14"],
      gateway: "10.1.0.1",
    });
    expect(after.metadata).toMatchObject({ finalizers: ["spiderpool.spidernet.io"], ownerReferences: [{ name: "s" }] });
    const again = await review(`${server.url}/mutate/spiderippools`, "CREATE", after);
    expect(again.response).toEqual({ uid: "r-1", allowed: true });
  });

  test("validating: what is fine passes, what is not is told with code and reason (P9)", async () => {
    const good = pool("q", { subnet: "10.1.0.0/24", ipVersion: 4, ips: ["10.1.0.13"] });
    const url = `${server.url}/validate/spiderippools`;
    expect((await review(url, "CREATE", good)).response).toEqual({ uid: "r-1", allowed: true });
    const bad = (
      await review(
        `${server.url}/mutate/spiderippools`,
        "CREATE",
        pool("q", { subnet: "10.1.0.0/24", ips: ["10.1.0.12"] }),
      )
    ).response;
    const overlapping = mutated(pool("q", { subnet: "10.1.0.0/24", ips: ["10.1.0.12"] }), bad);
    const { response } = await review(url, "CREATE", overlapping);
    expect(response).toMatchObject({ allowed: false, status: { code: 422, reason: "Invalid" } });
    expect(response.status.message).toContain("p");
  });

  test("deletes come with the old object only", async () => {
    const live = await cluster.actor.get({
      kind: { apiVersion: "", kind: "SpiderIPPool", plural: "spiderippools", namespaced: false },
      name: "p",
    });
    const { response } = await review(`${server.url}/validate/spiderippools`, "DELETE", null, live);
    expect(response.allowed).toBe(true);
  });

  test("with the subnet feature off nobody answers for subnets (F6); unknown paths are 404", async () => {
    const given = subnet("t", { subnet: "10.2.0.0/24" });
    expect((await review(`${unserved.url}/validate/spidersubnets`, "CREATE", given)).code).toBe(404);
    expect((await review(`${server.url}/validate/pods`, "CREATE", given)).code).toBe(404);
  });

  test("the registrations are those of Spiderpool's chart (F5)", () => {
    const [mutating, validating] = server.configurations("PEM") as unknown as {
      kind: string;
      webhooks: {
        name: string;
        failurePolicy: string;
        clientConfig: { url: string; caBundle: string };
        rules: { operations: string[] }[];
      }[];
    }[];
    expect([mutating!.kind, validating!.kind]).toEqual([
      "MutatingWebhookConfiguration",
      "ValidatingWebhookConfiguration",
    ]);
    expect(mutating!.webhooks[0]).toMatchObject({
      name: "spidersubnet.spiderpool.spidernet.io",
      failurePolicy: "Fail",
      clientConfig: { url: `${server.url}/mutate/spidersubnets`, caBundle: Buffer.from("PEM").toString("base64") },
    });
    const deletes = validating!.webhooks
      .filter(({ rules }) => rules[0]!.operations.includes("DELETE"))
      .map(({ name }) => name);
    expect(deletes).toEqual(["spidersubnet.spiderpool.spidernet.io", "spiderippool.spiderpool.spidernet.io"]);
  });
});

function post(url: string, body: string, ca: string): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", ca, headers: { "content-type": "application/json" } }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () => resolve({ code: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
