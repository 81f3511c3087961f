import { jest } from '@jest/globals';
import { GroupCommit, type SharedTransaction } from './group-commit.ts';

/** A transaction over a list of what was written, which notes what is done to it. */
class ListTransaction implements SharedTransaction {
  readonly log: string[] = [];
  readonly committed: string[] = [];
  commitFailure: Error | undefined;
  isOpen = false;
  #written: string[] = [];
  #atSavepoint = 0;

  write(item: string): void {
    this.#written.push(item);
  }
  begin(): void {
    this.log.push('begin');
    this.isOpen = true;
  }
  commit(): void {
    if (this.commitFailure) throw this.commitFailure;
    this.log.push('commit');
    this.committed.push(...this.#written.splice(0));
    this.isOpen = false;
  }
  rollback(): void {
    this.log.push('rollback');
    this.#written = [];
    this.isOpen = false;
  }
  setSavepoint(): void {
    this.#atSavepoint = this.#written.length;
  }
  releaseSavepoint(): void {
    this.#atSavepoint = this.#written.length;
  }
  rollbackToSavepoint(): void {
    this.#written.length = this.#atSavepoint;
  }
}

let transaction: ListTransaction;
let group: GroupCommit;

beforeEach(() => {
  transaction = new ListTransaction();
  group = new GroupCommit(transaction);
});

function write(item: string): Promise<string> {
  return group.run(() => {
    transaction.write(item);
    return item;
  });
}

function writeAndThrow(item: string, error: Error): Promise<never> {
  return group.run(() => {
    transaction.write(item);
    throw error;
  });
}

test('calls of one turn share a transaction, in their order', async () => {
  await expect(Promise.all(['a', 'b', 'c'].map(write))).resolves.toEqual(['a', 'b', 'c']);
  expect(transaction.log).toEqual(['begin', 'commit']);
  expect(transaction.committed).toEqual(['a', 'b', 'c']);
});

test('a later call has a transaction of its own', async () => {
  await write('a');
  await write('b');
  expect(transaction.log).toEqual(['begin', 'commit', 'begin', 'commit']);
});

test('calls made when others are settled are not lost', async () => {
  const second = write('a').then(() => write('b'));
  await write('c');
  await second;
  expect(transaction.committed).toEqual(['a', 'c', 'b']);
});

test('a call that throws is rejected alone, and only its work is undone', async () => {
  const refusal = new Error('refused');
  const outcomes = await Promise.allSettled([write('a'), writeAndThrow('b', refusal), write('c')]);
  expect(outcomes).toEqual([
    { status: 'fulfilled', value: 'a' },
    { status: 'rejected', reason: refusal },
    { status: 'fulfilled', value: 'c' },
  ]);
  expect(transaction.committed).toEqual(['a', 'c']);
});

test('no call is settled before the commit', async () => {
  const heard: string[] = [];
  const commit = transaction.commit.bind(transaction);
  transaction.commit = () => {
    heard.push('commit');
    commit();
  };
  const calls = [write('a'), writeAndThrow('b', new Error('refused'))];
  await Promise.all(calls.map((call) => call.catch(() => undefined).then(() => heard.push('settled'))));
  expect(heard).toEqual(['commit', 'settled', 'settled']);
});

test('a failed commit rejects every call, refused ones too: what they rested on is gone', async () => {
  transaction.commitFailure = new Error('the disk is full');
  const outcomes = await Promise.allSettled([write('a'), writeAndThrow('b', new Error('refused'))]);
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toEqual([
    transaction.commitFailure,
    transaction.commitFailure,
  ]);
  expect(transaction.committed).toEqual([]);

  transaction.commitFailure = undefined;
  await expect(write('c')).resolves.toBe('c');
  expect(transaction.committed).toEqual(['c']);
});

test('an error that ends the transaction from inside rejects every call', async () => {
  const full = new Error('the disk is full');
  const endsIt = group.run(() => {
    transaction.isOpen = false;
    throw full;
  });
  const outcomes = await Promise.allSettled([write('a'), endsIt, write('c')]);
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toEqual([full, full, full]);
  expect(transaction.committed).toEqual([]);
});

test('a rollback that fails keeps nobody waiting, and is tried again with the next call', async () => {
  const rollback = transaction.rollback.bind(transaction);
  transaction.commitFailure = new Error('the disk is full');
  transaction.rollback = () => {
    throw new Error('no rollback either');
  };
  await expect(write('a')).rejects.toThrow('the disk is full');

  transaction.rollback = rollback;
  transaction.begin = () => {
    throw new Error('a transaction stands');
  };
  await expect(write('b')).rejects.toThrow('a transaction stands');
  expect(transaction.log).toEqual(['begin', 'rollback']);
});

test('a group that takes long is committed, and the rest follows in order', async () => {
  const clock = jest.spyOn(performance, 'now');
  try {
    let now = 0;
    clock.mockImplementation(() => (now += 20));
    const items = ['a', 'b', 'c', 'd', 'e'];
    const calls = items.map(write);
    const refused = writeAndThrow('f', new Error('refused')).catch((error: unknown) => error);
    await Promise.all(calls);
    await expect(refused).resolves.toEqual(new Error('refused'));
    expect(transaction.log.filter((entry) => entry === 'commit').length).toBeGreaterThan(1);
    expect(transaction.committed).toEqual(items);
  } finally {
    clock.mockRestore();
  }
});

test('closing commits what waits and takes no more', async () => {
  const waiting = write('a');
  group.close();
  expect(transaction.committed).toEqual(['a']);
  await expect(waiting).resolves.toBe('a');
  await expect(write('b')).rejects.toThrow('the store is closed');
  expect(transaction.committed).toEqual(['a']);
});
