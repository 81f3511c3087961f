import { isTerminal, type Task, type TaskEvent, type TaskStatus } from '@orrery/core';
import { eventProblems, type LedgerEvent } from './ledger-events.ts';

/** What is on record about one task. */
interface Account {
  submit: 'none' | 'unanswered' | 'acknowledged';
  readonly started: string[];
  readonly accepted: { readonly token: string; readonly status: TaskStatus }[];
  readonly refused: { readonly token: string; readonly reason: string }[];
  readonly events: LedgerEvent[];
}

/**
 * Keeps account of what callers, workers and listeners were told, whatever crashed meanwhile, and finds what does not add up: work
 * that was lost, done twice, or told of wrongly.
 */
export class Ledger {
  readonly #accounts = new Map<string, Account>();

  /** A submit was sent; whether it had an effect is not known unless it is acknowledged. */
  submitting(taskId: string): void {
    const account = this.#of(taskId);
    if (account.submit === 'none') account.submit = 'unanswered';
  }

  /** A submit was acknowledged: from now on the task must not get lost. */
  acknowledged(taskId: string): void {
    this.#of(taskId).submit = 'acknowledged';
  }

  /** A worker began an attempt under a lease. */
  started(taskId: string, token: string): void {
    this.#of(taskId).started.push(token);
  }

  /** What a worker said of its attempt was accepted, and the task is now so. */
  accepted(taskId: string, token: string, status: TaskStatus): void {
    this.#of(taskId).accepted.push({ token, status });
  }

  /** What a worker said of its attempt was refused. */
  refused(taskId: string, token: string, reason: string): void {
    this.#of(taskId).refused.push({ token, reason });
  }

  /** An event arrived; it may be a repetition. */
  event({ taskId, sequence, kind, status }: Pick<TaskEvent, 'taskId' | 'sequence' | 'kind' | 'status'>): void {
    this.#of(taskId).events.push({ sequence, kind, status });
  }

  /** How much is on record. */
  get counts() {
    const accounts = [...this.#accounts.values()];
    const sum = (count: (account: Account) => number) => accounts.reduce((total, account) => total + count(account), 0);
    return {
      acknowledged: sum(({ submit }) => Number(submit === 'acknowledged')),
      started: sum(({ started }) => started.length),
      accepted: sum(({ accepted }) => accepted.length),
      refused: sum(({ refused }) => refused.length),
      events: sum(({ events }) => events.length),
    };
  }

  /**
   * Everything that does not add up, one sentence each, with the id of the task; none: all is well. Given the tasks that are stored
   * in the end, they are compared too; otherwise the last event of each task says how it ended.
   */
  check(stored?: readonly Pick<Task, 'id' | 'status'>[]): readonly string[] {
    const statuses = stored && new Map(stored.map(({ id, status }) => [id, status]));
    for (const id of statuses?.keys() ?? []) this.#of(id);
    return [...this.#accounts].flatMap(([id, account]) => {
      const lastStatus = [...account.events].sort((a, b) => a.sequence - b.sequence).at(-1)?.status;
      const status = statuses ? statuses.get(id) : lastStatus;
      const problems = [
        ...existenceProblems(account, status),
        ...leaseProblems(account, status),
        ...eventProblems(account.events),
      ];
      return problems.map((problem) => `task "${id}" ${problem}`);
    });
  }

  #of(taskId: string): Account {
    const known = this.#accounts.get(taskId);
    if (known) return known;
    const account: Account = { submit: 'none', started: [], accepted: [], refused: [], events: [] };
    this.#accounts.set(taskId, account);
    return account;
  }
}

function existenceProblems({ submit }: Account, status: TaskStatus | undefined): readonly string[] {
  if (submit === 'none') return ['is there, but nobody submitted it'];
  if (status === undefined) return submit === 'acknowledged' ? ['was acknowledged, and is lost'] : [];
  return isTerminal(status) ? [] : [`has not ended: it is ${status}`];
}

function leaseProblems({ started, accepted }: Account, status: TaskStatus | undefined): readonly string[] {
  const problems: string[] = [];
  for (const token of repeated(started)) problems.push(`was started twice under lease ${token}`);
  for (const { token, status: outcome } of accepted)
    if (!started.includes(token))
      problems.push(`was accepted as ${outcome} under lease ${token}, which was never started`);
  const completing = new Set(accepted.filter((each) => each.status === 'SUCCEEDED').map(({ token }) => token));
  if (completing.size > 1)
    problems.push(`was completed under ${completing.size} leases: ${[...completing].join(', ')}`);
  if (completing.size > 0 && status !== undefined && status !== 'SUCCEEDED')
    problems.push(`was completed under lease ${[...completing].join(', ')}, but is ${status}`);
  return problems;
}

function repeated(items: readonly string[]): ReadonlySet<string> {
  return new Set(items.filter((item, index) => items.indexOf(item) !== index));
}
