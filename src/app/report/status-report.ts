import { amount } from "../../core/ip/amount.js";
import { printable } from "../../core/printable.js";
import type { StatusRow, StatusUser } from "../../core/query/status.js";
import { shortList, table } from "./columns.js";
import { csvText } from "./media.js";

/** The table of UX.md: a row a Pod, with what repeats left blank; `wide` repeats all and shows whole addresses. */
export function statusText(rows: readonly StatusRow[], wide: boolean): string {
  const head = ["WORKLOAD", "NIC", "POOL", "ADDRESSES", "USED", "POD", ...(wide ? ["ADDRESS"] : []), "NODE"];
  const lines = rows.flatMap((row) => {
    const users: (StatusUser | undefined)[] = row.users.length === 0 ? [undefined] : [...row.users];
    return users.map((user, i) => {
      const shown = i === 0 || wide;
      const left = shown
        ? [
            row.workload || "-",
            row.nic || "-",
            row.pool,
            shortList(row.addresses, wide ? 100 : 2) || "-",
            `${row.used}/${amount(row.total)}`,
          ]
        : ["", "", "", "", ""];
      return [...left, ...userCells(row, user, wide)].map(printable);
    });
  });
  return table([head, ...lines]);
}

/** One line a user, for spreadsheets; a pool nobody uses has a line with empty Pod and address. */
export function statusCsv(rows: readonly StatusRow[]): string {
  const head = ["workload", "interface", "pool", "addresses", "used", "total", "pod", "address", "node"];
  const lines = rows.flatMap((row) => {
    const left = [row.workload, row.nic, row.pool, row.addresses.join(" "), String(row.used), String(row.total)];
    if (row.users.length === 0) return [[...left, "", "", ""]];
    return row.users.map((user) => [...left, user.pod, user.address, user.node]);
  });
  return csvText([head, ...lines]);
}

/** What `status -o json|yaml` prints. */
export function statusDocument(rows: readonly StatusRow[]): object {
  return {
    formatVersion: "1.0",
    rows: rows.map((row) => ({
      workload: row.workload || null,
      interface: row.nic || null,
      pool: row.pool,
      addresses: row.addresses,
      used: row.used,
      total: row.total,
      users: row.users.map(({ address, pod, node }) => ({ address, pod, node: node || null })),
    })),
  };
}

/** Beside the Pod's name only the part of its address that tells it from the others of the pool. */
function userCells(row: StatusRow, user: StatusUser | undefined, wide: boolean): string[] {
  if (user === undefined) return wide ? ["-", "-", "-"] : ["-", ""];
  const namespace = `${row.workload.split("/")[0]}/`;
  const name = user.pod.startsWith(namespace) ? user.pod.slice(namespace.length) : user.pod;
  if (wide) return [user.pod, user.address, user.node || "-"];
  const short = user.address.includes(".") ? `.${user.address.split(".").at(-1)}` : user.address;
  return [`${name} ${short}`, user.node || "-"];
}
