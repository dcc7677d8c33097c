import { isFields } from "./json.js";

type Fields = Record<string, unknown>;

/** The block of spec that belongs to each cniType; `custom` has a text instead of a block (S14, X1). */
export const CNI_BLOCKS: Readonly<Record<string, string>> = {
  macvlan: "macvlan",
  ipvlan: "ipvlan",
  vlan: "vlan",
  sriov: "sriov",
  "ib-sriov": "ibsriov",
  ipoib: "ipoib",
  ovs: "ovs",
  custom: "customCNI",
};

const BLOCK_DEFAULTS: Readonly<Record<string, Fields>> = {
  macvlan: { vlanID: 0, mtu: 0, rdmaResourceName: "" },
  ipvlan: { vlanID: 0, mtu: 0, rdmaResourceName: "" },
  vlan: { mtu: 0, rdmaResourceName: "", vlanMode: "manual" },
  sriov: { vlanID: 0, mtu: 0, minTxRateMbps: 0, maxTxRateMbps: 0, rdmaIsolation: false, resourceName: "" },
  "ib-sriov": { pkey: "", linkState: "enable", rdmaIsolation: true, enableIbKubernetes: false, resourceName: "" },
  ipoib: {},
  ovs: { vlan: 0, deviceID: "" },
};

const NEW_COORDINATOR: Fields = {
  mode: "auto",
  tunePodRoutes: true,
  podRPFilter: 0,
  vethLinkAddress: "",
  podMACPrefix: "",
  podDefaultRouteNIC: "",
};

const COORDINATOR_GAPS: Fields = {
  mode: "auto",
  podMACPrefix: "",
  podDefaultRouteNIC: "",
  txQueueLen: 0,
  podRPFilter: 0,
};

/** A SpiderMultusConfig's spec as the mutating step leaves it (M14, M15). The spec given is not modified. */
export function multusSpecWithDefaults(spec: Readonly<Fields>): Fields {
  const cniType = typeof spec.cniType === "string" ? spec.cniType : "custom";
  const filled: Fields = { ...spec, cniType };
  if (cniType === "custom") {
    filled.customCNI ??= "";
    filled.enableCoordinator = false;
    delete filled.coordinator;
  } else {
    const block = CNI_BLOCKS[cniType];
    if (block !== undefined && isFields(spec[block])) filled[block] = blockWithDefaults(cniType, spec[block]);
    filled.coordinator = isFields(spec.coordinator)
      ? { ...COORDINATOR_GAPS, ...present(spec.coordinator) }
      : { ...NEW_COORDINATOR };
  }
  filled.chainCNIJsonData ??= [];
  return filled;
}

function blockWithDefaults(cniType: string, block: Fields): Fields {
  const filled: Fields = { ...BLOCK_DEFAULTS[cniType], ...present(block) };
  if (filled.vlanMode === "manual") filled.vlanID ??= 0;
  filled.ippools = { matchMasterSubnet: false, ...(isFields(block.ippools) ? present(block.ippools) : {}) };
  if (isFields(block.bond)) filled.bond = { options: "", ...present(block.bond) };
  return filled;
}

/** Fields that are set: null is absent to Go. */
function present(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}
