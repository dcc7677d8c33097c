import type { Command } from "commander";
import { CliError, type Io } from "./io.js";

/** What completes on one command. */
interface Completable {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly {
    readonly flag: string;
    readonly description: string;
    readonly takes: "none" | "file" | readonly string[];
  }[];
  /** Words of the first argument, where they are known. */
  readonly words: readonly string[];
}

const FILES = new Set(["--path", "--snapshot", "--kubeconfig", "--out", "--check"]);
const SHELLS = { bash, zsh, fish } as const;

/** `spiderplan completion SHELL`: generated from the command tree, so that no command or flag can be forgotten. */
export async function completionCommand(io: Io, shell: string, program: Command): Promise<number> {
  if (!Object.hasOwn(SHELLS, shell)) throw new CliError(`no completion for "${shell}"; give bash, zsh or fish`);
  io.stdout.write(SHELLS[shell as keyof typeof SHELLS](commandsOf(program)));
  return 0;
}

function commandsOf(program: Command): Completable[] {
  const words: Readonly<Record<string, readonly string[]>> = { completion: Object.keys(SHELLS), new: ["workload"] };
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    words: words[command.name()] ?? [],
    flags: command.options
      .filter((option) => option.long)
      .map((option) => ({
        flag: option.long!,
        description: option.description,
        takes:
          option.argChoices ?? (FILES.has(option.long!) && option.required ? ("file" as const) : ("none" as const)),
      })),
  }));
}

function bash(commands: readonly Completable[]): string {
  const flagCases = commands.map((command) => {
    const words = [...command.words, ...command.flags.map((one) => one.flag)].join(" ");
    return `    ${command.name}) words="${words}" ;;`;
  });
  const valueCases = commands.flatMap((command) =>
    command.flags.flatMap((one) => {
      if (one.takes === "none") return [];
      const reply =
        one.takes === "file" ? 'compgen -f -- "$current"' : `compgen -W "${one.takes.join(" ")}" -- "$current"`;
      return [`    "${command.name} ${one.flag}") COMPREPLY=($(${reply})); return ;;`];
    }),
  );
  return `# bash completion of spiderplan: source <(spiderplan completion bash)
_spiderplan() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map((command) => command.name).join(" ")}" -- "$current"))
    return
  fi
  case "$command $previous" in
${valueCases.join("\n")}
  esac
  case "$command" in
${flagCases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _spiderplan spiderplan
`;
}

function zsh(commands: readonly Completable[]): string {
  const quote = (text: string) => text.replaceAll("'", "'\\''").replace(/[[\]:]/g, "\\$&");
  const names = commands.map((command) => `    '${command.name}:${quote(command.description)}'`);
  const cases = commands.map((command) => {
    const flags = command.flags.map((one) => {
      const value =
        one.takes === "none" ? "" : one.takes === "file" ? ":file:_files" : `:value:(${one.takes.join(" ")})`;
      return `'*${one.flag}[${quote(one.description)}]${value}'`;
    });
    const first = command.words.length === 0 ? [] : [`'1:word:(${command.words.join(" ")})'`];
    return `    ${command.name}) _arguments ${[...first, ...flags].join(" ")} ;;`;
  });
  return `#compdef spiderplan
# zsh completion of spiderplan: source <(spiderplan completion zsh)
_spiderplan() {
  local -a commands
  commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="\${words[2]}"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join("\n")}
  esac
}
compdef _spiderplan spiderplan
`;
}

function fish(commands: readonly Completable[]): string {
  const quote = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = commands.flatMap((command) => {
    const on = `complete -c spiderplan -n '__fish_seen_subcommand_from ${command.name}'`;
    const flags = command.flags.map((one) => {
      const value = one.takes === "none" ? "" : one.takes === "file" ? " -r -F" : ` -x -a '${one.takes.join(" ")}'`;
      return `${on} -l ${one.flag.slice(2)}${value} -d ${quote(one.description)}`;
    });
    const words = command.words.length === 0 ? [] : [`${on} -a '${command.words.join(" ")}'`];
    return [
      `complete -c spiderplan -n __fish_use_subcommand -a ${command.name} -d ${quote(command.description)}`,
      ...words,
      ...flags,
    ];
  });
  return `# fish completion of spiderplan: spiderplan completion fish | source\ncomplete -c spiderplan -f\n${lines.join("\n")}\n`;
}
