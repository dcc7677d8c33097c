import { READINESS_STORIES } from "../support/operator/readiness-stories.js";
import { onFaultyRealCluster } from "../support/operator/real-stories.js";
import { WRITE_FAULTS } from "../support/operator/write-faults.js";

onFaultyRealCluster([...WRITE_FAULTS, ...READINESS_STORIES]);
