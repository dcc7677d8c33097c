import { DRIFT_STORIES } from "./drift-stories.js";
import { GIT_STORIES } from "./git-stories.js";
import { GUARD_STORIES } from "./guard-stories.js";
import { LOCK_STORIES } from "./lock-stories.js";
import { NAMESPACE_STORIES } from "./namespace-stories.js";
import { PEOPLE_STORIES } from "./people-stories.js";
import { RENAME_STORIES } from "./rename-stories.js";
import { SOURCE_STORIES } from "./source-stories.js";
import type { Story } from "./story.js";

/** What an operator does, as stories that are told on every cluster. */
export const OPERATOR_STORIES: readonly Story[] = [
  ...SOURCE_STORIES,
  ...GIT_STORIES,
  ...DRIFT_STORIES,
  ...PEOPLE_STORIES,
  ...GUARD_STORIES,
  ...LOCK_STORIES,
  ...RENAME_STORIES,
  ...NAMESPACE_STORIES,
];
