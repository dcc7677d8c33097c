import type { SourceErrorReason } from "../../core/source-error.js";
import type { CertificateDates } from "./certificate.js";

export const DISK_FULL = "the disk that holds the local copy is full";
export const CERTIFICATE: Readonly<Record<CertificateDates, string>> = {
  expired: "the server's certificate has expired: have it renewed",
  "not yet valid": "the server's certificate is not yet valid: is the clock of this machine or the server's right?",
};
export const NO_GIT_SERVER =
  "a web page answers in place of a Git server: is repoURL right, or does a login or a proxy stand in between?";

/** What git says, and what that means to whoever reads the condition. */
export interface Meaning {
  readonly said: RegExp;
  readonly reason: SourceErrorReason;
  readonly message: string;
  readonly transient?: true;
}

/** GnuTLS says the same of a certificate that expired. */
export const UNTRUSTED_CERTIFICATE: Meaning = {
  said: /SSL certificate problem|server certificate verification failed/i,
  reason: "AuthenticationFailed",
  message: "the server's certificate is not trusted: is ca.crt in the Secret the one that signed it?",
};

/** Of our own disk and memory; looked for first, because whatever else git says then follows from it. */
export const OUR_MACHINE: readonly Meaning[] = [
  {
    said: /No space left on device|Disk quota exceeded/,
    reason: "GitOperationFailed",
    message: DISK_FULL,
    transient: true,
  },
  {
    said: /attempting to allocate|[Oo]ut of memory/,
    reason: "TooLarge",
    message: "the repository holds an object that is too large",
  },
];

/** What git itself says of a server; the first that fits counts. */
export const SERVER: readonly Meaning[] = [
  {
    said: /fsck error|missing(?:Space|Email|Name|Author|Committer)|error: object [0-9a-f]+: /,
    reason: "Refused",
    message: "the repository holds an object that is malformed or made to do harm",
  },
  {
    said: /returned error: 30\d|unable to update url base from redirection/,
    reason: "Refused",
    message:
      "the server redirects to another URL, which is not followed, or to a login page: put the new URL in repoURL, end it in .git, or give credentials",
  },
  {
    said: /returned error: 429/,
    reason: "GitOperationFailed",
    message: "the server asks to be asked less often",
    transient: true,
  },
  {
    said: /transport '.*' not allowed/,
    reason: "Refused",
    message: "the server asks for a transport that is not allowed",
  },
  {
    said: /Host key verification failed|host key for .* has changed/i,
    reason: "AuthenticationFailed",
    message:
      "the server's SSH key is not among known_hosts: compare it, then add what ssh-keyscan prints to the Secret",
  },
  {
    said: /Load key .*|error in libcrypto|incorrect passphrase|invalid format/,
    reason: "AuthenticationFailed",
    message: "the SSH private key cannot be read: wrong passphrase, or no key in OpenSSH or PEM form",
  },
  {
    said: /Permission denied \(|Too many authentication failures/,
    reason: "AuthenticationFailed",
    message:
      "the server does not accept the SSH key: is it added to the repository as a deploy key, is its passphrase right?",
  },
  {
    said: /HTTP code 407|Proxy Authentication Required|CONNECT tunnel failed, response 407/i,
    reason: "AuthenticationFailed",
    message: "the proxy does not accept its user name and password",
  },
  {
    said: /could not read (?:Username|Password)|Authentication failed|returned error: 40[13]/,
    reason: "AuthenticationFailed",
    message: "the server does not accept the credentials: are they in the Secret, still valid, and may they read?",
  },
  {
    said: /certificate required|alert (?:handshake failure|bad certificate|unknown ca|certificate expired)|client certificate|certificate is bad/i,
    reason: "AuthenticationFailed",
    message: "the server does not accept the client certificate: look at tls.crt and tls.key in the Secret",
  },
  {
    said: /certificate (?:has )?expired/i,
    reason: "AuthenticationFailed",
    message: CERTIFICATE.expired,
  },
  {
    said: /certificate is not yet valid/i,
    reason: "AuthenticationFailed",
    message: CERTIFICATE["not yet valid"],
  },
  {
    said: /does not match target host|SSL: no alternative certificate/i,
    reason: "AuthenticationFailed",
    message: "the server's certificate is for another host name: is it the right server?",
  },
  UNTRUSTED_CERTIFICATE,
  {
    said: /error setting certificate|problem with the (?:SSL CA cert|local SSL certificate)|error reading (?:ca cert|X.509)|error adding trust anchors|could not load (?:client|PEM)/i,
    reason: "AuthenticationFailed",
    message: "ca.crt, tls.crt or tls.key in the Secret is no PEM file",
  },
  {
    said: /returned error: 404|repository .* not found|does not appear to be a git repository|Repository not found|project you were looking for/i,
    reason: "NotFound",
    message: "there is no such repository, or the credentials may not see it",
  },
  {
    said: /couldn't find remote ref|not our ref|unadvertised object/,
    reason: "NotFound",
    message: "the server does not have the commit any more, or does not give it out by its id",
  },
  {
    said: /not valid: is this a git repository|bad line length character|invalid server response|dumb http transport/,
    reason: "GitOperationFailed",
    message: NO_GIT_SERVER,
    transient: true,
  },
  {
    said: /Could not resolve|Couldn't (?:connect|resolve)|Failed (?:to )?connect|Connection (?:timed out|refused|reset|closed)|timed out|is unreachable|No route to host|returned error: \d|RPC failed|early EOF|hung up|unexpected disconnect|Empty reply|unable to access|kex_exchange_identification|remote error/i,
    reason: "GitOperationFailed",
    message: "the repository cannot be reached",
    transient: true,
  },
];

/** What a server says of itself (`remote: ...`): what is broken there is never our disk. */
export const SAID_BY_SERVER: readonly Meaning[] = [
  {
    said: /project you were looking for|repository (?:.* )?not found/i,
    reason: "NotFound",
    message: "there is no such repository, or the credentials may not see it",
  },
  {
    said: /corrupt|bad (?:object|tree|pack)|unable to (?:read|parse)|could not (?:read|parse)|cannot read|missing (?:blob|tree|commit)|inflate|No space left|is empty/i,
    reason: "GitOperationFailed",
    message: "the Git server cannot read its own repository: whoever runs it has to look (git fsck)",
    transient: true,
  },
];
