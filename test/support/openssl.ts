import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A key pair with its certificate, as files and as PEM text. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of one test, in a folder of its own. */
export interface Authority extends Certificate {
  /**
   * Signs a certificate for a name, with the given subject alternative names (`DNS:localhost`, `IP:127.0.0.1`). It is good
   * for two days unless told otherwise; for less than none it has expired.
   */
  issue(name: string, options?: { names?: readonly string[]; groups?: readonly string[]; days?: number }): Certificate;
}

/** Makes a certificate authority with the openssl program. */
export function makeAuthority(folder: string, name = "test-ca"): Authority {
  mkdirSync(folder, { recursive: true });
  const own = pair(folder, name);
  const subject = `/CN=${name}`;
  newKey(own.keyFile);
  run("req", "-x509", "-new", "-key", own.keyFile, "-subj", subject, "-days", "2", "-out", own.certFile);
  const issue: Authority["issue"] = (common, { names = [], groups = [], days = 2 } = {}) => {
    const files = pair(folder, common.replace(/[^\w.-]/g, "_"));
    const request = `${files.certFile}.csr`;
    const extensions = `${files.certFile}.ext`;
    newKey(files.keyFile);
    const path = `${groups.map((group) => `/O=${group}`).join("")}/CN=${common}`;
    run("req", "-new", "-key", files.keyFile, "-subj", path, "-out", request);
    writeFileSync(
      extensions,
      `basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n${names.length > 0 ? `subjectAltName=${names.join(",")}\n` : ""}`,
    );
    const signing = ["-CA", own.certFile, "-CAkey", own.keyFile, "-CAcreateserial", "-days", `${days}`];
    run("x509", "-req", "-in", request, ...signing, "-extfile", extensions, "-out", files.certFile);
    return read(files);
  };
  return { ...read(own), issue };
}

function pair(folder: string, name: string): { certFile: string; keyFile: string } {
  return { certFile: path.join(folder, `${name}.crt`), keyFile: path.join(folder, `${name}.key`) };
}

function read(files: { certFile: string; keyFile: string }): Certificate {
  return { ...files, cert: readFileSync(files.certFile, "utf8"), key: readFileSync(files.keyFile, "utf8") };
}

function newKey(file: string): void {
  run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file);
}

function run(...args: string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}
