import { readFile } from "node:fs/promises";
import { join } from "node:path";

const SCHEMA = "schema/plan-sync.schema.json";

/** schema/plan-sync.schema.json as tables for people, in Markdown: every field with its meaning. */
export async function planSyncReference(root) {
  const { description, properties } = JSON.parse(await readFile(join(root, SCHEMA), "utf8"));
  const { spec, status } = properties;
  return `# PlanSync
${description} How to use it: [operator.md](operator.md). Its JSON schema: [${SCHEMA}](../${SCHEMA}).
A duration is a number and a unit, \`30s\`, \`1.5h\`, also several in a row: \`1h30m\`; units are \`ms\`, \`s\`, \`m\`, \`h\`.

## spec
| field | type | default | meaning |
|---|---|---|---|
${rows(spec, "", specRow).join("\n")}

## status
| field | type | meaning |
|---|---|---|
${rows(status, "", statusRow).join("\n")}
`;
}

const specRow = (name, node, required) =>
  `| \`${name}\` | ${typeOf(node)} | ${required ? "required" : defaultOf(node)} | ${meaning(node)} |`;
const statusRow = (name, node) => `| \`${name}\` | ${typeOf(node)} | ${meaning(node)} |`;

function rows(node, path, row) {
  return Object.entries(node.properties ?? {}).flatMap(([key, field]) => {
    const name = path === "" ? key : `${path}.${key}`;
    const required = node.required?.includes(key) ?? false;
    const parts = field.type === "array" ? rows(field.items, `${name}[]`, row) : rows(field, name, row);
    return [row(name, field, required), ...parts];
  });
}

function typeOf(node) {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(", ");
  if (node.type === "array") return "list";
  if (node.type === "object") return "map";
  if (node.format === "date-time") return "time";
  if (node.pattern?.includes("(ms|s|m|h)")) return "duration";
  const { minimum, maximum } = node;
  if (maximum !== undefined) return `${node.type}, ${minimum} to ${maximum}`;
  return minimum === undefined || minimum === 0 ? node.type : `${node.type}, ${minimum} or more`;
}

function defaultOf({ default: value, type }) {
  return value === undefined || type === "object" ? "" : `\`${value}\``;
}

function meaning({ description, examples = [] }) {
  const text = description.replaceAll("|", "\\|").replaceAll("*.asc", "\\*.asc").replaceAll("*.pub", "\\*.pub");
  return examples.length === 0 ? text : `${text} \`${examples.join("`, `")}\``;
}
