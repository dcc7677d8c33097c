/** Answers are what the API server says, unchecked. */
export function openClient(
  kubeconfig: string,
  connections: number,
): {
  // biome-ignore lint/suspicious/noExplicitAny: JSON of an API server, read in one place only
  call(method: string, path: string, body?: string): Promise<any>;
  close(): Promise<void>;
};
