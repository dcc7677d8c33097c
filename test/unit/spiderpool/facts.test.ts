import { describe, expect, it } from "vitest";
import { CHART_DEFAULTS, factsFromConfigMap, resolveFacts } from "../../../src/core/spiderpool/facts.js";

const configMap = (text?: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "spiderpool-conf", namespace: "spider" },
  ...(text === undefined ? {} : { data: { "conf.yml": text } }),
});

describe("facts of the cluster's Spiderpool (F1)", () => {
  it("reads the flat switches of conf.yml and the namespace it lies in", () => {
    const text =
      'ipamUnixSocketPath: /var/run/x.sock\nenableIPv4: true\nenableIPv6: "false"   # off\r\nenableSpiderSubnet: false\n  enableStatefulSet: false\nenableKubevirtStaticIP: maybe\n';
    expect(factsFromConfigMap(configMap(text))).toEqual({
      namespace: "spider",
      enableIPv4: true,
      enableIPv6: false,
      enableSpiderSubnet: false,
    });
    expect(factsFromConfigMap(configMap())).toEqual({ namespace: "spider" });
  });

  it("takes what the cluster says over the plan, and that over the chart", () => {
    const facts = resolveFacts({ enableIPv6: true, namespace: undefined }, { enableIPv6: false, namespace: "a" });
    expect(facts).toEqual({ ...CHART_DEFAULTS, enableIPv6: true, namespace: "a" });
  });
});
