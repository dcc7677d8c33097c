import type { Stage } from "./stage.js";

/** A story by its name, for a stage of its own. */
export type Story<S extends Stage = Stage> = readonly [string, (stage: S) => Promise<void>];
