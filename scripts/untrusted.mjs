// Fails where the size or the text of what tenants, forges and repositories write could stop the process: a text becomes a
// regular expression (patterns are matched by src/core/spiderpool/ipam/glob.ts), a regular expression may backtrack for
// ever, or a list becomes the arguments of one call, of which there is room for about 100,000 (`// few: why` allows it).
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** Where a pattern is a text of ours: the schemas of Spiderpool's CRDs that `npm run generate` writes. */
const OWN_PATTERNS = new Set(["src/core/spiderpool/value-faults.ts"]);
const TAKES_ARGUMENTS = new Set(["push", "unshift", "splice", "concat", "max", "min", "fromCharCode", "apply"]);
const TAKES_REGEXP = new Set(["match", "matchAll", "search"]);

const folder = process.argv[2] ?? "src";
const files = readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".generated.ts"))
  .map((name) => join(folder, name));
const found = files.flatMap(faultsIn);
for (const fault of found) console.error(fault);
console.log(`${files.length} files, ${found.length} faults`);
process.exit(found.length > 0 ? 1 : 0);

function faultsIn(file) {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const faults = [];
  const literals = new Set();
  const tell = (node, what) => {
    const { line, character } = source.getLineAndCharacterOfPosition(node.getStart());
    faults.push(`${file}:${line + 1}:${character + 1}: ${what}`);
  };
  const visit = (node) => {
    if (ts.isRegularExpressionLiteral(node)) {
      const nested = nestedQuantifier(node.text);
      if (nested !== undefined)
        tell(node, `a quantifier inside a quantified group, ${nested}: it may backtrack for ever`);
    }
    if (ts.isVariableDeclaration(node) && node.initializer && ts.isRegularExpressionLiteral(node.initializer))
      literals.add(node.name.getText());
    const called = ts.isCallExpression(node) || ts.isNewExpression(node) ? node.expression : undefined;
    const [first] = node.arguments ?? [];
    if (called?.getText() === "RegExp" && !OWN_PATTERNS.has(file))
      tell(node, "a text becomes a regular expression: write a literal, or compare texts");
    const method = called && ts.isPropertyAccessExpression(called) ? called.name.text : undefined;
    const isLiteral = first && (ts.isRegularExpressionLiteral(first) || literals.has(first.getText()));
    if (TAKES_REGEXP.has(method) && first && !isLiteral)
      tell(node, `${method}() makes a regular expression of a text: write a literal, or compare texts`);
    const name = method ?? called?.getText();
    if ((TAKES_ARGUMENTS.has(name) || name === "union") && node.arguments?.some(ts.isSpreadElement) && !isExcused(node))
      tell(
        node,
        `a list becomes the arguments of ${name}(): it may be longer than a call takes, use a loop or unionAll`,
      );
    ts.forEachChild(node, visit);
  };
  const isExcused = (node) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    return line > 0 && source.text.split("\n")[line - 1].trim().startsWith("// few: ");
  };
  visit(source);
  return faults;
}

/**
 * The first group that repeats without end and whose repetition may itself repeat without end, such as `(a+)+`. A repeated
 * body that ends in something the repeated part cannot be, `(\d+(ms|s))+`, has one reading only and is fine.
 */
function nestedQuantifier(literal) {
  const text = literal.slice(1, literal.lastIndexOf("/"));
  const open = [];
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === "\\") i++;
    else if (char === "[") i = endOfClass(text, i);
    else if (char === "(") open.push(i);
    else if (char === ")") {
      const start = open.pop();
      const body = text.slice(start + 1, i);
      if (isEndless(text, i + 1) && hasEndless(body) && !endsApart(body)) return text.slice(start, i + 2);
    }
  }
  return undefined;
}

function endOfClass(text, at) {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "]") return i;
  }
  return text.length;
}

function isEndless(text, at) {
  return text[at] === "*" || text[at] === "+" || /^\{\d+,\}/.test(text.slice(at, at + 12));
}

function hasEndless(body) {
  for (let i = 0; i < body.length; i++) {
    if (body[i] === "\\") i++;
    else if (body[i] === "[") i = endOfClass(body, i);
    else if (i > 0 && isEndless(body, i)) return true;
    if (isEndless(body, i + 1)) return true;
  }
  return false;
}

/** Whether the body begins or ends in a fixed text whose characters stand in nothing of it that repeats. */
function endsApart(body) {
  const plain = body.replace(/^\?(:|<[^>]+>)/, "");
  const first = /^(?:\\([.:/])|([^\w\\[(.*+?]))(?![*+?{])/.exec(plain);
  const last = /\((?:\?:)?([a-z]+)(?:\|[a-z]+)*\)$/.exec(plain);
  const repeated = [...plain.matchAll(/(\\.|\[(?:\\.|[^\]\\])*\]|[^\\])(?=[*+]|\{\d+,\})/g)].map(([, one]) => one);
  const holds = (char) => repeated.some((one) => new RegExp(one, "u").test(char));
  return [first?.[1] ?? first?.[2], ...(last?.[1] ?? "").slice(0, 1)].some(
    (char) => char !== undefined && !holds(char),
  );
}
