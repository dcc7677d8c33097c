/** A plan document as the repository holds it. */
export const planText = (spec: string) =>
  `apiVersion: spiderplan.io/v1alpha1\nkind: NetworkPlan\nspec:\n${spec.replace(/^/gm, "  ")}\n`;
