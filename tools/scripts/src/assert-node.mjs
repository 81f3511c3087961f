// Plain JavaScript, so that any Node can run it: says what is wrong before a TypeScript file fails obscurely.
import { readFileSync } from 'node:fs';

const { devDependencies } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
const pinned = devDependencies.node;
if (Number.parseInt(process.versions.node, 10) < Number.parseInt(pinned, 10)) {
  console.error(
    `Orrery needs Node ${pinned} or later, but ${process.execPath} is ${process.versions.node}.\n` +
      'The node package in node_modules carries it: run "npm ci" (with install scripts allowed) and use "npm run ...".',
  );
  process.exit(1);
}
