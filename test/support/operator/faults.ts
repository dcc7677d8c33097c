import type { FaultyStage } from "./faulty-stage.js";
import { GIT_FAULTS } from "./git-faults.js";
import { READINESS_STORIES } from "./readiness-stories.js";
import type { Story } from "./story.js";
import { WATCH_FAULTS } from "./watch-faults.js";
import { WRITE_FAULTS } from "./write-faults.js";

/** What an operator makes of a cluster and a repository that fail. */
export const FAULT_STORIES: readonly Story<FaultyStage>[] = [
  ...WRITE_FAULTS,
  ...READINESS_STORIES,
  ...WATCH_FAULTS,
  ...GIT_FAULTS,
];
