import { GIT_STORIES } from "../support/operator/git-stories.js";
import { onRealCluster } from "../support/operator/real-stories.js";
import { SOURCE_STORIES } from "../support/operator/source-stories.js";

onRealCluster([...GIT_STORIES, ...SOURCE_STORIES]);
