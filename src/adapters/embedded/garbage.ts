import { KINDS, type KubeObject, type OwnerReference } from "../../core/spiderpool/objects.js";
import { type Api, FOREGROUND, ORPHAN } from "./api.js";
import { type Change, keyOf } from "./store.js";

/**
 * The garbage collector and the namespace controller of a cluster: objects go with the last of their owners
 * (background), before them (foreground) or stay (orphan); a namespace goes with its content.
 */
export class Collector {
  readonly #dependents = new Map<string, Map<string, KubeObject>>();
  readonly #queue: Change[] = [];
  readonly #unsubscribe: () => void;
  #scheduled = false;

  constructor(readonly api: Api) {
    for (const object of api.store.everything()) this.#index(object);
    this.#unsubscribe = api.store.subscribe((change) => this.#notice(change));
  }

  stop(): void {
    this.#unsubscribe();
  }

  #notice(change: Change): void {
    for (const owner of change.before?.metadata.ownerReferences ?? []) {
      this.#dependents.get(owner.uid)?.delete(idOf(change.before!));
    }
    if (change.type !== "DELETED") this.#index(change.object);
    this.#queue.push(change);
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Deferred: a write must be told to every listener before the writes that follow from it.
    queueMicrotask(() => {
      this.#scheduled = false;
      while (this.#queue.length > 0) this.#follow(this.#queue.shift()!);
    });
  }

  #index(object: KubeObject): void {
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const known = this.#dependents.get(uid) ?? new Map<string, KubeObject>();
      known.set(idOf(object), object);
      this.#dependents.set(uid, known);
    }
  }

  #follow(change: Change): void {
    const { object } = change;
    if (change.type === "DELETED") {
      for (const dependent of this.#dependentsOf(object)) this.#collect(dependent);
      for (const owner of object.metadata.ownerReferences ?? []) this.#release(owner);
      this.#emptyNamespace(object.metadata.namespace);
      return;
    }
    const current = this.api.store.all(object.kind).get(keyOf(object.metadata));
    if (current === undefined || current.metadata.uid !== object.metadata.uid) return;
    if (ownersChanged(change)) this.#collect(current);
    if (!current.metadata.deletionTimestamp) return;
    if (object.kind === KINDS.Namespace.kind) this.#clearNamespace(current.metadata.name);
    else this.#finalize(current);
  }

  /** Deletes the object if all its owners are gone; drops the references to those that are. */
  #collect(object: KubeObject): void {
    const owners = object.metadata.ownerReferences ?? [];
    const left = owners.filter((owner) => !this.#isGone(owner));
    if (owners.length === 0 || left.length === owners.length) return;
    if (left.length === 0) this.#delete(object, "Background");
    else this.#keepOwners(object, left);
  }

  /** An owner of a kind that is not served (a custom resource) is not known to be gone. */
  #isGone({ apiVersion, kind, uid }: OwnerReference): boolean {
    const served = this.api.resources.get(kind)?.kind.apiVersion === apiVersion;
    return served && this.api.store.byUid(uid) === undefined;
  }

  #finalize(object: KubeObject): void {
    const finalizers = object.metadata.finalizers ?? [];
    const dependents = this.#dependentsOf(object);
    if (finalizers.includes(ORPHAN)) {
      const others = (owner: OwnerReference) => owner.uid !== object.metadata.uid;
      for (const dependent of dependents) {
        this.#keepOwners(dependent, (dependent.metadata.ownerReferences ?? []).filter(others));
      }
      this.#dropFinalizer(object, ORPHAN);
    } else if (finalizers.includes(FOREGROUND)) {
      const blocking = dependents.filter((dependent) => blocks(dependent, object));
      for (const dependent of dependents) {
        if (!dependent.metadata.deletionTimestamp) this.#delete(dependent, "Foreground");
      }
      if (blocking.every((dependent) => this.api.store.byUid(dependent.metadata.uid!) === undefined)) {
        this.#dropFinalizer(object, FOREGROUND);
      }
    }
  }

  /** A dependent is gone: its owner may have waited for it. */
  #release(owner: OwnerReference): void {
    const object = this.api.store.byUid(owner.uid);
    if (object?.metadata.deletionTimestamp) this.#finalize(object);
  }

  #clearNamespace(namespace: string): void {
    for (const object of [...this.api.store.everything()]) {
      if (object.metadata.namespace === namespace && !object.metadata.deletionTimestamp)
        this.#delete(object, "Background");
    }
    this.#emptyNamespace(namespace);
  }

  #emptyNamespace(name: string | undefined): void {
    const namespace = name === undefined ? undefined : this.api.store.all(KINDS.Namespace.kind).get(name);
    if (!namespace?.metadata.deletionTimestamp) return;
    for (const object of this.api.store.everything()) if (object.metadata.namespace === name) return;
    this.api.store.remove(KINDS.Namespace.kind, namespace);
  }

  #delete(object: KubeObject, propagation: "Background" | "Foreground"): void {
    const { namespace = "", name, uid } = object.metadata;
    const current = this.api.store.all(object.kind).get(keyOf(object.metadata));
    if (current?.metadata.uid !== uid) return;
    this.api.remove(this.api.resources.get(object.kind)!, namespace, name, { uid, propagation });
  }

  #keepOwners(object: KubeObject, ownerReferences: OwnerReference[]): void {
    this.api.store.put(object.kind, { ...object, metadata: { ...object.metadata, ownerReferences } });
  }

  #dropFinalizer(object: KubeObject, name: string): void {
    const finalizers = (object.metadata.finalizers ?? []).filter((other) => other !== name);
    const without = { ...object, metadata: { ...object.metadata, finalizers } };
    if (finalizers.length === 0) this.api.store.remove(object.kind, without);
    else this.api.store.put(object.kind, without);
  }

  #dependentsOf(owner: KubeObject): KubeObject[] {
    return [...(this.#dependents.get(owner.metadata.uid ?? "")?.values() ?? [])];
  }
}

function idOf(object: KubeObject): string {
  return `${object.kind} ${keyOf(object.metadata)}`;
}

function ownersChanged({ before, object }: Change): boolean {
  return (
    JSON.stringify(before?.metadata.ownerReferences ?? []) !== JSON.stringify(object.metadata.ownerReferences ?? [])
  );
}

function blocks(dependent: KubeObject, owner: KubeObject): boolean {
  return (dependent.metadata.ownerReferences ?? []).some(
    ({ uid, blockOwnerDeletion }) => uid === owner.metadata.uid && blockOwnerDeletion === true,
  );
}
