import { createHmac } from "node:crypto";
import { sameBytes } from "./proof.js";
import type { Delivery } from "./webhook.js";

/** Seconds the sender's clock may be off, as the specification proposes; an older delivery may be a replay. */
const TOLERANCE = 300;
const PREFIX = "whsec_";

/** Whether a secret is a signing key of the Standard Webhooks specification, `whsec_<base64>`. */
export function isSigningKey(secret: string): boolean {
  return secret.startsWith(PREFIX);
}

/**
 * Why a delivery is not one of the Standard Webhooks specification made with one of the keys; undefined when it is.
 * The header may carry several signatures, so that the sender can change its key.
 */
export function standardWebhooksRefusal(
  { headers, body, now }: Delivery,
  secrets: readonly string[],
): string | undefined {
  const id = headers.get("webhook-id");
  const timestamp = headers.get("webhook-timestamp");
  if (id === null || timestamp === null) return "a webhook-signature needs webhook-id and webhook-timestamp";
  if (!/^\d{1,12}$/.test(timestamp)) return "webhook-timestamp is not a number of seconds";
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE) {
    return "webhook-timestamp is more than 5 minutes from this machine's clock";
  }
  const signatures = v1Signatures(headers.get("webhook-signature") ?? "");
  const right = secrets.map(keyOf).some((key) => {
    if (key.length === 0) return false;
    const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
    return signatures.some((signature) => sameBytes(signature, expected));
  });
  return right ? undefined : "no webhook-signature fits the body and the secret";
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), "base64");
}

function v1Signatures(header: string): readonly Buffer[] {
  return header
    .split(" ")
    .filter((entry) => entry.startsWith("v1,"))
    .map((entry) => Buffer.from(entry.slice("v1,".length), "base64"));
}
