import { basename, extname } from 'node:path';
import { fileTypeFromBuffer } from 'file-type';

const BY_EXTENSION: Readonly<Record<string, string>> = {
  bash: 'Shell',
  c: 'C',
  cc: 'C++',
  cfg: 'INI',
  cjs: 'JavaScript',
  conf: 'Configuration',
  cpp: 'C++',
  cs: 'C#',
  css: 'CSS',
  csv: 'CSV',
  cts: 'TypeScript',
  go: 'Go',
  gradle: 'Gradle',
  h: 'C',
  hpp: 'C++',
  htm: 'HTML',
  html: 'HTML',
  ini: 'INI',
  java: 'Java',
  js: 'JavaScript',
  json: 'JSON',
  jsonc: 'JSON',
  jsonl: 'JSON Lines',
  jsx: 'JavaScript',
  kt: 'Kotlin',
  lock: 'Lock file',
  log: 'Log',
  lua: 'Lua',
  markdown: 'Markdown',
  md: 'Markdown',
  mdx: 'Markdown',
  mjs: 'JavaScript',
  mts: 'TypeScript',
  php: 'PHP',
  pl: 'Perl',
  proto: 'Protocol Buffers',
  ps1: 'PowerShell',
  py: 'Python',
  pyi: 'Python',
  rb: 'Ruby',
  rs: 'Rust',
  rst: 'reStructuredText',
  scss: 'CSS',
  sh: 'Shell',
  sql: 'SQL',
  svg: 'SVG',
  swift: 'Swift',
  tex: 'TeX',
  toml: 'TOML',
  tpl: 'Template',
  ts: 'TypeScript',
  tsv: 'TSV',
  tsx: 'TypeScript',
  txt: 'Text',
  vue: 'Vue',
  xml: 'XML',
  yaml: 'YAML',
  yml: 'YAML',
  zsh: 'Shell',
};

const BY_NAME: Readonly<Record<string, string>> = {
  dockerfile: 'Dockerfile',
  makefile: 'Makefile',
  '.editorconfig': 'INI',
  '.dockerignore': 'Ignore list',
  '.gitignore': 'Ignore list',
  '.npmignore': 'Ignore list',
  '.prettierignore': 'Ignore list',
};

const BY_INTERPRETER: readonly (readonly [RegExp, string])[] = [
  [/\b(ba|da|z|k)?sh\b/, 'Shell'],
  [/\bpython/, 'Python'],
  [/\b(node|deno|bun)\b/, 'JavaScript'],
  [/\bperl\b/, 'Perl'],
  [/\bruby\b/, 'Ruby'],
];

/** What kind of text a file is: by its extension, else its name, else the interpreter its first line names. */
export function textTypeOf(path: string, head: Uint8Array): string {
  const name = basename(path).toLowerCase();
  const extension = extname(name).slice(1);
  const known = BY_NAME[name] ?? (Object.hasOwn(BY_EXTENSION, extension) ? BY_EXTENSION[extension] : undefined);
  if (known) return known;
  const firstLine = /^#!.*/.exec(new TextDecoder().decode(head.subarray(0, 128)))?.[0];
  const byInterpreter = firstLine && BY_INTERPRETER.find(([pattern]) => pattern.test(firstLine))?.[1];
  if (byInterpreter) return byInterpreter;
  return /^[a-z0-9_-]{1,12}$/.test(extension) ? `.${extension}` : 'Text';
}

/** The media type of a binary file by its first bytes, e.g. "image/png"; undefined if they are of no known format. */
export async function binaryTypeOf(head: Uint8Array): Promise<string | undefined> {
  return (await fileTypeFromBuffer(head))?.mime;
}
