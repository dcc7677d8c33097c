/** Rejects with the signal's reason when it aborts first: of a call that cannot be called off the answer is not waited for. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const off = () => reject(signal.reason);
    if (signal.aborted) off();
    signal.addEventListener("abort", off, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", off));
  });
}
