import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Proof } from "./webhook.js";

/**
 * HMAC-SHA256 of the raw body in hex.
 * @param names the headers that may carry it; the first that is there is the one that counts
 * @param prefix what stands before the digits, `sha256=`
 */
export function hexHmac(names: readonly string[], prefix: string): Proof {
  const sent = (headers: Headers) => names.map((name) => headers.get(name)).find((value) => value !== null);
  return {
    shown: (headers) => sent(headers) !== undefined,
    refusal: ({ headers, body }, secrets) => {
      const value = sent(headers) ?? "";
      if (/^sha1=/i.test(value)) return "SHA-1 signatures are not accepted; send SHA-256";
      const digits = value.startsWith(prefix) ? value.slice(prefix.length) : "";
      if (!/^[0-9a-f]{64}$/i.test(digits)) return `the signature is not ${prefix}<64 hex digits>`;
      const signature = Buffer.from(digits, "hex");
      const right = secrets.some((secret) => sameBytes(signature, createHmac("sha256", secret).update(body).digest()));
      return right ? undefined : "the signature does not fit the body and the secret";
    },
  };
}

/** Whether two texts are the same, in a time that tells nothing of where or how long they differ. */
export function sameText(one: string, other: string): boolean {
  return timingSafeEqual(sha256(one), sha256(other));
}

/** Whether two byte strings are the same; only their lengths may be told from the time it takes. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
