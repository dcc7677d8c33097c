import { isFields, parseJson } from "../json.js";
import { CNI_BLOCKS, multusSpecWithDefaults } from "../multus-defaults.js";
import type { KubeObject, SpiderMultusConfig } from "../objects.js";
import { isSubdomain } from "../selector.js";
import { coordinatorSpecError } from "./coordinator.js";
import { type Denial, type FieldError, forbidden, internal, invalid, invalidObject, required } from "./denial.js";
import type { World } from "./world.js";

type Fields = Record<string, unknown>;

const RDMA_INJECT = "cni.spidernet.io/rdma-resource-inject";
const NETWORK_INJECT = "cni.spidernet.io/network-resource-inject";
const CUSTOM_NAME = "multus.spidernet.io/cr-name";
const CNI_VERSION = "multus.spidernet.io/cni-version";
const CNI_VERSIONS = ["0.3.0", "0.3.1", "0.4.0", "1.0.0"]; // S30
const MAX_VLAN = 4094;

/** The mutating step on a SpiderMultusConfig, the same on create and update (M14, M15, S27). */
export function mutateMultus(config: SpiderMultusConfig): SpiderMultusConfig {
  const mirrored = Object.entries(config.metadata.annotations ?? {}).filter(
    ([key]) => key === RDMA_INJECT || key === NETWORK_INJECT,
  );
  const metadata =
    mirrored.length === 0
      ? config.metadata
      : { ...config.metadata, labels: { ...config.metadata.labels, ...Object.fromEntries(mirrored) } };
  return { ...config, metadata, spec: multusSpecWithDefaults(config.spec) };
}

/** The validating step for a new or changed SpiderMultusConfig; names in ippools are not looked up (X10). */
export function validateMultus(
  old: SpiderMultusConfig | undefined,
  config: SpiderMultusConfig,
  world: World,
): Denial | undefined {
  const error =
    nameChangeError(old, config) ??
    annotationError(config, world) ??
    cniError(config) ??
    (isFields(config.spec.coordinator)
      ? coordinatorSpecError("X7", "spec.coordinator", config.spec.coordinator)
      : undefined) ??
    chainError(config.spec.chainCNIJsonData);
  return invalidObject("SpiderMultusConfig", config.metadata.name, error === undefined ? [] : [error]);
}

/** The name of the net-attach-def a SpiderMultusConfig makes (X8). */
export function attachmentName(config: KubeObject): string {
  return config.metadata.annotations?.[CUSTOM_NAME] ?? config.metadata.name;
}

/** cr-name is never added or changed; removing it passes (X8). */
function nameChangeError(old: SpiderMultusConfig | undefined, config: SpiderMultusConfig): FieldError | undefined {
  const next = config.metadata.annotations?.[CUSTOM_NAME];
  if (old === undefined || next === undefined || next === old.metadata.annotations?.[CUSTOM_NAME]) return undefined;
  return invalid("X8", "metadata.annotations", next, `${CUSTOM_NAME} cannot be added or changed later`);
}

/** cr-name is a legal name, its net-attach-def is no other config's, cni-version is known (X8, S30). */
function annotationError(config: SpiderMultusConfig, world: World): FieldError | undefined {
  const { annotations = {}, namespace, name } = config.metadata;
  const path = "metadata.annotations";
  const custom = annotations[CUSTOM_NAME];
  if (custom !== undefined && !isSubdomain(custom))
    return invalid("X8", path, custom, `${CUSTOM_NAME}: not a legal name`);
  const key = `${namespace}/${attachmentName(config)}`;
  const holder = world.networkAttachments
    .get(key)
    ?.metadata.ownerReferences?.find((owner) => owner.kind === "SpiderMultusConfig" && owner.name !== name);
  if (holder !== undefined) {
    return invalid(
      "X8",
      path,
      annotations,
      `net-attach-def ${key} belongs to SpiderMultusConfig ${namespace}/${holder.name}`,
    );
  }
  const version = annotations[CNI_VERSION];
  if (version === undefined || CNI_VERSIONS.includes(version)) return undefined;
  return invalid("X8", path, version, `${CNI_VERSION}: supported values: ${CNI_VERSIONS.join(", ")}`);
}

function cniError(config: SpiderMultusConfig): FieldError | undefined {
  const { spec } = config;
  const { cniType } = spec;
  const annotations = config.metadata.annotations ?? {};
  if (typeof cniType !== "string") return invalid("X1", "spec.cniType", cniType, "must be set");
  const injects = annotations[RDMA_INJECT] !== undefined || annotations[NETWORK_INJECT] !== undefined;
  if (injects && (cniType === "ovs" || cniType === "custom")) {
    return forbidden("X5", "spec.cniType", `${cniType} takes no resource injection`);
  }
  const name = CNI_BLOCKS[cniType];
  if (name === undefined) return undefined; // refused by the schema
  const block = spec[name];
  if (cniType !== "custom" && !isFields(block)) return required("X1", `spec.${name}`, `cniType ${cniType} needs it`);
  const fields = isFields(block) ? block : {};
  return (
    blockError(cniType, `spec.${name}`, fields) ??
    foreignBlockError(cniType, spec) ??
    (cniType === "custom" ? customError(spec.customCNI) : injectionError(cniType, `spec.${name}`, fields, annotations))
  );
}

/** No block but that of the cniType; customCNI counts as one, even if empty (X1). */
function foreignBlockError(cniType: string, spec: Fields): FieldError | undefined {
  const other = Object.entries(CNI_BLOCKS).find(
    ([type, block]) => type !== cniType && spec[block] !== undefined && spec[block] !== null,
  );
  return other && forbidden("X1", "spec.cniType", `cniType ${cniType} does not go with spec.${other[1]}`);
}

function blockError(cniType: string, path: string, block: Fields): FieldError | undefined {
  switch (cniType) {
    case "macvlan":
    case "ipvlan":
    case "vlan":
      return vlanBlockError(cniType, path, block);
    case "sriov":
      return sriovError(path, block);
    case "ib-sriov":
      return block.resourceName ? undefined : required("X4", `${path}.resourceName`, "must not be empty");
    case "ipoib":
      return block.master ? undefined : required("X4", `${path}.master`, "must not be empty");
    case "ovs":
      return ovsError(path, block);
    default:
      return undefined;
  }
}

function vlanBlockError(cniType: string, path: string, block: Fields): FieldError | undefined {
  const { vlanID, mtu, master, bond, ippools } = block;
  if (!vlanFits(vlanID)) return invalid("X2", `${path}.vlanID`, vlanID, `not within 0 and ${MAX_VLAN}`);
  if (typeof mtu === "number" && mtu < 0) return invalid("X2", `${path}.mtu`, mtu, "must not be negative");
  if (isFields(ippools) && ippools.matchMasterSubnet === true) {
    return invalid("X2", `${path}.ippools.matchMasterSubnet`, true, `not supported for ${cniType}`);
  }
  const masters = Array.isArray(master) ? master.length : 0;
  if (masters === 0) return required("X2", `${path}.master`, "must not be empty");
  if (masters >= 2 && !(isFields(bond) && bond.name)) {
    return required("X2", `${path}.bond`, "several masters need a bond with a name");
  }
  return cniType === "vlan" ? vlanModeError(path, block) : undefined;
}

/** manual needs a vlanID, auto takes it from elsewhere (X3). */
function vlanModeError(path: string, { vlanMode = "manual", vlanID }: Fields): FieldError | undefined {
  const given = vlanID !== undefined && vlanID !== null;
  if (vlanMode === "auto") {
    return given ? forbidden("X3", `${path}.vlanID`, "vlanMode auto does not take it") : undefined;
  }
  return given ? undefined : required("X3", `${path}.vlanID`, "vlanMode manual needs it");
}

function sriovError(path: string, block: Fields): FieldError | undefined {
  const { vlanID, minTxRateMbps: min, maxTxRateMbps: max } = block;
  if (!vlanFits(vlanID)) return invalid("X4", `${path}.vlanID`, vlanID, `not within 0 and ${MAX_VLAN}`);
  if (typeof min === "number" && typeof max === "number" && min > max) {
    return invalid("X4", `${path}.minTxRateMbps`, min, `greater than maxTxRateMbps ${max}`);
  }
  return block.resourceName ? undefined : required("X4", `${path}.resourceName`, "must not be empty");
}

function ovsError(path: string, block: Fields): FieldError | undefined {
  if (!vlanFits(block.vlan)) return invalid("X5", `${path}.vlan`, block.vlan, `not within 0 and ${MAX_VLAN}`);
  const trunks = Array.isArray(block.trunk) ? (block.trunk as Fields[]) : [];
  for (const [index, trunk] of trunks.entries()) {
    const at = `${path}.trunk[${index}]`;
    if (![trunk.minID, trunk.maxID, trunk.id].every(vlanFits)) {
      return invalid("X5", at, trunk, `ids not within 0 and ${MAX_VLAN}`);
    }
    if (typeof trunk.maxID !== "number") continue;
    // Seen in the real handler: it reads minID without looking whether it is there.
    if (typeof trunk.minID !== "number") return internal("X5", at, "maxID without minID");
    if (trunk.maxID < trunk.minID) return invalid("X5", at, trunk, "minID is greater than maxID");
  }
  return undefined;
}

function customError(customCNI: unknown): FieldError | undefined {
  if (typeof customCNI !== "string" || customCNI === "" || parseJson(customCNI) !== undefined) return undefined;
  return forbidden("X6", "spec.customCNI", "not valid JSON");
}

/** Each a CNI configuration: a JSON object with a type (X6). */
function chainError(chain: unknown): FieldError | undefined {
  for (const [index, text] of (Array.isArray(chain) ? chain : []).entries()) {
    const value = parseJson(String(text));
    const { type, name = "", cniVersion = "" } = isFields(value) ? value : {};
    if (typeof type !== "string" || type === "" || typeof name !== "string" || typeof cniVersion !== "string") {
      return forbidden("X6", `spec.chainCNIJsonData[${index}]`, "not a CNI configuration");
    }
  }
  return undefined;
}

/** Injected resources need a resource and default pools (X9). */
function injectionError(
  cniType: string,
  path: string,
  block: Fields,
  annotations: Readonly<Record<string, string>>,
): FieldError | undefined {
  const resource = resourceOf(cniType, block);
  const ippools = isFields(block.ippools) ? block.ippools : {};
  const pools = [ippools.ipv4, ippools.ipv6].some((list) => Array.isArray(list) && list.length > 0);
  if (annotations[RDMA_INJECT] !== undefined && !(resource && pools)) {
    return invalid("X9", path, resource, `${RDMA_INJECT} needs a resource name and a default pool`);
  }
  if (annotations[NETWORK_INJECT] !== undefined && resource && !pools) {
    return invalid("X9", path, resource, `${NETWORK_INJECT} needs a default pool`);
  }
  return undefined;
}

function resourceOf(cniType: string, block: Fields): unknown {
  if (cniType === "ipoib") return block.master;
  return cniType === "sriov" || cniType === "ib-sriov" ? block.resourceName : block.rdmaResourceName;
}

function vlanFits(value: unknown): boolean {
  return typeof value !== "number" || (value >= 0 && value <= MAX_VLAN);
}
