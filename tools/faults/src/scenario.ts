import type { Duration } from '@orrery/duration';
import type { Random } from './random.ts';

/** A way to break a cluster, and what must hold nevertheless. */
export interface Scenario {
  readonly name: string;
  /** One sentence: what holds if it passes. */
  readonly proves: string;
  /** Breaks things and checks; throws if it could not be carried out. */
  run(context: ScenarioContext): Promise<Findings>;
}

/** What a scenario is run with. */
export interface ScenarioContext {
  /** A form that takes seconds, for every change; the long form is for every release. */
  readonly short: boolean;
  /** How many tasks, if the caller says; else it is the scenario's choice. */
  readonly tasks: number | undefined;
  /** How long to break things, if the caller says. */
  readonly duration: Duration | undefined;
  readonly random: Random;
  /** Where data, logs and journals go; kept if something is wrong. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Tells people how far it is. */
  say(message: string): void;
}

/** What came of a scenario. */
export interface Findings {
  /** How many tasks were acknowledged. */
  readonly tasks: number;
  /** How often something was broken. */
  readonly faults: number;
  /** What was measured, by name, with its unit, e.g. "work after a scheduler's death: 3.1 s". */
  readonly measured: Readonly<Record<string, string>>;
  /** What does not hold, one sentence each, beginning with the rule; none: all is well. */
  readonly problems: readonly string[];
  /** Why it cannot be carried out on this machine, if so. */
  readonly notPossible?: string;
}
