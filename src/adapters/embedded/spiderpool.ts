import {
  admit,
  type Denial,
  indexWorld,
  mutate,
  type Request,
  validate,
  type World,
} from "../../core/spiderpool/admission/admit.js";
import type { SpiderpoolFacts } from "../../core/spiderpool/facts.js";
import type {
  KubeObject,
  SpiderIPPool,
  SpiderMultusConfig,
  SpiderReservedIP,
  SpiderSubnet,
} from "../../core/spiderpool/objects.js";
import { ApiError } from "./api-error.js";
import type { Change, Store } from "./store.js";

const CODES: Readonly<Record<Denial["reason"], { code: number; reason: string }>> = {
  AlreadyExists: { code: 409, reason: "AlreadyExists" },
  Forbidden: { code: 403, reason: "Forbidden" },
  Invalid: { code: 422, reason: "Invalid" },
  Denied: { code: 403, reason: "Forbidden" },
};

/** Spiderpool's webhooks over the objects of a store. */
export class Webhooks {
  readonly #world: World;

  constructor(
    store: Store,
    readonly facts: SpiderpoolFacts,
  ) {
    const world = {
      pools: store.all("SpiderIPPool") as ReadonlyMap<string, SpiderIPPool>,
      subnets: store.all("SpiderSubnet") as ReadonlyMap<string, SpiderSubnet>,
      reserved: store.all("SpiderReservedIP") as ReadonlyMap<string, SpiderReservedIP>,
      multusConfigs: store.all("SpiderMultusConfig") as ReadonlyMap<string, SpiderMultusConfig>,
      networkAttachments: store.all("NetworkAttachmentDefinition"),
    };
    const index = indexWorld(world);
    this.#world = { ...world, index };
    store.subscribe(({ kind, type, object }: Change) => {
      const { name } = object.metadata;
      if (kind === "SpiderIPPool") type === "DELETED" ? index.deletePool(name) : index.putPool(object as SpiderIPPool);
      if (kind === "SpiderSubnet") {
        type === "DELETED" ? index.deleteSubnet(name) : index.putSubnet(object as SpiderSubnet);
      }
    });
  }

  /** The object as it leaves the mutating step. */
  mutate(request: Request): KubeObject {
    return mutate(request, this.#world, this.facts);
  }

  /** @throws ApiError in the words of an API server whose webhook said no */
  validate(request: Request): void {
    const unserved = request.object.kind === "SpiderSubnet" && !this.facts.enableSpiderSubnet; // F6
    const denial =
      unserved && request.operation !== "DELETE"
        ? admit(request, this.#world, this.facts).denial
        : validate(request, this.#world, this.facts);
    if (denial === undefined) return;
    const { code, reason } = CODES[denial.reason];
    const webhook = `${request.object.kind.toLowerCase()}.spiderpool.spidernet.io`;
    throw new ApiError(code, reason, `admission webhook "${webhook}" denied the request: ${denial.message}`);
  }
}
