import { LEAD_STORIES } from "../support/operator/lead-stories.js";
import { onRealCluster } from "../support/operator/real-stories.js";

onRealCluster(LEAD_STORIES);
