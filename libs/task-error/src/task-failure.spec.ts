import { TaskError } from './task-error.ts';
import { getErrorMessage, hasError, isFailed } from './task-failure.ts';

describe('a task that may have failed', () => {
  const error = new TaskError({ message: 'boom' });

  it('has an error or not', () => {
    expect([{ error }, { error: 'boom' }, { error: null }, { error: undefined }, {}].map(hasError)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('is failed by its status, not by an error it once had', () => {
    const statuses = ['FAILED', 'failed', 'TASK_STATUS_FAILED', 'PENDING', 'SUCCEEDED', 'NOT_FAILED'];
    expect(statuses.map((status) => isFailed({ status, error }))).toEqual([true, true, true, false, false, false]);
  });

  it('tells why', () => {
    const tasks = [
      { error },
      { error: error.toJSON() },
      { error: 'boom' },
      { error: { message: '' } },
      { error: null },
      { error: 5 },
      {},
    ];
    expect(tasks.map(getErrorMessage)).toEqual(['boom', 'boom', 'boom', '', undefined, undefined, undefined]);
  });
});
