import { GUARD_STORIES } from "../support/operator/guard-stories.js";
import { PEOPLE_STORIES } from "../support/operator/people-stories.js";
import { onRealCluster } from "../support/operator/real-stories.js";

onRealCluster([...GUARD_STORIES, ...PEOPLE_STORIES]);
