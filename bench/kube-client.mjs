import { readFileSync } from "node:fs";
import { Pool } from "undici";

/** A bare pooled client of the cluster in a kubeconfig of the bench: no retries, no checks, nothing but requests. */
export function openClient(kubeconfig, connections) {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, "utf8"));
  const { server, "certificate-authority": ca } = clusters[0].cluster;
  const { "client-certificate": cert, "client-key": key } = users[0].user;
  const [caText, certText, keyText] = [ca, cert, key].map((file) => readFileSync(file, "utf8"));
  const pool = new Pool(server, { connections, connect: { ca: caText, cert: certText, key: keyText } });
  return {
    async call(method, path, body) {
      const headers = { accept: "application/json", ...(body && { "content-type": "application/json" }) };
      const answer = await pool.request({ method, path, headers, body });
      const text = await answer.body.text();
      if (answer.statusCode >= 400) throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 500)}`);
      return JSON.parse(text);
    },
    close: () => pool.close(),
  };
}
