import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import {
  type Denial,
  looksAt,
  mutate,
  type Request,
  validate,
  type World,
  type WorldPart,
} from "../../core/spiderpool/admission/admit.js";
import type { SpiderpoolFacts } from "../../core/spiderpool/facts.js";
import { KINDS, type Kind, type KubeObject, SPIDERPOOL_GROUP } from "../../core/spiderpool/objects.js";
import type { Cluster } from "../../ports/cluster.js";
import { SharedLists } from "./shared-lists.js";

export interface WebhookOptions {
  /** PEM; the certificate must be good for 127.0.0.1. */
  readonly cert: string;
  readonly key: string;
  /** The cluster whose objects the requests are judged against, read anew for each. */
  readonly actor: Cluster;
  readonly facts: SpiderpoolFacts;
}

export interface WebhookServer {
  readonly url: string;
  /** The registrations for the API server (F5). @param caBundle PEM of the authority that signed the certificate */
  configurations(caBundle: string): KubeObject[];
  stop(): Promise<void>;
}

const SERVED = [
  KINDS.SpiderSubnet,
  KINDS.SpiderIPPool,
  KINDS.SpiderReservedIP,
  KINDS.SpiderMultusConfig,
  KINDS.SpiderCoordinator,
];

const CODES: Readonly<Record<Denial["reason"], number>> = {
  AlreadyExists: 409,
  Forbidden: 403,
  Invalid: 422,
  Denied: 403,
};

interface AdmissionRequest {
  uid: string;
  operation: "CREATE" | "UPDATE" | "DELETE";
  object: KubeObject | null;
  oldObject: KubeObject | null;
}

/** Serves Spiderpool's admission model as AdmissionReview v1 webhooks over HTTPS, for a real kube-apiserver. */
export async function startWebhooks(options: WebhookOptions): Promise<WebhookServer> {
  const judge = new Judge(options.actor, options.facts);
  const server = createServer({ cert: options.cert, key: options.key }, (request, response) => {
    answer(judge, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    configurations: (caBundle) => configurations(url, Buffer.from(caBundle).toString("base64")),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(judge: Judge, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const [step, name] = (message.url ?? "").split("?")[0]!.split("/").slice(1);
  const kind = SERVED.find(({ plural }) => plural === name);
  if (kind === undefined || !judge.serves(kind)) {
    response.writeHead(404).end();
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const { request } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { request: AdmissionRequest };
  const verdict = step === "mutate" ? await judge.mutate(request) : await judge.validate(request);
  const review = {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid: request.uid, ...verdict },
  };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(review));
}

class Judge {
  readonly #lists: SharedLists;

  constructor(
    cluster: Cluster,
    readonly facts: SpiderpoolFacts,
  ) {
    this.#lists = new SharedLists(cluster);
  }

  /** F6: with the feature off nobody answers for subnets, though the webhook is registered. */
  serves(kind: Kind): boolean {
    return kind !== KINDS.SpiderSubnet || this.facts.enableSpiderSubnet;
  }

  async mutate(request: AdmissionRequest): Promise<object> {
    const asked = asRequest(request);
    const operations = patchOf(asked.object, mutate(asked, await this.#world("mutate", asked), this.facts));
    if (operations.length === 0) return { allowed: true };
    const patch = Buffer.from(JSON.stringify(operations)).toString("base64");
    return { allowed: true, patchType: "JSONPatch", patch };
  }

  async validate(request: AdmissionRequest): Promise<object> {
    const asked = asRequest(request);
    const denial = validate(asked, await this.#world("validate", asked), this.facts);
    if (denial === undefined) return { allowed: true };
    const reason = denial.reason === "Denied" ? "Forbidden" : denial.reason;
    return { allowed: false, status: { code: CODES[denial.reason], reason, message: denial.message } };
  }

  async #world(step: "mutate" | "validate", request: Request): Promise<World> {
    const parts = looksAt(step, request);
    const read = await Promise.all(parts.map((part) => this.#lists.read(PARTS[part])));
    return { ...NOTHING_STORED, ...Object.fromEntries(parts.map((part, index) => [part, read[index]])) };
  }
}

const PARTS: Readonly<Record<WorldPart, Kind>> = {
  pools: KINDS.SpiderIPPool,
  subnets: KINDS.SpiderSubnet,
  reserved: KINDS.SpiderReservedIP,
  multusConfigs: KINDS.SpiderMultusConfig,
  networkAttachments: KINDS.NetworkAttachmentDefinition,
};

const NOTHING_STORED: World = {
  pools: new Map(),
  subnets: new Map(),
  reserved: new Map(),
  multusConfigs: new Map(),
  networkAttachments: new Map(),
};

/** On DELETE the API server sends the object as the old one only. */
function asRequest({ operation, object, oldObject }: AdmissionRequest): Request {
  const current = object ?? oldObject;
  if (current === null) throw new Error("an AdmissionReview without an object");
  return { operation, object: current, ...(oldObject === null ? {} : { old: oldObject }) };
}

/** JSON patch of everything a mutating step may touch: whole members, since `add` replaces. */
function patchOf(before: KubeObject, after: KubeObject): object[] {
  const operations: object[] = [];
  const compare = (path: string, from: unknown, to: unknown) => {
    if (JSON.stringify(from) === JSON.stringify(to)) return;
    operations.push(to === undefined ? { op: "remove", path } : { op: "add", path, value: to });
  };
  for (const member of ["labels", "annotations", "finalizers", "ownerReferences"] as const) {
    compare(`/metadata/${member}`, before.metadata[member], after.metadata[member]);
  }
  compare("/spec", before.spec, after.spec);
  return operations;
}

function configurations(url: string, caBundle: string): KubeObject[] {
  const webhooks = (step: "mutate" | "validate") =>
    SERVED.map((kind) => ({
      name: `${kind.kind.toLowerCase()}.${SPIDERPOOL_GROUP}`,
      clientConfig: { url: `${url}/${step}/${kind.plural}`, caBundle },
      rules: [
        {
          apiGroups: [SPIDERPOOL_GROUP],
          apiVersions: ["v2beta1"],
          operations: operationsOf(step, kind),
          resources: [kind.plural],
        },
      ],
      failurePolicy: "Fail",
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      timeoutSeconds: 10,
    }));
  const configuration = (kind: string, step: "mutate" | "validate") => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name: "spiderpool-controller" },
    webhooks: webhooks(step),
  });
  return [
    configuration("MutatingWebhookConfiguration", "mutate"),
    configuration("ValidatingWebhookConfiguration", "validate"),
  ];
}

/** F5: deletes are validated for subnets and pools only. */
function operationsOf(step: "mutate" | "validate", kind: Kind): string[] {
  const guarded = kind === KINDS.SpiderSubnet || kind === KINDS.SpiderIPPool;
  return step === "validate" && guarded ? ["CREATE", "UPDATE", "DELETE"] : ["CREATE", "UPDATE"];
}
