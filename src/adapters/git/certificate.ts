import { connect } from "node:tls";

/** What is wrong with the dates of a certificate. */
export type CertificateDates = "expired" | "not yet valid";

const WORDS: Readonly<Record<string, CertificateDates>> = {
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "not yet valid",
};

/** Milliseconds a server may take to show its certificate. */
const LONGEST = 5_000;

/**
 * Looks at a server's certificate, once git refused it: with GnuTLS, which Debian's git is built with, it does not say why.
 * Sends no credentials, and nothing but a TLS handshake.
 * @returns undefined where the dates are in order, or nothing can be learnt
 */
export function certificateDates(
  url: string,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<CertificateDates | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const options = { host, port: Number(port || 443), rejectUnauthorized: false, ...(ca !== undefined && { ca }) };
    const named = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
    const socket = connect({ ...options, ...named }, () => end(String(socket.authorizationError ?? "")));
    const late = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)]);
    const end = (code: string) => {
      late.removeEventListener("abort", giveUp);
      socket.destroy();
      resolve(WORDS[code]);
    };
    const giveUp = () => end("");
    late.addEventListener("abort", giveUp, { once: true });
    socket.on("error", (error) => end((error as NodeJS.ErrnoException).code ?? ""));
  });
}
