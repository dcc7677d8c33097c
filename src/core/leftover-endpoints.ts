const MOST_NAMED = 3;

/** How to be rid of SpiderEndpoints, as a person types it; empty for none. */
export function deletingThem(pods: readonly string[]): string {
  if (pods.length === 0) return "";
  const commands = pods.slice(0, MOST_NAMED).map((pod) => {
    const [namespace = "", name = ""] = pod.split("/");
    return `kubectl delete spiderendpoint -n ${shellWord(namespace)} ${shellWord(name)}`;
  });
  const more = pods.length > MOST_NAMED ? `; and ${pods.length - MOST_NAMED} more` : "";
  return `delete the ${pods.length === 1 ? "SpiderEndpoint" : "SpiderEndpoints"} of Pods that are gone: ${commands.join("; ")}${more}`;
}

/** A name that may be pasted into a shell: a cluster's names are nobody's commands. */
function shellWord(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
