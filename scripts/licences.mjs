// Fails when a package that ships (not a development one) has a licence that is not on the list.
import { execFileSync } from "node:child_process";

const ALLOWED = new Set([
  "MIT",
  "Apache-2.0",
  "ISC",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "Unlicense",
  "BlueOak-1.0.0",
  "Python-2.0",
]);

const sbom = JSON.parse(
  execFileSync("npm", ["sbom", "--sbom-format", "cyclonedx", "--omit", "dev"], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    stdio: ["ignore", "pipe", "ignore"],
  }),
);
const licencesOf = (component) =>
  (component.licenses ?? []).map((entry) => entry.license?.id ?? entry.license?.name ?? entry.expression ?? "unknown");
const allowed = (text) =>
  text
    .replace(/[()]/g, "")
    .split(" OR ")
    .some((one) => one.split(" AND ").every((part) => ALLOWED.has(part.trim())));
const refused = sbom.components.filter((component) => {
  const licences = licencesOf(component);
  return licences.length === 0 || !licences.every(allowed);
});
for (const component of refused) {
  console.error(
    `${component.name}@${component.version}: licence ${licencesOf(component).join(", ") || "not stated"} is not on the list`,
  );
}
console.log(`${sbom.components.length} shipped packages, ${refused.length} with a licence that is not on the list`);
process.exit(refused.length > 0 ? 1 : 0);
