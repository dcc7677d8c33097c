/** The architecture of docs/architecture.md, enforced. Every rule says why it stands. */
const core = "^src/core/";
const upward = (name, from, to, comment) => ({
  name,
  severity: "error",
  comment,
  from: { path: from },
  to: { path: to },
});

/** Rooms of the core from the ground up; a room may use those before it. */
const rooms = ["ip", "spiderpool", "cluster", "plan", "change", "allocate", "desired", "verdict", "ledger", "query"];
const roomRules = rooms
  .slice(0, -1)
  .map((room, index) =>
    upward(
      `core-${room}-looks-down`,
      `^src/core/${room}/`,
      `^src/core/(${rooms.slice(index + 1).join("|")})/`,
      `the core is read from the ground up: ${room} stands below ${rooms.slice(index + 1).join(", ")}`,
    ),
  );

module.exports = {
  forbidden: [
    {
      name: "no-circles",
      severity: "error",
      comment: "a circle has no top to start reading from",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-orphans",
      severity: "error",
      comment: "a file nobody reaches is dead",
      from: { orphan: true, pathNot: ["\\.generated\\.ts$", "\\.d\\.ts$"] },
      to: {},
    },
    {
      name: "core-is-pure",
      severity: "error",
      comment: "the engine must give the same answer everywhere: no I/O, no library but the address parser",
      from: { path: core },
      to: { pathNot: [core, "node_modules/ipaddr\\.js"] },
    },
    ...roomRules,
    {
      name: "core-ledger-reads-snapshots-only",
      severity: "error",
      comment: "what is written down is what was seen in the cluster, never what a plan wanted",
      from: { path: "^src/core/ledger/" },
      to: {
        path: core,
        pathNot: "^src/core/(ledger/|ip/|spiderpool/|(snapshot|usage)\\.ts|cluster/|time\\.ts)",
      },
    },
    {
      name: "ports-hold-types-only",
      severity: "error",
      comment: "a port is a promise, not code",
      from: { path: "^src/ports/" },
      to: { dependencyTypesNot: ["type-only"] },
    },
    {
      name: "adapters-stand-alone",
      severity: "error",
      comment: "an adapter that knows another cannot be replaced; how files are written safely has one home, files/",
      from: { path: "^src/adapters/([^/]+)/" },
      to: { path: "^src/adapters/", pathNot: "^src/adapters/($1|files)/" },
    },
    upward(
      "adapters-look-down",
      "^src/adapters/",
      "^src/(app|operator|cli|players|web)/",
      "adapters serve the core and the ports",
    ),
    upward(
      "app-knows-ports",
      "^src/app/",
      "^src/(adapters|cli|operator|players|web)/",
      "use cases are told their adapters, they do not choose them",
    ),
    upward(
      "players-know-ports",
      "^src/players/",
      "^src/(adapters|app|cli|operator|web)/",
      "the same players play on every cluster",
    ),
    {
      name: "one-home-for-the-kubernetes-client",
      severity: "error",
      comment: "HTTP and authentication have one home",
      from: { pathNot: "^src/adapters/kubernetes/" },
      to: { path: "node_modules/(@kubernetes/client-node|undici)/" },
    },
    {
      name: "one-home-for-git",
      severity: "error",
      comment: "Git is spoken in one place",
      from: { pathNot: "^src/adapters/git/" },
      to: { path: "node_modules/simple-git/" },
    },
    {
      name: "one-home-for-yaml",
      severity: "error",
      comment: "limits and positions of plan files have one home",
      from: { pathNot: "^src/adapters/plan-files/" },
      to: { path: "node_modules/(yaml|ajv|ajv-formats)/" },
    },
    {
      name: "one-home-for-the-log-and-the-metrics",
      severity: "error",
      comment: "what leaves the process is cleaned of secrets in one place, and every metric stands in one table",
      from: { pathNot: "^src/adapters/telemetry/" },
      to: { path: "node_modules/(pino|prom-client)/" },
    },
    {
      name: "one-home-for-commander",
      severity: "error",
      comment: "flags belong to the command line",
      from: { pathNot: "^src/cli/" },
      to: { path: "node_modules/commander/" },
    },
    {
      name: "one-home-for-croner",
      severity: "error",
      comment: "time zones and their jumps have one home",
      from: { pathNot: "^src/adapters/schedule/" },
      to: { path: "node_modules/croner/" },
    },
    {
      name: "one-home-for-hono",
      severity: "error",
      comment: "limits of what comes over HTTP have one home",
      from: { pathNot: "^src/operator/http-server\\.ts$" },
      to: { path: "node_modules/(hono|@hono)/" },
    },
    {
      name: "no-tests-in-the-product",
      severity: "error",
      comment: "the product must run without its tests",
      from: { path: "^src/" },
      to: { path: "^(test|bench|scripts)/" },
    },
    {
      name: "no-dev-dependencies",
      severity: "error",
      comment: "what ships must be installed with it",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
