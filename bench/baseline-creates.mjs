// A baseline of the sync row: sends creates and nothing else. Usage: baseline-creates.mjs KUBECONFIG OBJECTS.json IN-FLIGHT
import { readFileSync } from "node:fs";
import { openClient } from "./kube-client.mjs";

const [kubeconfig, file, inFlight] = process.argv.slice(2);
const client = openClient(kubeconfig, Number(inFlight));
const pending = JSON.parse(readFileSync(file, "utf8"))[Symbol.iterator]();
async function work() {
  for (const { path, object } of pending) await client.call("POST", path, JSON.stringify(object));
}
await Promise.all(Array.from({ length: Number(inFlight) }, work));
await client.close();
