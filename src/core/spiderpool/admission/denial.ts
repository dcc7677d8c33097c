import { SPIDERPOOL_GROUP } from "../objects.js";

/** Why Spiderpool's webhook says no. */
export interface Denial {
  /** The rule of SPIDERPOOL.md that was broken, e.g. `P9`. */
  readonly rule: string;
  readonly reason: "AlreadyExists" | "Forbidden" | "Invalid" | "Denied";
  readonly message: string;
}

/** One finding about one field, in Kubernetes' words. */
export interface FieldError {
  readonly rule: string;
  readonly text: string;
}

/** The value of the field is not one Spiderpool takes. */
export function invalid(rule: string, path: string, value: unknown, detail: string): FieldError {
  return { rule, text: `${path}: Invalid value: ${JSON.stringify(value ?? null)}: ${detail}` };
}

/** The field may not be set, or not be changed like this. */
export function forbidden(rule: string, path: string, detail: string): FieldError {
  return { rule, text: `${path}: Forbidden: ${detail}` };
}

/** The field is missing. */
export function required(rule: string, path: string, detail: string): FieldError {
  return { rule, text: `${path}: Required value: ${detail}` };
}

/** The check itself could not be made, for the sake of what is stored. */
export function internal(rule: string, path: string, detail: string): FieldError {
  return { rule, text: `${path}: Internal error: ${detail}` };
}

/** The denial of an object with these findings; `undefined` if there are none. Its rule is that of the first. */
export function invalidObject(kind: string, name: string, errors: readonly FieldError[]): Denial | undefined {
  const [first] = errors;
  if (first === undefined) return undefined;
  const text = errors.length === 1 ? first.text : `[${errors.map((error) => error.text).join(", ")}]`;
  return {
    rule: first.rule,
    reason: "Invalid",
    message: `${kind}.${SPIDERPOOL_GROUP} ${JSON.stringify(name)} is invalid: ${text}`,
  };
}

/** The denial of anything but the removal of the finalizer on a terminating object (P19, U8, V5). */
export function terminating(rule: string, kind: string): Denial {
  return { rule, reason: "Forbidden", message: `forbidden: cannot update a terminating ${kind}` };
}
