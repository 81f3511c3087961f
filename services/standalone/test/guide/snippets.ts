/** A piece of code of a guide that a reader may copy and run. */
export interface Snippet {
  /** The heading it stands under. */
  readonly heading: string;
  /** The number of its first line in the guide. */
  readonly line: number;
  readonly code: string;
}

/** The ```ts blocks of a Markdown text. */
export function readSnippets(markdown: string): readonly Snippet[] {
  const snippets: Snippet[] = [];
  let heading = '';
  let open: { readonly line: number; readonly lines: string[] } | undefined;
  markdown.split('\n').forEach((text, index) => {
    if (open && text === '```') {
      snippets.push({ heading, line: open.line, code: open.lines.join('\n') });
      open = undefined;
    } else if (open) open.lines.push(text);
    else if (text === '```ts') open = { line: index + 2, lines: [] };
    else if (text.startsWith('#')) heading = text.replace(/^#+ /, '');
  });
  if (open) throw new Error(`the block in line ${open.line} is not closed`);
  return snippets;
}

/** A snippet as a file whose lines have the numbers that they have in the guide, and which takes these SDKs in place of its own. */
export function asProgram({ line, code }: Snippet, sdks: Readonly<Record<string, string>>): string {
  const imports = (text: string, [name, file]: [string, string]) => text.replaceAll(`from '${name}'`, `from '${file}'`);
  return '\n'.repeat(line - 1) + Object.entries(sdks).reduce(imports, code);
}
