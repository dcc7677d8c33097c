import { GUARD_STORIES } from "../support/operator/guard-stories.js";
import { PEOPLE_STORIES } from "../support/operator/people-stories.js";
import { onRealCluster } from "../support/operator/real-stories.js";
import { RENAME_STORIES } from "../support/operator/rename-stories.js";

onRealCluster([...GUARD_STORIES, ...PEOPLE_STORIES, ...RENAME_STORIES]);
