import { stripVTControlCharacters } from 'node:util';
import pc from 'picocolors';

/** A line that a process of the cluster wrote, or that the cluster says of it. */
export interface LogEntry {
  /** The name of the process, e.g. "scheduler-1". */
  readonly process: string;
  readonly line: string;
  /** True: said by the cluster about the process. */
  readonly ofCluster: boolean;
}

const COLORS = [pc.cyan, pc.magenta, pc.green, pc.yellow, pc.blue, pc.cyanBright, pc.magentaBright, pc.greenBright];
const NAME_WIDTH = 20;

/** One JSON object for one line, with the name of the process; a line that is JSON keeps its fields. */
export function toJsonLine({ process, line, ofCluster }: LogEntry): string {
  const fields = ofCluster ? { level: 'warn', message: line } : (fieldsOf(line) ?? { message: line });
  return JSON.stringify(Object.assign({ process }, fields, { process }));
}

/** A line for people: the name of the process in a colour of its own, then what it says. */
export function toTextLine(entry: LogEntry, colorOf: (name: string) => (text: string) => string): string {
  const { process, line, ofCluster } = entry;
  const name = colorOf(process)(process.padEnd(NAME_WIDTH));
  if (ofCluster) return `${name} ${pc.bold(line)}`;
  const fields = fieldsOf(line);
  return `${name} ${fields ? describe(fields) : pc.dim(stripVTControlCharacters(line))}`;
}

/** Gives each name a colour, in the order in which they come. */
export function namedColors(): (name: string) => (text: string) => string {
  const given = new Map<string, (text: string) => string>();
  return (name) => {
    const color = given.get(name) ?? COLORS[given.size % COLORS.length] ?? String;
    given.set(name, color);
    return color;
  };
}

/** The fields of a line that is a JSON object, else undefined. */
export function fieldsOf(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function describe({ time, level, message, ...fields }: Readonly<Record<string, unknown>>): string {
  const when = typeof time === 'string' ? `${pc.dim(time.slice(11, 23))} ` : '';
  const shownLevel = typeof level === 'string' ? level.toUpperCase() : '';
  const color = level === 'error' ? pc.red : level === 'warn' ? pc.yellow : String;
  const rest = Object.entries(fields).map(([name, value]) => ` ${pc.dim(`${name}=`)}${show(value)}`);
  return `${when}${color(shownLevel.padEnd(5))} ${show(message ?? '')}${rest.join('')}`;
}

function show(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && 'stack' in value) return `\n${String(value.stack)}`;
  return JSON.stringify(value);
}
