import { DRIFT_STORIES } from "../support/operator/drift-stories.js";
import { LOCK_STORIES } from "../support/operator/lock-stories.js";
import { NAMESPACE_STORIES } from "../support/operator/namespace-stories.js";
import { onRealCluster } from "../support/operator/real-stories.js";

onRealCluster([...DRIFT_STORIES, ...LOCK_STORIES, ...NAMESPACE_STORIES]);
