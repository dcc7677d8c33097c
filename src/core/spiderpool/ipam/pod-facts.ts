type Labels = Readonly<Record<string, string>>;

/** What Spiderpool looks at when it chooses pools for a Pod. Absent facts are unknown, not empty. */
export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Where the Pod is or will be scheduled; undefined while nobody knows. */
  readonly node?: string;
  readonly nodeLabels?: Labels;
  readonly namespaceLabels?: Labels;
  readonly namespaceAnnotations?: Labels;
  /** The workload above the Pod; undefined for a bare Pod. */
  readonly controller?: { readonly apiVersion: string; readonly kind: string; readonly name: string };
}
