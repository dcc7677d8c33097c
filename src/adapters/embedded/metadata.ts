import { randomBytes, randomUUID } from "node:crypto";
import type { KubeObject, ObjectMeta } from "../../core/spiderpool/objects.js";
import { badRequest, invalid } from "./api-error.js";
import type { Resource } from "./resources.js";

/** Who writes, for managedFields. */
export interface Writer {
  readonly manager: string;
  readonly operation: "Update" | "Apply";
  readonly subresource?: string;
}

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_NAME = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** The metadata of an object about to be created: name made up if asked, uid, times; what clients may not set is dropped. */
export function createdMetadata(
  given: ObjectMeta & { generateName?: string },
  namespace: string,
  now: number,
): ObjectMeta {
  const { deletionTimestamp, deletionGracePeriodSeconds, resourceVersion, managedFields, ...kept } = given;
  const suffix = randomBytes(5).toString("hex").slice(0, 5);
  return {
    ...kept,
    name: given.name || (given.generateName ? `${given.generateName}${suffix}` : ""),
    ...(namespace === "" ? {} : { namespace }),
    uid: randomUUID(),
    creationTimestamp: timestamp(now),
    generation: 1,
  };
}

/** Metadata of an update: what the server owns stays as it was. */
export function updatedMetadata(given: ObjectMeta, old: ObjectMeta): ObjectMeta {
  const { deletionTimestamp, deletionGracePeriodSeconds, ...kept } = given;
  return {
    ...kept,
    name: old.name,
    ...(old.namespace === undefined ? {} : { namespace: old.namespace }),
    uid: old.uid,
    creationTimestamp: old.creationTimestamp,
    generation: old.generation,
    resourceVersion: old.resourceVersion,
    managedFields: old.managedFields,
    ...(old.deletionTimestamp === undefined ? {} : { deletionTimestamp: old.deletionTimestamp }),
    ...(old.deletionGracePeriodSeconds === undefined
      ? {}
      : { deletionGracePeriodSeconds: old.deletionGracePeriodSeconds }),
  };
}

/** @throws ApiError 422 for a name, label or annotation key no API server stores, or for 256 KiB of annotations */
export function checkMetadata(resource: Resource, metadata: ObjectMeta): void {
  const { name } = metadata;
  if (!name) throw invalid(resource, "", ["metadata.name: Required value: name or generateName is required"]);
  const causes: string[] = [];
  if (name.length > 253 || !SUBDOMAIN.test(name)) {
    causes.push(
      `metadata.name: Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
    );
  }
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (!LABEL_NAME.test(key))
      causes.push(`metadata.labels: Invalid value: "${key}": name part must be a qualified name`);
    if (typeof value !== "string" || !LABEL_VALUE.test(value)) {
      causes.push(
        `metadata.labels: Invalid value: "${value}": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character, at most 63`,
      );
    }
  }
  let annotationBytes = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    if (typeof value !== "string") throw badRequest(`cannot unmarshal annotation ${key} into Go value of type string`);
    if (!LABEL_NAME.test(key.toLowerCase()))
      causes.push(`metadata.annotations: Invalid value: "${key}": name part must be a qualified name`);
    annotationBytes += key.length + Buffer.byteLength(value);
  }
  if (annotationBytes > 256 * 1024) causes.push("metadata.annotations: Too long: must have at most 262144 bytes");
  if (causes.length > 0) throw invalid(resource, name, causes);
}

/** The object with its writer noted. Field by field ownership is not kept: only who wrote last, and how. */
export function managedBy(object: KubeObject, writer: Writer, now: number): KubeObject {
  const same = (entry: { manager?: string; operation?: string; subresource?: string }) =>
    entry.manager === writer.manager &&
    entry.operation === writer.operation &&
    (entry.subresource ?? "") === (writer.subresource ?? "");
  const entry = {
    manager: writer.manager,
    operation: writer.operation,
    apiVersion: object.apiVersion,
    time: timestamp(now),
    fieldsType: "FieldsV1",
    fieldsV1: {},
    ...(writer.subresource ? { subresource: writer.subresource } : {}),
  };
  const others = (object.metadata.managedFields ?? []).filter((old) => !same(old));
  return { ...object, metadata: { ...object.metadata, managedFields: [...others, entry] } };
}

/** RFC 3339 with whole seconds, as the API server writes it. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, "Z");
}
