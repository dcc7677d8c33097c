import type { Findings } from "../../core/plan-sync/findings.js";
import type { Wish } from "../../core/plan-sync/wish.js";
import { timeText } from "../time-text.js";
import type { PlanSyncParts } from "./parts.js";

/** The revision read and the one in force, and what keeps a newer one from being read. */
export function sourceFindings({ follower, memory }: PlanSyncParts, wish: Wish): Findings["source"] {
  const { attempted, failure, newest } = follower.state;
  const tree = memory.inForce?.tree;
  const read = (newest ?? memory.inForce)?.tree;
  const { pinnedRevision } = wish.switches;
  return {
    ...(read && {
      read: {
        revision: read.commit,
        ...(read.refName && { ref: read.refName }),
        ...(read.signedBy && { signedBy: read.signedBy }),
      },
    }),
    ...(tree && {
      revision: tree.commit,
      tree: tree.tree,
      author: tree.author,
      subject: tree.subject,
      ...(tree.committedAt && { committedAt: tree.committedAt }),
      ...(tree.refName && { ref: tree.refName }),
      ...(tree.signedBy && { signedBy: tree.signedBy }),
    }),
    ...(attempted && { attempted }),
    ...(pinnedRevision && { pinned: pinnedRevision }),
    ...(failure && {
      failure: {
        reason: failure.told && failure.error.transient ? "SourceStale" : sourceReason(failure.error.reason),
        message: failure.error.message,
        since: timeText(failure.since),
        told: failure.told,
      },
    }),
  };
}

function sourceReason(reason: string): string {
  const ours: Readonly<Record<string, string>> = {
    NotFound: "SourceNotFound",
    Refused: "SourceRefused",
    TooLarge: "SourceTooLarge",
  };
  return ours[reason] ?? reason;
}
