import { KINDS, type KubeObject, type SpiderMultusConfig } from "../core/spiderpool/objects.js";
import { keyOf } from "./mirror.js";
import { itself, type Role, type Stage } from "./player.js";
import { controllerKey, controllerReference, isTerminating, stableText } from "./workload.js";

const NAME = "multus.spidernet.io/cr-name";
const CNI_VERSION = "multus.spidernet.io/cni-version";
const RESOURCE = "k8s.v1.cni.cncf.io/resourceName";

/** Spiderpool's SpiderMultusConfig informer: the net-attach-def of each, rewritten whenever it differs (S28, X12). */
export function multusConfigs(stage: Stage): Role {
  return {
    name: "spidermultusconfigs",
    on: { SpiderMultusConfig: itself, NetworkAttachmentDefinition: controllerKey(KINDS.SpiderMultusConfig) },
    reconcile: async (key) => {
      const config = stage.mirror("SpiderMultusConfig").get(key) as SpiderMultusConfig | undefined;
      if (config === undefined || isTerminating(config)) return;
      const wanted = attachmentOf(config);
      const live = stage.mirror("NetworkAttachmentDefinition").get(keyOf(wanted));
      const { actor } = stage;
      if (live === undefined) await stage.learned(actor.create(wanted, KINDS.NetworkAttachmentDefinition));
      else if (differs(live, wanted)) {
        const { uid, resourceVersion } = live.metadata;
        const replaced = { ...wanted, metadata: { ...wanted.metadata, uid, resourceVersion } };
        await stage.learned(actor.replace(replaced, KINDS.NetworkAttachmentDefinition));
      }
    },
  };
}

function differs(live: KubeObject, wanted: KubeObject): boolean {
  const meaning = ({ metadata, spec }: KubeObject) =>
    stableText({ annotations: metadata.annotations ?? {}, owners: metadata.ownerReferences ?? [], spec });
  return meaning(live) !== meaning(wanted);
}

function attachmentOf(config: SpiderMultusConfig): KubeObject {
  const { namespace, name, annotations = {} } = config.metadata;
  const resource = resourceOf(config);
  return {
    apiVersion: KINDS.NetworkAttachmentDefinition.apiVersion,
    kind: KINDS.NetworkAttachmentDefinition.kind,
    metadata: {
      name: annotations[NAME] ?? name,
      namespace,
      annotations: { ...annotations, ...(resource === undefined ? {} : { [RESOURCE]: resource }) },
      ownerReferences: [controllerReference(config)],
    },
    spec: { config: cniConfig(config) },
  };
}

/** The device plugin resource of SR-IOV networks (S28). */
function resourceOf({ spec }: SpiderMultusConfig): string | undefined {
  const block = blockOf(spec);
  return spec.cniType === "sriov" || spec.cniType === "ib-sriov" ? (block?.resourceName as string) : undefined;
}

function blockOf(spec: SpiderMultusConfig["spec"]): Record<string, unknown> | undefined {
  const name = spec.cniType === "ib-sriov" ? "ibsriov" : (spec.cniType ?? "custom");
  return spec[name] as Record<string, unknown> | undefined;
}

/** A CNI configuration of the right plugin and IPAM; the fields of real plugins that no Pod here needs are left out. */
function cniConfig({ metadata, spec }: SpiderMultusConfig): string {
  if (spec.cniType === "custom") return String(spec.customCNI ?? "");
  const { ippools, ...block } = blockOf(spec) ?? {};
  const pools = ippools as { ipv4?: string[]; ipv6?: string[] } | undefined;
  const ipam = {
    type: "spiderpool",
    ...(pools?.ipv4 ? { default_ipv4_ippool: pools.ipv4 } : {}),
    ...(pools?.ipv6 ? { default_ipv6_ippool: pools.ipv6 } : {}),
  };
  const plugin = { type: spec.cniType, ...block, ...(spec.disableIPAM ? {} : { ipam }) };
  return JSON.stringify({
    cniVersion: metadata.annotations?.[CNI_VERSION] ?? "0.3.1",
    name: metadata.name,
    plugins: [plugin, ...(spec.enableCoordinator ? [{ type: "coordinator" }] : [])],
  });
}
