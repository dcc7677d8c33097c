// A baseline of the diff row: Node's start and one paged list of the pools. Usage: baseline-list.mjs KUBECONFIG
import { openClient } from "./kube-client.mjs";

const client = openClient(process.argv[2], 1);
let items = 0;
let token = "";
do {
  const query = `limit=500${token && `&continue=${encodeURIComponent(token)}`}`;
  const page = await client.call("GET", `/apis/spiderpool.spidernet.io/v2beta1/spiderippools?${query}`);
  items += page.items.length;
  token = page.metadata.continue ?? "";
} while (token !== "");
process.exit(items > 0 ? 0 : 1);
