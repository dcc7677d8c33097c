import { readFileSync } from "node:fs";
import { type IncomingMessage, request as plainRequest, type ServerResponse } from "node:http";
import { Agent, request as tlsRequest } from "node:https";

/** Passes a request on; `body` where it was read already. With `lost` the answer breaks off instead of coming back. */
export type Forward = (
  request: IncomingMessage,
  response: ServerResponse,
  how?: { readonly body?: string; readonly lost?: boolean },
) => void;

/** To the API server of a test's kubeconfig, as the user of its certificate or token, or to a plain URL. */
export function forwardTo(target: { readonly url: string } | { readonly kubeconfig: string }): Forward {
  if ("url" in target) {
    return (request, response, how) => {
      const { method, url = "/", headers } = request;
      pass(request, response, plainRequest(new URL(url, target.url), { method, headers }), how);
    };
  }
  const { clusters, users } = JSON.parse(readFileSync(target.kubeconfig, "utf8"));
  const { server, "certificate-authority": ca } = clusters[0].cluster;
  const { "client-certificate": cert, "client-key": key, token } = users[0].user;
  const [caText, certText, keyText] = [ca, cert, key].map((file?: string) => file && readFileSync(file, "utf8"));
  const agent = new Agent({ keepAlive: true, ca: caText, cert: certText, key: keyText });
  return (request, response, how) => {
    const { method, url = "/" } = request;
    const headers = { ...request.headers, ...(token && { authorization: `Bearer ${token}` }) };
    pass(request, response, tlsRequest(new URL(url, server), { agent, method, headers }), how);
  };
}

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  upstream: ReturnType<typeof plainRequest>,
  { body, lost = false }: { readonly body?: string; readonly lost?: boolean } = {},
): void {
  upstream.on("response", (answer) => {
    if (lost) return void response.destroy();
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    // A watch has to tell that it began before anything happens.
    response.flushHeaders();
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  upstream.on("error", () => response.destroy());
  response.on("close", () => upstream.destroy());
  if (body === undefined) request.pipe(upstream);
  else upstream.end(body);
}
