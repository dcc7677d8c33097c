/** The API server refuses a ConfigMap of more than a mebibyte; this leaves room for metadata and for what JSON escapes. */
const LARGEST = 800_000;

/** Whether one ConfigMap holds a text. */
export function fitsConfigMap(text: string): boolean {
  return new TextEncoder().encode(text).length <= LARGEST;
}
