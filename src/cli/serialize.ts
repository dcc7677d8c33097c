import { stringifyYaml } from "../adapters/plan-files/yaml.js";

/** A value as indented JSON or as YAML, with a final newline. */
export function serialize(value: unknown, format: string): string {
  return format === "yaml" ? stringifyYaml(value) : `${JSON.stringify(value, null, 2)}\n`;
}
