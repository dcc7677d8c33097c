import { rootSchema } from "../../core/spiderpool/structural.js";
import type { Resource } from "./resources.js";

const VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** What the server says it is. Clients pick their behaviour by the minor version. */
export const VERSION = {
  major: "1",
  minor: "32",
  gitVersion: "v1.32.0+spiderplan-embedded",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: "embedded",
};

/** `GET /api`. */
export function coreVersions(address: string): object {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: address }],
  };
}

/** `GET /apis`. */
export function groups(resources: Iterable<Resource>): object {
  return { kind: "APIGroupList", apiVersion: "v1", groups: groupsOf(resources) };
}

/** `GET /apis/GROUP`; undefined for a group nobody serves. */
export function group(resources: Iterable<Resource>, name: string): object | undefined {
  const found = groupsOf(resources).find((one) => one.name === name);
  return found === undefined ? undefined : { kind: "APIGroup", apiVersion: "v1", ...found };
}

function groupsOf(resources: Iterable<Resource>): { name: string }[] {
  const versions = new Map<string, string>();
  for (const { group: name, version } of resources) if (name !== "") versions.set(name, version);
  return [...versions].map(([name, version]) => {
    const entry = { groupVersion: `${name}/${version}`, version };
    return { name, versions: [entry], preferredVersion: entry };
  });
}

/** `GET /api/v1` and `GET /apis/GROUP/VERSION`; undefined when nobody serves it. */
export function resourceList(resources: Iterable<Resource>, name: string, version: string): object | undefined {
  const served = [...resources].filter((resource) => resource.group === name && resource.version === version);
  if (served.length === 0) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: name === "" ? version : `${name}/${version}`,
    resources: served.flatMap(entries),
  };
}

function entries(resource: Resource): object[] {
  const { plural, kind, namespaced } = resource.kind;
  const all: object[] = [
    {
      name: plural,
      singularName: resource.singular,
      namespaced,
      kind,
      verbs: VERBS,
      ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
      ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    },
  ];
  const sub = (name: string, more: object) =>
    all.push({ name: `${plural}/${name}`, singularName: "", namespaced, ...more });
  if (resource.status) sub("status", { kind, verbs: ["get", "patch", "update"] });
  if (resource.scale) {
    sub("scale", { group: "autoscaling", version: "v1", kind: "Scale", verbs: ["get", "patch", "update"] });
  }
  if (kind === "Pod") sub("binding", { kind: "Binding", verbs: ["create"] });
  return all;
}

/** `GET /openapi/v3`: where the document of each group version is. */
export function openApiPaths(resources: Iterable<Resource>): object {
  const paths = new Map<string, object>();
  for (const resource of resources)
    paths.set(pathOf(resource), { serverRelativeURL: `/openapi/v3/${pathOf(resource)}` });
  return { paths: Object.fromEntries(paths) };
}

/**
 * `GET /openapi/v3/...`: as much as kubectl reads, namely that a PATCH may carry `fieldValidation`, so that it leaves
 * the validation to the server; and, for `kubectl explain`, the schemas of the kinds that CRDs define.
 */
export function openApiDocument(resources: Iterable<Resource>, path: string): object | undefined {
  const served = [...resources].filter((resource) => pathOf(resource) === path);
  if (served.length === 0) return undefined;
  return {
    openapi: "3.0.0",
    info: { title: "spiderplan embedded cluster", version: VERSION.gitVersion },
    paths: Object.fromEntries(
      served.map((resource) => [`/${path}${itemPath(resource)}`, { patch: patchOf(resource) }]),
    ),
    components: { schemas: Object.fromEntries(served.flatMap(schemaOf)) },
  };
}

function schemaOf(resource: Resource): [string, object][] {
  if (resource.description === undefined) return [];
  const { group: name, version, kind } = resource;
  const schema = {
    ...rootSchema(resource.description),
    "x-kubernetes-group-version-kind": [{ group: name, version, kind: kind.kind }],
  };
  return [[`${name}.${version}.${kind.kind}`, schema]];
}

function pathOf(resource: Resource): string {
  return resource.group === "" ? `api/${resource.version}` : `apis/${resource.group}/${resource.version}`;
}

function itemPath({ kind }: Resource): string {
  return `${kind.namespaced ? "/namespaces/{namespace}" : ""}/${kind.plural}/{name}`;
}

function patchOf({ kind, group: name, version }: Resource): object {
  const query = (parameter: string) => ({ name: parameter, in: "query", schema: { type: "string" } });
  return {
    operationId: `patch${kind.kind}`,
    parameters: ["dryRun", "fieldManager", "fieldValidation", "force"].map(query),
    requestBody: { content: { "application/merge-patch+json": {} } },
    responses: { 200: { description: "OK" } },
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": { group: name, version, kind: kind.kind },
  };
}
