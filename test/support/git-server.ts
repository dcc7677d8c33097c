import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { makeRepository, PLAIN_GIT, repositoryFolder, type TestRepository } from "./git-repository.js";
import { type Authority, type Certificate, makeAuthority } from "./openssl.js";

/** One request that came in. */
export interface GitRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** Common name of the client certificate. */
  readonly client?: string;
}

export interface GitServerOptions {
  /** `user:password` that Basic authentication must carry. */
  readonly basic?: string;
  /** Token that Bearer authentication must carry. */
  readonly bearer?: string;
  /** Whether only clients with a certificate of the server's own authority get in. */
  readonly clientCertificate?: boolean;
  /** What it shows; one of its own authority unless given. */
  readonly certificate?: Certificate;
}

/** A repository the server has, with the URL to fetch it from. */
export interface ServedRepository extends TestRepository {
  readonly url: string;
}

/** Git over HTTPS as GitHub and GitLab speak it: `git http-backend` behind a TLS server of Node. */
export interface GitServer {
  /** `https://localhost:PORT`, without a slash at the end. */
  readonly url: string;
  /** Who signed the server's certificate; issues client certificates too. */
  readonly authority: Authority;
  /** All requests so far, in order. */
  readonly requests: readonly GitRequest[];
  /** Makes an empty repository: `NAME.git` below the URL. */
  repository(name: string, config?: Readonly<Record<string, string>>, format?: "sha1" | "sha256"): ServedRepository;
  /** From now on it does not know the protocol's second version, as old servers. */
  speakOldProtocol(): void;
  /** Answers the requests to come in place of Git where the function returns true; undefined ends that. */
  intercept(answer: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined): void;
  close(): Promise<void>;
}

/** What public forges allow: partial clones, and any commit by its id. */
const LIKE_A_FORGE = {
  "uploadpack.allowFilter": "true",
  "uploadpack.allowAnySHA1InWant": "true",
  "http.receivepack": "true",
};

/** Starts a Git server on loopback; its folder goes with it. */
export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  const folder = mkdtempSync(join(tmpdir(), "spiderplan-git-server-"));
  const authority = makeAuthority(join(folder, "tls"));
  const own = options.certificate ?? authority.issue("localhost", { names: ["DNS:localhost", "IP:127.0.0.1"] });
  const requests: GitRequest[] = [];
  let oldProtocol = false;
  let answer: Parameters<GitServer["intercept"]>[0];
  const tls = { key: own.key, cert: own.cert, ca: authority.cert, requestCert: options.clientCertificate ?? false };
  const server = createServer({ ...tls, rejectUnauthorized: tls.requestCert }, (request, response) => {
    requests.push(seen(request));
    if (oldProtocol) delete request.headers["git-protocol"];
    if (answer?.(request, response)) return;
    if (!mayEnter(request, options)) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end("who are you?\n");
    } else serve(folder, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  return {
    url,
    authority,
    requests,
    repository: (name, config, format) => ({
      ...makeRepository(repositoryFolder(folder, name), { ...LIKE_A_FORGE, ...config }, format),
      url: `${url}/${name}.git`,
    }),
    speakOldProtocol: () => {
      oldProtocol = true;
    },
    intercept: (next) => {
      answer = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function seen(request: IncomingMessage): GitRequest {
  const client = (request.socket as TLSSocket).getPeerCertificate()?.subject?.CN?.toString();
  return {
    method: request.method ?? "",
    path: request.url ?? "",
    headers: request.headers,
    ...(client !== undefined && { client }),
  };
}

function mayEnter(request: IncomingMessage, { basic, bearer }: GitServerOptions): boolean {
  if (basic === undefined && bearer === undefined) return true;
  const given = request.headers.authorization;
  const encoded = basic === undefined ? undefined : `Basic ${Buffer.from(basic).toString("base64")}`;
  return given !== undefined && (given === encoded || given === `Bearer ${bearer}`);
}

/** One request by the CGI program that comes with Git. */
function serve(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? "/", "https://localhost");
  const { headers } = request;
  const program = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env.PATH,
      ...PLAIN_GIT,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      REMOTE_USER: "someone",
      REMOTE_ADDR: "127.0.0.1",
      CONTENT_TYPE: headers["content-type"] ?? "",
      ...(headers["content-length"] !== undefined && { CONTENT_LENGTH: headers["content-length"] }),
      ...(headers["content-encoding"] !== undefined && { HTTP_CONTENT_ENCODING: headers["content-encoding"] }),
      ...(headers["git-protocol"] !== undefined && { GIT_PROTOCOL: String(headers["git-protocol"]) }),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  // A client that hangs up ends both ends of the pipe.
  program.stdin.on("error", () => {});
  response.on("close", () => program.kill());
  request.pipe(program.stdin);
  forward(program.stdout, response);
}

/** A CGI answer: header lines, an empty line, the body. */
function forward(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head = Buffer.alloc(0);
  const read = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    output.off("data", read);
    for (const line of head.subarray(0, end).toString("latin1").split("\r\n")) {
      const [name, value = ""] = line.split(/:\s*/, 2) as [string, string?];
      if (name.toLowerCase() === "status") response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.write(head.subarray(end + 4));
    output.pipe(response);
  };
  output.on("data", read);
  output.on("end", () => response.end());
}
