/** Where the Pods of both plans run. */
export const TOWN = "default";
/** How long released addresses rest in both plans, in milliseconds. */
export const QUARANTINE = 20_000;
/** Deployments the first plan may tell of: `web0` and so on. */
export const WEBS = 6;

/** What a commit of the soak says: small enough to be changed by hand, large enough to grow, shrink and go. */
export interface SoakPlan {
  /** Replicas by number of a Deployment `webN`; a number that lacks is not in the plan. */
  readonly webs: ReadonlyMap<number, number>;
  /** Ordinals of the StatefulSet `db`. */
  readonly ordinals: number;
  /** Addresses of the declared pool `shared`. */
  readonly shared: number;
  /** An affinity that shuts out the Pods that use `shared`. */
  readonly shutOut: boolean;
  /** Addresses each owner of the second plan has to spare. */
  readonly elastic: number;
}

export const FIRST_PLAN: SoakPlan = {
  webs: new Map([0, 1, 2].map((web) => [web, 2])),
  ordinals: 3,
  shared: 10,
  shutOut: false,
  elastic: 1,
};

/** The files of a commit, by path: `plan/` for a PlanSync without locks, `team/` for one with `lock: cluster`. */
export function filesOf(plan: SoakPlan): Record<string, string> {
  return { "plan/a.yaml": document(firstSpec(plan)), "team/a.yaml": document(secondSpec(plan)) };
}

const SETTINGS = `settings: {quarantine: ${QUARANTINE / 1000}s}\n`;

function firstSpec({ webs, ordinals, shared, shutOut }: SoakPlan): string {
  const affinity = shutOut ? "elsewhere" : TOWN;
  const deployments = [...webs].map(([web, replicas]) =>
    workload("Deployment", `web${web}`, `replicas: ${replicas}, `),
  );
  return `${SETTINGS}subnets:
  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.250]}
  hand: {cidr: 10.8.0.0/24, gateway: 10.8.0.1, ranges: [10.8.0.10-10.8.0.250]}
networks:
  kube-system/net: {macvlan: {master: [eth1]}}
pools:
  shared: {subnet: hand, addresses: [10.8.0.10-10.8.0.${9 + shared}], namespaces: {names: [${affinity}]}}
  spare: {subnet: hand, addresses: [10.8.0.100-10.8.0.109]}
workloads:
${[...deployments, workload("StatefulSet", "db", `replicas: ${ordinals}, `)].join("")}`;
}

function secondSpec({ elastic }: SoakPlan): string {
  const fixed = `{subnets: [team], elastic: ${elastic}}`;
  return `${SETTINGS}subnets:
  team: {cidr: 10.7.0.0/24, gateway: 10.7.0.1, ranges: [10.7.0.10-10.7.0.250]}
workloads:
  ${TOWN}/Deployment/auto: {interfaces: {eth0: {network: kube-system/net, fixed: ${fixed}}}}
  ${TOWN}/StatefulSet/kv: {interfaces: {eth0: {network: kube-system/net, fixed: {subnets: [team]}}}}
`;
}

function workload(kind: "Deployment" | "StatefulSet", name: string, size: string): string {
  const fixed = "{subnets: [app]}";
  return `  ${TOWN}/${kind}/${name}: {${size}interfaces: {eth0: {network: kube-system/net, fixed: ${fixed}}}}\n`;
}

function document(spec: string): string {
  return `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n${spec.replace(/^(?=.)/gm, "  ")}`;
}
